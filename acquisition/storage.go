package acquisition

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Limits of every storage.
const (
	maxEntries  = 5_000_000 // files and folders
	maxName     = 4096      // bytes of a stored path
	maxDeep     = 256       // folders within each other
	maxProblems = 1000      // problems that are written out; more are counted
)

// entry is one stored file, folder or link.
type entry struct {
	path     string // slash-separated, relative to its storage, clean
	size     int64  // bytes of content
	mode     uint32 // permission bits and file type, as st_mode; 0 when not known
	uid, gid int
	modified time.Time
	changed  time.Time
	created  time.Time
	dir      bool
	link     string // target of a symbolic link
	note     string // what is odd about it

	// How its storage finds it again.
	at     int64  // offset of its header or content
	packed int64  // bytes stored
	method uint16 // of compression
}

// storage is files by their stored paths, whose content is opened on demand: a
// folder, a zip or tar file, one single file. Its methods may be called from
// several goroutines.
type storage interface {
	// each gives what stands under a folder ("" for all), in stored order,
	// until yield returns false; not deep: only what stands directly in it.
	// What is refused or cannot be listed becomes a problem.
	each(dir string, deep bool, yield func(entry) bool) error
	// entry finds one by its path; fs.ErrNotExist when there is none.
	entry(path string) (entry, error)
	// open opens a regular file: fs.ErrNotExist for anything else.
	open(entry) (Content, error)
	close() error
}

// streamer is a storage that reads a file from its beginning to its end for
// less than random access costs.
type streamer interface {
	stream(entry) (io.ReadCloser, error)
}

// stream reads a file once, from its beginning to its end.
func stream(s storage, e entry) (io.ReadCloser, error) {
	if t, ok := s.(streamer); ok {
		return t.stream(e)
	}
	return streamOpen(s, e)
}

func streamOpen(s storage, e entry) (io.ReadCloser, error) {
	c, err := s.open(e)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.NewSectionReader(c, 0, c.Size()), c}, nil
}

// readSmall reads a whole file of at most so many bytes.
//
// Errors: ErrLimit for a larger one, and those of the storage.
func readSmall(s storage, name string, most int64) ([]byte, error) {
	e, err := s.entry(name)
	if err != nil {
		return nil, err
	}
	c, err := s.open(e)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if c.Size() > most {
		return nil, fmt.Errorf("%s: %w: %d bytes", name, ErrLimit, c.Size())
	}
	b := make([]byte, c.Size())
	n, err := c.ReadAt(b, 0)
	if err != nil && (!errors.Is(err, io.EOF) || n < len(b)) {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b, nil
}

// inFolder is the part of a storage that stands in one of its folders.
type inFolder struct {
	storage
	dir string // without a slash at its end
}

// in returns the part of a storage in a folder, with paths relative to that.
func in(s storage, dir string) storage {
	if dir == "" || dir == "." {
		return s
	}
	return inFolder{s, dir}
}

func (s inFolder) each(dir string, deep bool, yield func(entry) bool) error {
	return s.storage.each(path.Join(s.dir, dir), deep, func(e entry) bool {
		e.path = e.path[len(s.dir)+1:]
		return yield(e)
	})
}

func (s inFolder) entry(name string) (entry, error) {
	e, err := s.storage.entry(path.Join(s.dir, name))
	e.path = name
	return e, err
}

func (s inFolder) full(e entry) entry {
	e.path = s.dir + "/" + e.path
	return e
}

func (s inFolder) open(e entry) (Content, error) { return s.storage.open(s.full(e)) }

func (s inFolder) stream(e entry) (io.ReadCloser, error) { return stream(s.storage, s.full(e)) }

// cleanName makes a stored path of a name in an archive: slash-separated,
// relative, without "." and doubled slashes.
//
// Errors: ErrEscape for one that climbs out, ErrLimit for one that is too long
// or too deep.
func cleanName(name string) (string, error) {
	if len(name) > maxName || strings.Count(name, "/") > maxDeep {
		return "", fmt.Errorf("%w: a name of %d bytes", ErrLimit, len(name))
	}
	if strings.IndexByte(name, 0) >= 0 {
		return "", fmt.Errorf("%w: a NUL byte in a name", ErrEscape)
	}
	if isClean(name) {
		return name, nil
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return "", ErrEscape
		}
	}
	return strings.TrimPrefix(path.Clean("/"+name), "/"), nil
}

// isClean tells whether a name needs no cleaning, without allocating.
func isClean(name string) bool {
	for rest := name; ; {
		part, after, more := strings.Cut(rest, "/")
		if part == "" || part == "." || part == ".." {
			return false
		}
		if !more {
			return true
		}
		rest = after
	}
}

// shown is a hostile name as a problem shows it.
func shown(name string) string {
	if len(name) > 200 {
		name = name[:200] + "..."
	}
	if !utf8.ValidString(name) {
		return fmt.Sprintf("%q", name)
	}
	return name
}

// problems is what could not be read or was refused; each once.
type problems struct {
	mu   sync.Mutex
	list []Problem
	seen map[string]bool
	more int
}

func (p *problems) add(path string, why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := path + "\x00" + why.Error()
	switch {
	case p.seen[key]:
	case len(p.list) >= maxProblems:
		p.more++
	default:
		if p.seen == nil {
			p.seen = map[string]bool{}
		}
		p.seen[key] = true
		p.list = append(p.list, Problem{Path: shown(path), Why: why})
	}
}

func (p *problems) all() []Problem {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	all := append([]Problem(nil), p.list...)
	if p.more > 0 {
		all = append(all, Problem{Why: fmt.Errorf("%d more that are not written out", p.more)})
	}
	return all
}

var errNoFile = fmt.Errorf("no regular file: %w", fs.ErrNotExist)
