package acquisition

import (
	"crypto/cipher"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/ringfence/ringfence/acquisition/plist"
)

// An iOS backup, as Finder, iTunes and libimobiledevice write it: a folder with
// a manifest and, under the first two digits of their ids, the files.

const maxInfo = 64 << 20 // bytes of Info.plist and Manifest.plist

// backupOwn are the backup's own files, given under "/backup/".
var backupOwn = []string{"Info.plist", "Manifest.plist", "Status.plist", "Manifest.db", "Manifest.db-wal", "Manifest.mbdb"}

func init() {
	register(recogniser{
		kind: IOSBackup, marks: "Manifest.db or Manifest.mbdb (an iOS backup)", order: 10,
		recognise: recogniseBackup,
		keeps: func(stored string, _ func(string) bool) bool {
			name := stored[strings.LastIndexByte(stored, '/')+1:]
			for _, own := range backupOwn {
				if name == own {
					return true
				}
			}
			return false
		},
	})
}

// backup is the tree of an iOS backup.
type backup struct {
	*candidate
	manifest string        // "Manifest.db" or "Manifest.mbdb"
	keys     *keybag       // of an encrypted one
	dbKey    cipher.Block  // of its Manifest.db
	files    map[fileID]at // what is stored
	own      []entry
}

// at is where a stored file stands: an entry without its name.
type at struct {
	at, size, packed int64
	method           uint16
	flat             bool // not in a folder of the id's first digits
}

func recogniseBackup(g *candidate) ([]*Acquisition, error) {
	b := &backup{candidate: g}
	for _, name := range []string{"Manifest.db", "Manifest.mbdb"} {
		if e, err := g.entry(name); err == nil && !e.dir && e.link == "" {
			b.manifest = name
			break
		}
	}
	if b.manifest == "" {
		return nil, b.unfinished()
	}
	a := g.acquisition(IOSBackup, b)
	err := b.prepare(a)
	if err != nil {
		for _, h := range g.holds {
			h.users.Add(-1)
		}
		return nil, err
	}
	return []*Acquisition{a}, nil
}

// unfinished tells a backup that has no manifest from something else.
func (b *backup) unfinished() error {
	for _, name := range []string{"Manifest.plist", "Status.plist", "Info.plist"} {
		if _, err := b.entry(name); err != nil {
			return nil
		}
	}
	return fmt.Errorf("an iOS backup without its Manifest.db: %w", fs.ErrNotExist)
}

// prepare reads what stands beside the manifest, unlocks the keys, and finds
// what is stored.
func (b *backup) prepare(a *Acquisition) error {
	about := b.plistFile(a, "Manifest.plist")
	a.Device = backupDevice(b.plistFile(a, "Info.plist"), about)
	if status := b.plistFile(a, "Status.plist"); status != nil {
		if state := textOf(status["SnapshotState"]); state != "" && state != "finished" {
			a.problem(b.stored+"Status.plist", fmt.Errorf("the backup was not finished: its state is %s", shown(state)))
		}
	}
	if intOf(about["IsEncrypted"]) != 0 {
		a.Encrypted = true
		if err := b.unlock(about); err != nil {
			return err
		}
	}
	for _, name := range backupOwn {
		if e, err := b.entry(name); err == nil && !e.dir && e.link == "" {
			b.own = append(b.own, e)
		}
	}
	if err := b.catalogue(); err != nil {
		return err
	}
	if err := b.readable(); err != nil {
		return err
	}
	return b.keepWanted()
}

// plistFile reads one of the backup's own property lists; nil, and a problem,
// when it cannot be read.
func (b *backup) plistFile(a *Acquisition, name string) plist.Dict {
	raw, err := readSmall(b.storage, name, maxInfo)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var v any
	if err == nil {
		v, err = plist.Parse(raw)
	}
	if err != nil {
		a.problem(b.stored+name, err)
	}
	return dictOf(v)
}

