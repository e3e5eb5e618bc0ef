package archive

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/ringfence/ringfence/hunt/record"
	"github.com/ringfence/ringfence/store"
)

// View is all call records of a service at one moment, in files by hour: those of
// the archive, and those that are still in the store. Close it.
type View struct {
	Waiting int64 // records that are still in the store

	parts []part
	temp  string
}

type part struct {
	of *Archive
	Object
}

// waiter is a store with records that wait for the archive.
type waiter interface {
	Waiting(ctx context.Context, visit func(store.Record) error) (store.Waiting, error)
}

// View makes a view of a time span, up to its end. Without a store, from nil, it
// is of the archive alone. Under pseudonyms, as those of the archive are, the
// records of the store are written to a temporary folder. Node is the store's.
func (a *Archive) View(ctx context.Context, from waiter, node string, key *Key, since, until time.Time) (*View, error) {
	temp, err := os.MkdirTemp("", "ringfence-calls-")
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	v := &View{temp: temp}
	if err := v.gather(ctx, a, from, node, key, since, until); err != nil {
		return nil, errors.Join(err, v.Close())
	}
	return v, nil
}

func (v *View) gather(ctx context.Context, a *Archive, from waiter, node string, key *Key, since, until time.Time) error {
	state := store.Waiting{Last: 1<<63 - 1}
	if from != nil {
		waiting, err := Open(ctx, filepath.Join(v.temp, "waiting"))
		if err != nil {
			return err
		}
		in := waiting.NewImport([32]byte{}, key)
		in.node = "store"
		// The store comes first: a record that goes into the archive after this
		// moment is in a file that the state tells us to leave out.
		state, err = from.Waiting(ctx, func(r store.Record) error {
			if r.Time.Before(since) || !r.Time.Before(until) {
				return nil
			}
			v.Waiting++
			return in.Add(ctx, record.Of(r))
		})
		if err := errors.Join(err, in.Close(ctx)); err != nil {
			return err
		}
		if err := v.add(ctx, waiting, func(Object) bool { return true }); err != nil {
			return err
		}
	}
	return v.add(ctx, a, func(o Object) bool {
		also := o.Node == node && (o.Number > state.Last || state.Pending[o.Number])
		return !also && o.end().After(since) && o.Hour.Before(until)
	})
}

func (v *View) add(ctx context.Context, a *Archive, wanted func(Object) bool) error {
	all, err := a.List(ctx)
	for _, o := range all {
		if wanted(o) {
			v.parts = append(v.parts, part{a, o})
		}
	}
	return err
}

// Files returns the paths of all files on this machine, for record.Open; they are
// there until Close. The first and last may have records beyond the time span.
func (v *View) Files(ctx context.Context) ([]string, error) {
	var paths []string
	for i, p := range v.parts {
		if f, ok := p.of.place.(folder); ok {
			paths = append(paths, f.path(p.Name))
			continue
		}
		path := filepath.Join(v.temp, fmt.Sprintf("%06d-%s", i, filepath.Base(p.Name)))
		if err := p.of.fetch(ctx, p.Name, path); err != nil {
			return nil, fmt.Errorf("archive %s: %s: %w", p.of, p.Name, err)
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// Visit visits the files one after another; the path is good until visit returns.
func (v *View) Visit(ctx context.Context, visit func(o Object, path string) error) error {
	for _, p := range v.parts {
		path, done, err := p.of.local(ctx, p.Name)
		if err != nil {
			return fmt.Errorf("archive %s: %s: %w", p.of, p.Name, err)
		}
		err = visit(p.Object, path)
		done()
		if err != nil {
			return err
		}
	}
	return nil
}

// Close deletes the temporary files.
func (v *View) Close() error { return os.RemoveAll(v.temp) }

// Read visits the records of a file, in their order.
func Read(ctx context.Context, path string, o record.Options, visit func([]record.Record) error) (record.Stats, error) {
	files, err := record.Open([]string{path}, o)
	if err != nil {
		return record.Stats{}, err
	}
	var rows []record.Record
	return files.Read(ctx, record.Reading{Want: record.All, Workers: 1, Visit: func(_ int, b *record.Batch) error {
		rows = rows[:0]
		for i := range b.N {
			rows = append(rows, b.Record(i, files.Dictionary()))
		}
		return visit(rows)
	}})
}
