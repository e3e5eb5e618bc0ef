package acquisition

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Limits of looking for acquisitions.
const (
	maxNested     = 4    // acquisitions within each other
	maxLook       = 3    // folders below what was given
	maxCandidates = 2000 // folders and files looked at
)

// Open recognises what path is and opens it, and what it holds: an androidqf
// folder gives itself, its bugreport, its backup and its intrusion logs, each
// Within the first. A folder that holds several acquisitions gives each.
//
// Errors: ErrUnknown with what was looked for, ErrLocked, ErrPassword,
// ErrIdentity, ErrLimit, ErrEscape. A nested one that cannot be opened is a
// problem of what holds it, not an error.
func Open(ctx context.Context, path string, o Options) ([]*Acquisition, error) {
	o.askOnce()
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	g := &candidate{ctx: ctx, path: path, Options: o, problems: &problems{}, budget: &asideSpace{}}
	if info.IsDir() {
		g.storage, err = openFolder(path, g.problems)
		if err != nil {
			return nil, err
		}
		g.read = newInputs(g.storage)
		g.holds = []*hold{{storage: g.storage, sums: g.read.sums}}
		return g.look()
	}
	c, err := openDisk(path)
	if err != nil {
		return nil, err
	}
	one := wholeFile{filepath.Base(path), c}
	g.read = newInputs(one)
	return g.openFile(one.name, one)
}

// openFile recognises a single file or what it is an archive of. It closes c
// when it returns an error, or when the last acquisition in it is closed.
func (g *candidate) openFile(name string, c Content) ([]*Acquisition, error) {
	if err := g.ctx.Err(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	s, err := g.openStorage(name, c)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", g.path, err), c.Close())
	}
	var sums *sums
	if g.read.whole && g.depth == 0 {
		sums = g.read.sums
		if _, summed := s.(*gzipTar); !summed {
			sums.add(name)
		}
	}
	inner := *g
	inner.storage = s
	if _, single := s.(wholeFile); !single {
		inner.stored = g.stored + name + "!"
	}
	inner.holds = append(inner.holds[:len(inner.holds):len(inner.holds)], &hold{storage: s, sums: sums})
	return inner.look()
}

// nested recognises a file that stands in an acquisition: name is its stored
// path. What cannot be opened is the outer one's problem.
func (g *candidate) nested(outer *Acquisition, e entry) []*Acquisition {
	inner := *g
	inner.within, inner.depth, inner.problems = outer, g.depth+1, &problems{}
	inner.path = g.inside(e.path)
	if inner.depth > maxNested {
		outer.problem(g.stored+e.path, fmt.Errorf("%w: %d acquisitions within each other", ErrLimit, inner.depth))
		return nil
	}
	c, err := g.open(e)
	if err != nil {
		outer.problem(g.stored+e.path, err)
		return nil
	}
	inner.read = g.read.file(e.path)
	all, err := inner.openFile(e.path, c)
	if err != nil {
		outer.problem(g.stored+e.path, err)
	}
	return all
}

// look recognises what g is; what is nothing by itself may hold several.
func (g *candidate) look() ([]*Acquisition, error) {
	all, err := g.recognise()
	if err != nil {
		return nil, g.closeOn(fmt.Errorf("%s: %w", g.path, err))
	}
	if all != nil {
		return all, nil
	}
	if _, single := g.storage.(wholeFile); single {
		return nil, g.closeOn(g.unknown())
	}
	left := maxCandidates
	var failed []error
	all, failed = g.lookInside(maxLook, &left)
	if len(all) == 0 && len(failed) == 0 {
		failed = append(failed, g.unknown())
	}
	if len(all) == 0 {
		return nil, g.closeOn(errors.Join(failed...))
	}
	for _, err := range failed {
		all[0].problem(g.path, err)
	}
	return all, nil
}

// closeOn closes what g opened last, when there is an error.
func (g *candidate) closeOn(err error) error {
	if err == nil || len(g.holds) == 0 {
		return err
	}
	return errors.Join(err, g.holds[len(g.holds)-1].close())
}

func (g *candidate) recognise() ([]*Acquisition, error) {
	for _, r := range recognisers {
		if err := g.ctx.Err(); err != nil {
			return nil, err
		}
		if all, err := r.recognise(g); all != nil || err != nil {
			return all, err
		}
	}
	return nil, nil
}

// lookInside recognises what stands in a folder that is nothing by itself.
func (g *candidate) lookInside(deep int, left *int) (all []*Acquisition, failed []error) {
	var inside []entry
	err := g.each("", false, func(e entry) bool {
		if e.link == "" {
			inside = append(inside, e)
		}
		*left--
		return *left > 0
	})
	if err != nil {
		failed = append(failed, err)
	}
	for _, e := range inside {
		var found []*Acquisition
		var bad []error
		switch {
		case e.dir:
			found, bad = g.at(e.path).lookAt(deep, left)
		case isPacked(e.path):
			found, bad = g.lookPacked(e)
		}
		all, failed = append(all, found...), append(failed, bad...)
	}
	return all, failed
}

func (g *candidate) lookAt(deep int, left *int) ([]*Acquisition, []error) {
	all, err := g.recognise()
	if err != nil {
		return nil, []error{fmt.Errorf("%s: %w", g.path, err)}
	}
	if all != nil || deep == 0 {
		return all, nil
	}
	return g.lookInside(deep-1, left)
}

// lookPacked opens an archive that stands in a folder.
func (g *candidate) lookPacked(e entry) ([]*Acquisition, []error) {
	if g.depth >= maxNested {
		return nil, []error{fmt.Errorf("%s: %w: %d archives within each other", g.stored+e.path, ErrLimit, g.depth)}
	}
	c, err := g.open(e)
	if err != nil {
		return nil, []error{fmt.Errorf("%s: %w", g.stored+e.path, err)}
	}
	inner := *g
	inner.depth++
	inner.path = g.inside(e.path)
	inner.read, inner.problems = g.read.file(e.path), &problems{}
	all, err := inner.openFile(e.path, c)
	if errors.Is(err, ErrUnknown) {
		return nil, nil // a file among others
	}
	if err != nil {
		return nil, []error{err}
	}
	return all, nil
}

// isPacked tells whether a file's name is that of an archive or of an
// acquisition in one file.
func isPacked(name string) bool {
	name = strings.ToLower(name)
	for _, end := range []string{".zip", ".tar", ".tar.gz", ".tgz", ".ab", ".age"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}

func (g *candidate) unknown() error {
	var marks []string
	for _, r := range recognisers {
		marks = append(marks, r.marks)
	}
	return fmt.Errorf("%s: %w; looked for %s", g.path, ErrUnknown, strings.Join(marks, ", "))
}

// openStorage opens an archive by its first bytes; anything else is a storage
// of one file.
func (g *candidate) openStorage(name string, c Content) (storage, error) {
	head := make([]byte, 512)
	n, err := c.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	head = head[:n]
	switch {
	case isZip(head):
		return openZip(c, g.problems, g.budget)
	case isTar(head):
		return openTar(g.ctx, c, g.problems)
	case isGzip(head):
		return g.openGzip(name, c)
	case isAge(head):
		return g.openAge(name, c)
	}
	return wholeFile{name, c}, nil
}
