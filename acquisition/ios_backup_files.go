package acquisition

import (
	"crypto/aes"
	"errors"
	"fmt"
	"strings"
)

// backupKey is how a file of a backup is opened again.
type backupKey struct {
	id   fileID
	at   at
	key  []byte // EncryptionKey, of an encrypted one
	size int64  // as the manifest has it
}

var errNoKey = errors.New("of an encrypted backup, and without a key in its manifest")

func (b *backup) each(yield func(File) bool) error {
	return b.find(nil, yield)
}

// find gives the files whose path is wanted; want nil: all. Rows that are not
// wanted are not decoded.
func (b *backup) find(want func(string) bool, yield func(File) bool) error {
	for _, e := range b.own {
		if path := "/backup/" + e.path; (want == nil || want(path)) && !yield(b.file(e, path)) {
			return nil
		}
	}
	l := &backupList{backup: b, domains: map[string]domainFolder{}}
	return b.rows(func(r *manifestRow) bool {
		path, odd := l.path(r)
		if want != nil && !want(path) {
			return true
		}
		f := l.file(r, path, odd)
		if want != nil {
			l.examine(&f, r)
		}
		return yield(f)
	})
}

// backupList makes Files of rows.
type backupList struct {
	*backup
	domains map[string]domainFolder
	buf     []byte
}

// domainFolder is a domain's name, and the folder that it stands for.
type domainFolder struct{ name, folder string }

// maxDomains is how many domains are remembered; a phone has one or a few for
// each app.
const maxDomains = 1 << 14

func (l *backupList) domain(name []byte) domainFolder {
	d, ok := l.domains[string(name)]
	if !ok {
		d.name = string(name)
		d.folder = string(appendDomain(nil, d.name))
		if len(l.domains) < maxDomains {
			l.domains[d.name] = d
		}
	}
	return d
}

// path is where the row's file stood on the device.
func (l *backupList) path(r *manifestRow) (path string, odd bool) {
	l.buf = append(l.buf[:0], l.domain(r.domain).folder...)
	relative := r.relative
	if string(r.domain) == "HealthDomain" { // whose root changed between versions of iOS
		relative = []byte(strings.TrimPrefix(string(relative), "Library/"))
	}
	l.buf, odd = appendRelative(l.buf, string(relative))
	return string(l.buf), odd
}

// file makes a File of a row.
func (l *backupList) file(r *manifestRow, path string, odd bool) File {
	r.parse()
	m := &r.file
	f := File{Path: path, Domain: l.domain(r.domain).name, Size: m.size, Mode: m.mode, UID: m.uid, GID: m.gid,
		Modified: unixTime(m.modified), Changed: unixTime(m.changed), Created: unixTime(m.created)}
	// Mostly the relative path is the end of the device path, and needs no copy.
	if n := len(path) - len(r.relative); n >= 0 && path[n:] == string(r.relative) {
		f.Relative = path[n:]
	} else {
		f.Relative = string(r.relative)
	}
	f.Dir = r.flags == manifestFolder || m.mode&0o170000 == 0o040000
	if r.flags == manifestLink || m.mode&0o170000 == 0o120000 {
		if f.Link = string(m.target); f.Link == "" {
			f.Link = "?"
		}
	}
	notes := make([]string, 0, 4)
	if !r.hasFile {
		notes = append(notes, "the manifest does not describe it in a way that can be read")
	}
	if odd {
		notes = append(notes, "its name leads out of its domain, or has a NUL byte")
		l.problems.add(l.stored+l.manifest, fmt.Errorf("%w: %s in %s", ErrEscape, shown(f.Relative), shown(f.Domain)))
	}
	if r.recovered != "" {
		notes = append(notes, "a deleted row of the manifest ("+r.recovered+")")
	}
	notes = l.locate(&f, r, notes)
	f.Note = strings.Join(notes, "; ")
	return f
}

// locate finds the stored file of a row, and what its size tells.
func (l *backupList) locate(f *File, r *manifestRow, notes []string) []string {
	if f.Dir || f.Link != "" {
		f.Size = 0
		f.Stored = l.stored + l.manifest
		return notes
	}
	if r.badID {
		f.Missing, f.Stored = true, l.stored+l.manifest
		return append(notes, "its id in the manifest is none")
	}
	where, ok := l.files[r.id]
	e := l.storedFile(r.id, where)
	f.Stored = l.stored + e.path
	if f.Missing = !ok; !ok {
		return notes
	}
	key := &backupKey{id: r.id, at: where, size: r.file.size}
	f.key = key
	f.Size = where.size
	if l.keys == nil {
		if where.size != r.file.size && r.hasFile {
			notes = append(notes, fmt.Sprintf("the manifest says %d bytes, its stored file has %d", r.file.size, where.size))
		}
		return notes
	}
	if len(r.file.key) == 0 {
		return append(notes, errNoKey.Error())
	}
	key.key = append([]byte(nil), r.file.key...)
	f.Size = r.file.size
	if whole := f.Size - f.Size%aes.BlockSize + aes.BlockSize; where.size != whole {
		notes = append(notes, fmt.Sprintf("the manifest says %d bytes, its stored file has %d with padding", r.file.size, where.size))
		f.Size = where.size
	}
	return notes
}

// examine looks at what is stored of a file that will be opened: its true size,
// and whether its id is that of its name.
func (l *backupList) examine(f *File, r *manifestRow) {
	note := func(text string) { f.Note = strings.TrimPrefix(f.Note+"; "+text, "; ") }
	if ok, buf := r.fits(l.buf); !ok && !r.badID {
		l.buf = buf
		note("its id is not that of its domain and path")
	}
	if l.keys == nil || f.Missing || f.key == nil {
		return
	}
	c, err := l.open(*f)
	if err != nil {
		note(err.Error())
		return
	}
	defer c.Close()
	d := c.(*decrypted)
	if d.note != "" {
		note(d.note)
	}
	if f.Size = d.size; d.size != r.file.size {
		note(fmt.Sprintf("the manifest says %d bytes, its content has %d", r.file.size, d.size))
	}
}

func (b *backup) open(f File) (Content, error) {
	switch key := f.key.(type) {
	case entry:
		return b.openOwn(key)
	case *backupKey:
		c, err := b.storage.open(b.storedFile(key.id, key.at))
		if err != nil || b.keys == nil {
			return c, err
		}
		return b.decrypt(f.Stored, c, key)
	}
	return nil, fmt.Errorf("%s: %w", shown(f.Path), errNoFile)
}

// openOwn opens one of the backup's own files.
func (b *backup) openOwn(e entry) (Content, error) {
	c, err := b.storage.open(e)
	if err != nil || e.path != b.manifest || b.dbKey == nil {
		return c, err
	}
	d, err := decrypt(c, b.dbKey, e.size)
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return d, nil
}

func (b *backup) decrypt(stored string, c Content, key *backupKey) (Content, error) {
	if len(key.key) == 0 {
		return nil, errors.Join(fmt.Errorf("%s: %w", stored, errNoKey), c.Close())
	}
	block, err := b.keys.fileKey(key.key)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", stored, err), c.Close())
	}
	d, err := decrypt(c, block, key.size)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", stored, err), c.Close())
	}
	return d, nil
}
