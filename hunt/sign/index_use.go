package sign

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/ringfence/ringfence/hunt/record"
)

// Built is what Index made.
type Built struct {
	Path    string `json:"path"`
	Bytes   int64  `json:"bytes"`
	Records int64  `json:"records"`
	Fresh   bool   `json:"fresh"` // it was there, and the files are as they were
}

// Index makes the index of attempts beside files of records, unless it is there;
// Expand does so, too. Files are those of the source.
func Index(ctx context.Context, source record.Source, files []string, o Options) (Built, error) {
	x, b, err := ensure(ctx, source, files, o.filled())
	if err != nil {
		return b, err
	}
	return b, x.close()
}

// Forget deletes the index in a folder of records, as when some of them are
// deleted.
func Forget(folder string) error {
	if err := os.Remove(filepath.Join(folder, indexName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// folder returns that of the index.
func (o Options) folder(files []string) (string, error) {
	if o.Folder != "" {
		return o.Folder, nil
	}
	return Folder(files)
}

// opened is an index in a file.
type opened struct {
	*index
	file *os.File
}

func (x *opened) close() error { return x.file.Close() }

// ensure opens the index of files, and makes it when there is none or it is of
// other files.
func ensure(ctx context.Context, source record.Source, files []string, o Options) (*opened, Built, error) {
	folder, err := o.folder(files)
	if err != nil {
		return nil, Built{}, err
	}
	if o.Key == nil {
		if o.Key, err = sealKey(); err != nil {
			return nil, Built{}, err
		}
	}
	now, err := stamps(folder, files)
	if err != nil {
		return nil, Built{}, fmt.Errorf("index: %w", err)
	}
	path := filepath.Join(folder, indexName)
	if x, err := load(path, o); err == nil {
		if slices.Equal(x.meta.Files, now) && !x.meta.outdated(o.Now()) {
			return x, x.built(path, true), nil
		}
		x.close()
	}
	o.Phase("making an index")
	if err := rebuild(ctx, source, folder, files, now, o); err != nil {
		return nil, Built{}, err
	}
	x, err := load(path, o)
	if err != nil {
		return nil, Built{}, fmt.Errorf("%s: %w", path, err)
	}
	return x, x.built(path, false), nil
}

// outdated tells whether records may have been rejected as of the future that are
// not any more.
func (m *meta) outdated(now time.Time) bool {
	return m.Stats.Reasons["future time"] > 0 && now.Sub(time.Unix(0, m.Made)).Abs() > time.Hour
}

func (x *opened) built(path string, fresh bool) Built {
	b := Built{Path: path, Records: x.meta.Stats.Records, Fresh: fresh}
	if info, err := x.file.Stat(); err == nil {
		b.Bytes = info.Size()
	}
	return b
}

func load(path string, o Options) (*opened, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, broken("no file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	x, err := openIndex(f, info.Size(), o.Key, o.Workers)
	if err != nil {
		f.Close()
		return nil, err
	}
	return &opened{x, f}, nil
}

// rebuild makes the index, whole or not at all. It replaces what stands there.
func rebuild(ctx context.Context, source record.Source, folder string, files []string, now []stamp, o Options) error {
	left, _ := filepath.Glob(filepath.Join(folder, ".ringfence-index-*"))
	for _, one := range left { // by one that was ended in the middle
		if info, err := os.Lstat(one); err == nil && o.Now().Sub(info.ModTime()) > 24*time.Hour {
			_ = os.Remove(one)
		}
	}
	f, err := os.CreateTemp(folder, ".ringfence-index-*") // for its owner alone
	if err != nil {
		return fmt.Errorf("index: %w; give a folder for it that can be written", err)
	}
	defer os.Remove(f.Name()) // after the renaming nothing has that name
	err = build(ctx, source, meta{Files: now, Made: o.Now().UnixNano()}, f, o)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	after, err := stamps(folder, files)
	if err != nil || !slices.Equal(now, after) {
		return errors.Join(err, errors.New("index: the files changed while they were read; try again when they are whole"))
	}
	return os.Rename(f.Name(), filepath.Join(folder, indexName))
}

// placer reads single records, as record.Files does.
type placer interface {
	At(ctx context.Context, places []record.Place, want record.Columns, visit func(p record.Place, b *record.Batch) error) error
}

// check compares some of what an index said, as it comes, with the records, and
// tells how many: those that chance picks, so that nobody knows which.
func (e *expansion) check(source record.Source) (int, error) {
	p, ok := source.(placer)
	if !ok {
		return 0, nil
	}
	of := map[record.Place]attempt{}
	for id, n := range e.accounts {
		for _, a := range e.tried[id] {
			if n.done && a.place.file != noFile {
				of[record.Place{File: int(a.place.file), Row: int64(a.place.row)}] = a
			}
		}
	}
	var some []record.Place
	for place := range of {
		some = append(some, place)
	}
	rand.Shuffle(len(some), func(i, j int) { some[i], some[j] = some[j], some[i] })
	if e.Check >= 0 {
		some = some[:min(len(some), max(e.Check, 1))]
	}
	var wait sync.WaitGroup
	errs := make(chan error, e.Workers)
	for part := range slices.Chunk(some, max((len(some)+e.Workers-1)/e.Workers, 1)) {
		wait.Go(func() {
			errs <- p.At(e.ctx, part, 0, func(at record.Place, b *record.Batch) error {
				if a := of[at]; b.Caller[0] != a.caller || b.Callee[0] != a.callee || b.Time[0]/1e9 != a.first {
					return broken("row %d of file %d is another call than it says", at.Row, at.File)
				}
				return nil
			})
		})
	}
	wait.Wait()
	close(errs)
	for err := range errs {
		if err != nil && e.ctx.Err() == nil && !errors.Is(err, errIndex) {
			err = broken("%v", err)
		}
		if err != nil {
			return 0, err
		}
	}
	return len(some), nil
}

// lookUpNames reads from the records the texts that the index does not have.
func (e *expansion) lookUpNames(source record.Source, names map[record.ID]string) error {
	p, ok := source.(placer)
	if !ok {
		return nil
	}
	var places []record.Place
	for id := range e.accounts {
		for _, a := range e.tried[id] {
			if a.place.file != noFile && (names[a.caller] == "" || e.targets[a.callee] != nil && names[a.callee] == "") {
				places = append(places, record.Place{File: int(a.place.file), Row: int64(a.place.row)})
			}
		}
	}
	return p.At(e.ctx, places, record.Caller|record.Callee, func(_ record.Place, b *record.Batch) error {
		names[b.Caller[0]], names[b.Callee[0]] = b.Text(record.Caller, 0), b.Text(record.Callee, 0)
		return nil
	})
}
