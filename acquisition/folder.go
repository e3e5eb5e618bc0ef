package acquisition

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
)

// folder is a folder on disk. It is read through an os.Root, so that no name
// and no link in it leads out; links are listed and never followed.
type folder struct {
	root     *os.Root
	problems *problems
	sums     *sums
}

func openFolder(name string, p *problems) (*folder, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	f := &folder{root: root, problems: p}
	f.sums = newSums(f.openPlain)
	return f, nil
}

// folderWalk is one walk through a folder.
type folderWalk struct {
	*folder
	deep  bool
	left  int
	yield func(entry) bool
}

var errStop = errors.New("stopped")

func (f *folder) each(dir string, deep bool, yield func(entry) bool) error {
	w := &folderWalk{f, deep, maxEntries, yield}
	err := w.walk(cmp.Or(dir, "."), 0)
	if errors.Is(err, errStop) {
		return nil
	}
	return err
}

func (w *folderWalk) walk(dir string, depth int) error {
	if depth > maxDeep || len(dir) > maxName {
		w.problems.add(dir, fmt.Errorf("%w: %d folders within each other", ErrLimit, depth))
		return nil
	}
	d, err := w.root.Open(dir)
	if err != nil {
		return w.unread(dir, depth, err)
	}
	defer d.Close()
	for {
		list, err := d.ReadDir(4096)
		slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
		for _, de := range list {
			if err := w.visit(path.Join(dir, de.Name()), de, depth); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return w.unread(dir, depth, err)
		}
	}
}

// unread makes a problem of a folder that cannot be listed; of the folder that
// was asked for, an error.
func (w *folderWalk) unread(dir string, depth int, err error) error {
	if depth == 0 {
		return err
	}
	w.problems.add(dir, err)
	return nil
}

func (w *folderWalk) visit(name string, de fs.DirEntry, depth int) error {
	if w.left--; w.left < 0 {
		return fmt.Errorf("%w: more than %d files", ErrLimit, maxEntries)
	}
	info, err := de.Info()
	if err != nil {
		w.problems.add(name, err)
		return nil
	}
	e := w.describe(name, info)
	if !w.yield(e) {
		return errStop
	}
	if e.dir && w.deep {
		return w.walk(name, depth+1)
	}
	return nil
}

func (f *folder) describe(name string, info fs.FileInfo) entry {
	e := entry{path: name, mode: statMode(info.Mode()), modified: info.ModTime().UTC(), dir: info.IsDir()}
	switch {
	case info.Mode().IsRegular():
		e.size = info.Size()
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := f.root.Readlink(name)
		if err != nil {
			target = "?"
		}
		e.link = target
	case !e.dir:
		e.note = "neither a file nor a folder: not read"
	}
	return e
}

func (f *folder) entry(name string) (entry, error) {
	if isClean(name) {
		info, err := f.root.Lstat(name)
		if err == nil {
			return f.describe(name, info), nil
		}
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			return entry{}, err
		}
	}
	return entry{}, fmt.Errorf("%s: %w", shown(name), fs.ErrNotExist)
}

func (f *folder) open(e entry) (Content, error) {
	c, err := f.openPlain(e.path)
	if err == nil {
		f.sums.add(e.path)
	}
	return c, err
}

// openPlain opens a regular file. What it is, is asked before it is opened, for
// opening a pipe waits for its other end.
func (f *folder) openPlain(name string) (Content, error) {
	info, err := f.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w", shown(name), errNoFile)
	}
	file, err := f.root.Open(name)
	if err != nil {
		return nil, err
	}
	return diskFile{file, info.Size()}, nil
}

func (f *folder) close() error {
	f.sums.stop()
	return f.root.Close()
}

// diskFile is a file on disk.
type diskFile struct {
	*os.File
	size int64
}

// Size is the length that it had when it was opened.
func (f diskFile) Size() int64 { return f.size }

func openDisk(name string) (Content, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w", name, errNoFile)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	return diskFile{file, info.Size()}, nil
}

// statMode is a mode as stat(2) gives it.
func statMode(m fs.FileMode) uint32 {
	mode := uint32(m.Perm())
	for _, bit := range []struct {
		has fs.FileMode
		is  uint32
	}{{fs.ModeSetuid, 0o4000}, {fs.ModeSetgid, 0o2000}, {fs.ModeSticky, 0o1000}} {
		if m&bit.has != 0 {
			mode |= bit.is
		}
	}
	switch {
	case m.IsRegular():
		return mode | 0o100000
	case m.IsDir():
		return mode | 0o040000
	case m&fs.ModeSymlink != 0:
		return mode | 0o120000
	}
	return mode
}

// wholeFile is a storage of one file.
type wholeFile struct {
	name string
	Content
}

func (w wholeFile) each(dir string, _ bool, yield func(entry) bool) error {
	if dir == "" || dir == "." {
		yield(entry{path: w.name, size: w.Size(), mode: 0o100000})
	}
	return nil
}

func (w wholeFile) entry(name string) (entry, error) {
	if name != w.name {
		return entry{}, fmt.Errorf("%s: %w", shown(name), fs.ErrNotExist)
	}
	return entry{path: w.name, size: w.Size(), mode: 0o100000}, nil
}

func (w wholeFile) open(e entry) (Content, error) {
	if e.path != w.name {
		return nil, errNoFile
	}
	return kept{w.Content}, nil
}

func (w wholeFile) close() error { return w.Content.Close() }

// kept is content that stays open when its reader closes it, for its storage
// gives it again.
type kept struct{ Content }

// Close does nothing.
func (kept) Close() error { return nil }
