// Package acquisition opens what was copied off a phone - a backup, a file
// system, a sysdiagnose, a bugreport - as one read-only list of files under the
// paths they had on the device, whatever it is stored in.
//
// Nothing is unpacked: folders, zip and plain tar files are read in place, an
// encrypted iOS backup is decrypted block by block as it is read. Only what
// stands inside a compressed stream and was asked for (Options.Want) is kept
// aside: in memory, or in a private file that is gone when the acquisition is
// closed. All content is hostile: sizes, counts and depths are bounded, names
// that climb out or link out are refused, and what was refused or cut short is
// listed in Problems, never left out silently.
package acquisition

import (
	"errors"
	"io"
	"time"
)

// Kind is what an acquisition is.
type Kind string

// The kinds that are recognised.
const (
	IOSBackup            Kind = "ios.backup"      // Finder, iTunes or libimobiledevice; plain or encrypted
	IOSFileSystem        Kind = "ios.filesystem"  // folder, .tar, .tar.gz or .zip
	IOSSysdiagnose       Kind = "ios.sysdiagnose" // folder or .tar.gz
	AndroidBugreport     Kind = "android.bugreport"
	AndroidBackup        Kind = "android.backup" // .ab, or the folder it unpacks to
	AndroidQF            Kind = "android.androidqf"
	AndroidIntrusionLogs Kind = "android.intrusion_logs"
)

// Kinds lists every kind.
var Kinds = []Kind{IOSBackup, IOSFileSystem, IOSSysdiagnose, AndroidBugreport, AndroidBackup, AndroidQF, AndroidIntrusionLogs}

// Errors that a caller tells apart with errors.Is.
var (
	ErrUnknown  = errors.New("no kind of acquisition that is known here")
	ErrPassword = errors.New("wrong password")
	ErrLocked   = errors.New("encrypted, and no password was given")
	ErrIdentity = errors.New("encrypted to an age identity that was not given")
	ErrLimit    = errors.New("larger or deeper than an acquisition can be")
	ErrEscape   = errors.New("a name that leads out of the acquisition")
)

// Options are what a person says about an acquisition.
type Options struct {
	Password   func() ([]byte, error) // asked at most once, and only when needed; nil: none
	Identities [][]byte               // age identity files, their contents
	// Want tells which device paths will be opened; only these are kept aside
	// from compressed streams. nil: all.
	Want func(path string) bool
	// Progress is told what is read and how far; done and total are bytes of
	// the file on disk. May be nil; may be called from several goroutines.
	Progress func(what string, done, total int64)
}

// Device is what an acquisition says about its phone; empty where it does not.
type Device struct {
	Name    string         `json:"name,omitempty"`
	Model   string         `json:"model,omitempty"`  // "iPhone14,5", "Pixel 8"
	System  string         `json:"system,omitempty"` // "iOS 17.5.1", "Android 14"
	Build   string         `json:"build,omitempty"`  // "21F90"
	Serial  string         `json:"serial,omitempty"` // or the UDID
	Patch   string         `json:"patch,omitempty"`  // Android security patch level
	Zone    string         `json:"zone,omitempty"`   // time zone's name
	Taken   *time.Time     `json:"taken,omitempty"`  // when it was acquired
	Located *time.Location `json:"-"`                // Zone, loaded; nil when not known
}

// File is one file of an acquisition.
type File struct {
	// Path is where it stood on the device: absolute and slash-separated for
	// iOS ("/private/var/mobile/Library/SMS/sms.db"; containers of a backup are
	// named by their bundle or group id where a file system has a UUID), for a
	// sysdiagnose relative to its root, for Android "/dumpsys/NAME" and
	// "/dumpstate/SECTION TITLE" for sections of a dumpstate (also those of an
	// androidqf's dumpsys.txt), "/FS/..." for files of a bugreport,
	// "/apps/..." for a backup's, "/aqf/NAME" for androidqf's own files,
	// "/intrusion_logs/NAME" for intrusion logs.
	Path string
	// Stored is where it stands in what was given, as a person finds it again:
	// "3d/3d0d7e5f...", "bugreport.zip!dumpstate.txt", "...!FS/data/x".
	Stored string
	// Offset is where a section begins in its Stored file, in bytes.
	Offset   int64
	Domain   string // of an iOS backup
	Relative string // within the domain, of an iOS backup
	Size     int64  // bytes of content; -1 when only reading tells
	Mode     uint32 // st_mode; 0 when not known
	UID, GID int
	Modified time.Time // zero when not known, as all times here
	Changed  time.Time
	Created  time.Time
	Dir      bool
	Link     string // target of a symbolic link
	Missing  bool   // listed (a manifest's entry), but its content is not there
	Note     string // what is odd about it; for people

	key any // how its tree finds it again
}

// Content is an open file's bytes.
type Content interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// Problem is something that could not be read, or was refused.
type Problem struct {
	Path string // stored path
	Why  error
}

// tree is one way of storing an acquisition.
type tree interface {
	// each gives every file in stored order, until yield returns false.
	each(yield func(File) bool) error
	open(File) (Content, error)
	close() error
}

// Acquisition is an open acquisition. Each and Open may be called from several
// goroutines.
type Acquisition struct {
	Path   string // as it was given; nested: "outer.zip!bugreport.zip"
	Kind   Kind
	Device Device
	Within *Acquisition // that holds this one; nil for what was given
	// Encrypted tells that it was, and has been opened.
	Encrypted bool

	tree     tree
	problems *problems
	read     *inputs
	holds    []*hold
}

// Each gives every file, in stored order, until yield returns false.
//
// Errors: ErrLimit, and what reading the list meets; files given before hold.
func (a *Acquisition) Each(yield func(File) bool) error { return a.tree.each(yield) }

// finder is a tree that finds files by their paths without decoding the rest.
type finder interface {
	find(want func(path string) bool, yield func(File) bool) error
}

// Find gives the files whose path is wanted, in stored order, until yield
// returns false. It costs less than Each where few are wanted.
//
// Errors: those of Each.
func (a *Acquisition) Find(want func(path string) bool, yield func(File) bool) error {
	if t, ok := a.tree.(finder); ok {
		return t.find(want, yield)
	}
	return a.tree.each(func(f File) bool { return !want(f.Path) || yield(f) })
}

// Open opens the content of a file that Each gave. A file of an encrypted
// backup is decrypted as it is read, without a copy.
//
// Errors: fs.ErrNotExist for one that is Missing, was not wanted, or is a
// folder; ErrLimit.
func (a *Acquisition) Open(f File) (Content, error) { return a.tree.open(f) }

// Problems lists what could not be read or was refused so far.
func (a *Acquisition) Problems() []Problem { return a.problems.all() }

// problem adds one.
func (a *Acquisition) problem(path string, why error) {
	if a.problems == nil {
		a.problems = &problems{}
	}
	a.problems.add(path, why)
}

// Close lets go of everything, and removes what was kept aside.
func (a *Acquisition) Close() error {
	err := a.tree.close()
	for _, h := range a.holds {
		err = errors.Join(err, h.release())
	}
	a.holds = nil
	return err
}