func backupDevice(info, about plist.Dict) (d Device) {
	lockdown := dictOf(about["Lockdown"])
	first := func(values ...any) string {
		for _, v := range values {
			if s := textOf(v); s != "" {
				return s
			}
		}
		return ""
	}
	d.Name = first(info["Device Name"], info["Display Name"], lockdown["DeviceName"])
	d.Model = first(info["Product Type"], lockdown["ProductType"])
	d.Build = first(info["Build Version"], lockdown["BuildVersion"])
	d.Serial = first(info["Serial Number"], lockdown["SerialNumber"], info["Unique Identifier"], lockdown["UniqueDeviceID"])
	if v := first(info["Product Version"], lockdown["ProductVersion"]); v != "" {
		d.System = "iOS " + v
	}
	if d.Taken = timeOf(info["Last Backup Date"]); d.Taken == nil {
		d.Taken = timeOf(about["Date"])
	}
	return d
}

// unlock opens the keys of an encrypted backup with the password.
//
// Errors: ErrLocked, ErrPassword, errKeybag.
func (b *backup) unlock(about plist.Dict) error {
	bag, _ := about["BackupKeyBag"].([]byte)
	keys, err := parseKeybag(bag)
	if err != nil {
		return err
	}
	if b.Password == nil {
		return ErrLocked
	}
	password, err := b.Password()
	if err != nil {
		return err
	}
	if err := keys.unlock(b.ctx, password); err != nil {
		return err
	}
	b.keys = keys
	if key, ok := about["ManifestKey"].([]byte); ok && b.manifest == "Manifest.db" {
		b.dbKey, err = keys.fileKey(key)
	}
	return err
}

// catalogue finds the stored files by their ids.
func (b *backup) catalogue() error {
	b.files = map[fileID]at{}
	return b.storage.each("", true, func(e entry) bool {
		name, flat := e.path, true
		if len(name) == 43 && name[2] == '/' && name[:2] == name[3:5] {
			name, flat = name[3:], false
		}
		var id fileID
		if e.dir || e.link != "" || len(name) != hex.EncodedLen(len(id)) {
			return true
		}
		var text [2 * len(id)]byte
		copy(text[:], name)
		if _, err := hex.Decode(id[:], text[:]); err == nil {
			b.files[id] = at{e.at, e.size, e.packed, e.method, flat}
		}
		return true
	})
}

// storedFile is the entry of a stored file.
func (b *backup) storedFile(id fileID, a at) entry {
	name := id.String()
	if !a.flat {
		name = name[:2] + "/" + name
	}
	return entry{path: name, at: a.at, size: a.size, packed: a.packed, method: a.method}
}

// rows gives the rows of the manifest, from its beginning.
func (b *backup) rows(yield func(*manifestRow) bool) error {
	stored := b.stored + b.manifest
	if b.manifest == "Manifest.mbdb" {
		raw, err := readSmall(b.storage, b.manifest, maxMBDB)
		if err != nil {
			return err
		}
		if err := manifestMBDB(raw, yield); err != nil {
			b.problems.add(stored, err)
		}
		return nil
	}
	e, err := b.entry(b.manifest)
	if err != nil {
		return err
	}
	db, err := b.openOwn(e)
	if err != nil {
		return fmt.Errorf("%s: %w", stored, err)
	}
	defer db.Close()
	wal, err := b.manifestWAL()
	if err != nil {
		return err
	}
	if wal != nil {
		defer wal.Close()
	}
	return manifestDB(fileOf(db), fileOf(wal), b.problems, stored, yield)
}

// manifestWAL opens the write-ahead log of the manifest; nil when there is none.
func (b *backup) manifestWAL() (Content, error) {
	e, err := b.entry("Manifest.db-wal")
	if errors.Is(err, fs.ErrNotExist) || err == nil && (e.size == 0 || e.dir) {
		return nil, nil
	}
	if err == nil && b.dbKey != nil {
		b.problems.add(b.stored+e.path, errors.New("a log beside an encrypted manifest: not read"))
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return b.storage.open(e)
}

// readable tells whether the manifest can be read at all.
func (b *backup) readable() error {
	return b.rows(func(*manifestRow) bool { return false })
}

// keepWanted has the files that will be opened kept from a compressed stream.
func (b *backup) keepWanted() error {
	k, ok := b.storage.(keeper)
	if !ok {
		return nil
	}
	wanted := map[string]bool{}
	err := b.find(func(path string) bool { return b.Want == nil || b.Want(path) }, func(f File) bool {
		if s, ok := f.key.(*backupKey); ok {
			wanted[b.storedFile(s.id, s.at).path] = true
		}
		return true
	})
	if err != nil {
		return err
	}
	return k.keep(func(stored string) bool { return wanted[stored] })
}

func (b *backup) close() error { return nil }
