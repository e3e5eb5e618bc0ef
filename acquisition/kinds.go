package acquisition

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// recogniser opens one kind of acquisition. Each registers itself in an init
// function of its own file.
type recogniser struct {
	kind Kind
	// what a person is told when nothing was recognised: "Manifest.db of an
	// iOS backup"
	marks string
	// order among the recognisers: the one with the more telling marks first.
	order int
	// recognise opens what g holds, and what is nested in it, the outer one
	// first; nil, nil when it is something else. An error means that it is this
	// kind and cannot be opened.
	recognise func(g *candidate) ([]*Acquisition, error)
	// keeps tells whether a file of a compressed stream has to be kept aside:
	// because recognise will read it, or because what it would be is wanted.
	// The stream is read once, before the kind is known. nil: none.
	keeps func(stored string, want func(path string) bool) bool
}

var recognisers []recogniser

func register(r recogniser) {
	recognisers = append(recognisers, r)
	slices.SortStableFunc(recognisers, func(a, b recogniser) int { return a.order - b.order })
}

// candidate is what is to be recognised: files, and what a person said about them.
type candidate struct {
	ctx context.Context
	storage
	path   string // Acquisition.Path
	stored string // what File.Stored begins with: "", or "bugreport.zip!"
	Options
	within   *Acquisition
	depth    int // of acquisitions within each other
	problems *problems
	budget   *asideSpace // of aside contents, shared
	read     *inputs
	holds    []*hold // what an acquisition of g needs open
}

// acquisition makes an Acquisition of what was recognised. Its tree's close
// lets go of what the tree itself keeps; the storage is closed with the last
// acquisition that stands in it.
func (g *candidate) acquisition(kind Kind, t tree) *Acquisition {
	for _, h := range g.holds {
		h.users.Add(1)
	}
	return &Acquisition{Path: g.path, Kind: kind, Within: g.within, tree: t, problems: g.problems, read: g.read, holds: g.holds}
}

// hold is a storage that several acquisitions need open.
type hold struct {
	users   atomic.Int32
	storage storage
	sums    *sums // of the files in it; nil when an outer one has them
}

func (h *hold) release() error {
	if h.users.Add(-1) > 0 {
		return nil
	}
	return h.close()
}

func (h *hold) close() error {
	if h.sums != nil {
		h.sums.stop()
	}
	return h.storage.close()
}

// at is the part of g in one of its folders.
func (g *candidate) at(dir string) *candidate {
	if dir == "" || dir == "." {
		return g
	}
	part := *g
	part.storage = in(g.storage, dir)
	part.path = g.inside(dir)
	part.stored = g.stored + dir + "/"
	part.read = g.read.only(dir)
	return &part
}

// inside is the path of what stands in g: "folder/name", "archive.zip!name".
func (g *candidate) inside(name string) string {
	if strings.HasSuffix(g.stored, "!") {
		return g.path + "!" + name
	}
	return strings.TrimRight(g.path, "/\\") + "/" + name
}

// file is an entry as a File, under a device path.
func (g *candidate) file(e entry, device string) File {
	return File{Path: device, Stored: g.stored + e.path, Size: e.size, Mode: e.mode, UID: e.uid, GID: e.gid,
		Modified: e.modified, Changed: e.changed, Created: e.created, Dir: e.dir, Link: e.link, Note: e.note, key: e}
}

// mapped is a tree of the files of a storage under device paths.
type mapped struct {
	*candidate
	device func(stored string) string // "": not one of its files
}

func (m mapped) each(yield func(File) bool) error {
	return m.storage.each("", true, func(e entry) bool {
		device := m.device(e.path)
		return device == "" || yield(m.file(e, device))
	})
}

func (m mapped) find(want func(string) bool, yield func(File) bool) error {
	return m.storage.each("", true, func(e entry) bool {
		device := m.device(e.path)
		return device == "" || !want(device) || yield(m.file(e, device))
	})
}

func (m mapped) open(f File) (Content, error) {
	e, ok := f.key.(entry)
	if !ok {
		return nil, errNoFile
	}
	return m.storage.open(e)
}

func (m mapped) close() error { return nil }

// password asks at most once, however many acquisitions want it.
func (o *Options) askOnce() {
	if o.Password != nil {
		o.Password = sync.OnceValues(o.Password)
	}
}
