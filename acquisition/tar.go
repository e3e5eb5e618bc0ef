package acquisition

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Methods of a tar file's entries.
const (
	tarPlain    = 0
	tarHardLink = 1 // content is that of the entry in link
	tarUnread   = 0xffff
)

const tarBlock = 512

var errTar = errors.New("damaged tar file")

// isTar tells a tar header by its magic, and an old one without by its sum.
func isTar(head []byte) bool {
	return len(head) >= tarBlock && (string(head[257:262]) == "ustar" || head[0] != 0 && tarSum(head))
}

// tarSum tells whether a header's checksum is right (POSIX pax, ustar
// interchange format: the sum of all bytes, with the sum itself as spaces).
func tarSum(head []byte) bool {
	said, err := strconv.ParseInt(strings.Trim(string(head[148:156]), " \x00"), 8, 64)
	if err != nil {
		return false
	}
	sum := int64(8 * ' ')
	for i, b := range head[:tarBlock] {
		if i < 148 || i >= 156 {
			sum += int64(b)
		}
	}
	return sum == said
}

// tarFile is a storage in a plain tar file, read in place.
type tarFile struct {
	index
	content  Content
	problems *problems
}

// openTar lists a tar file. One that is cut short is listed as far as it goes;
// behind a damaged header the next whole one is looked for.
func openTar(ctx context.Context, c Content, p *problems) (*tarFile, error) {
	t := &tarFile{content: c, problems: p}
	defer t.done()
	at := int64(0)
	for {
		r := &position{SectionReader: io.NewSectionReader(c, at, c.Size()-at), from: at}
		err := listTar(ctx, r, p, func(e entry, _ io.Reader) error {
			if end := c.Size() - e.at; e.size > end {
				e.note = fmt.Sprintf("cut short: the archive ends within it, %d bytes are missing", e.size-max(end, 0))
				e.size = max(end, 0)
			}
			return t.add(e)
		})
		if !errors.Is(err, tar.ErrHeader) {
			return t, t.ended(err)
		}
		p.add("", fmt.Errorf("%w: no header where one should be, near byte %d; what follows was looked for", errTar, r.at()))
		if at = t.resume(r.at()); at < 0 {
			return t, nil
		}
	}
}

// ended judges how the list ended: what was listed counts.
func (t *tarFile) ended(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		t.problems.add("", fmt.Errorf("%w: cut short", errTar))
		return nil
	}
	return err
}

// resume finds the next header behind a damaged one; -1 when there is none.
func (t *tarFile) resume(at int64) int64 {
	head := make([]byte, tarBlock)
	for at -= at % tarBlock; at+tarBlock <= t.content.Size(); at += tarBlock {
		if _, err := t.content.ReadAt(head, at); err != nil {
			return -1
		}
		if isTar(head) && tarSum(head) {
			return at
		}
	}
	return -1
}

// position is a part of a file that is read, and how far.
type position struct {
	*io.SectionReader
	from int64
}

func (p *position) at() int64 {
	n, err := p.Seek(0, io.SeekCurrent)
	if err != nil {
		return p.from
	}
	return p.from + n
}

// listTar reads headers until the archive's end. visit gets each entry that is
// not refused, and its content when that is a plain file's.
func listTar(ctx context.Context, r interface {
	io.Reader
	at() int64
}, p *problems, visit func(entry, io.Reader) error) error {
	in := tar.NewReader(r)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		e, ok := tarEntry(h, p)
		if !ok {
			continue
		}
		e.at = r.at()
		if err := visit(e, in); err != nil {
			return err
		}
	}
}

// tarEntry makes an entry of a header; ok is false for one that is refused.
func tarEntry(h *tar.Header, p *problems) (e entry, ok bool) {
	name, err := cleanName(h.Name)
	if err != nil {
		p.add(h.Name, err)
	}
	if err != nil || name == "" {
		return e, false
	}
	e = entry{path: name, size: h.Size, mode: uint32(h.Mode) & 0o7777, uid: h.Uid, gid: h.Gid, modified: h.ModTime.UTC()}
	if h.ModTime.Unix() == 0 {
		e.modified = time.Time{} // not written
	}
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeCont:
		e.mode |= 0o100000
	case tar.TypeDir:
		e.dir, e.size, e.mode = true, 0, e.mode|0o040000
	case tar.TypeSymlink:
		e.link, e.size, e.mode = h.Linkname, 0, e.mode|0o120000
		if e.link == "" {
			e.link = "?"
		}
	case tar.TypeLink:
		return hardLink(e, h, p)
	case tar.TypeGNUSparse:
		e.method, e.note = tarUnread, "a sparse file: not read"
	default:
		e.size, e.method, e.note = 0, tarUnread, "neither a file nor a folder: not read"
	}
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			e.method, e.note = tarUnread, "a sparse file: not read"
		}
	}
	if e.size < 0 {
		p.add(name, fmt.Errorf("%w: a negative size", errTar))
		return e, false
	}
	return e, true
}

// hardLink is another name of a file that stood before it.
func hardLink(e entry, h *tar.Header, p *problems) (entry, bool) {
	target, err := cleanName(h.Linkname)
	if err != nil || target == "" || target == e.path {
		p.add(e.path, fmt.Errorf("a link to %s: %w", shown(h.Linkname), ErrEscape))
		return e, false
	}
	e.size, e.mode, e.method = -1, e.mode|0o100000, tarHardLink
	e.note = "a hard link to " + shown(target)
	return e, true
}

// hardTarget is the path in the note of a hard link.
func (e entry) hardTarget() string { return strings.TrimPrefix(e.note, "a hard link to ") }

func (t *tarFile) open(e entry) (Content, error) {
	if e.method == tarHardLink {
		target, err := t.entry(e.hardTarget())
		if err != nil || target.method == tarHardLink {
			return nil, fmt.Errorf("%s: %w", shown(e.path), errNoFile)
		}
		e = target
	}
	if e.dir || e.link != "" || e.method != tarPlain {
		return nil, fmt.Errorf("%s: %w", shown(e.path), errNoFile)
	}
	return section{io.NewSectionReader(t.content, e.at, e.size)}, nil
}

func (t *tarFile) close() error { return t.content.Close() }
