package archive

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ringfence/ringfence/hunt/record"
	"github.com/ringfence/ringfence/store"
)

// Store is where the records of a service are until they are in the archive.
type Store interface {
	ClaimRecords(ctx context.Context, before time.Time) (store.Export, error)
	Exports(context.Context) ([]store.Export, error)
	ExportRecords(ctx context.Context, n int64) ([]store.Record, error)
	FinishExport(ctx context.Context, n int64) error
}

// Exporter moves records from a store into an archive. One runs for a store at a
// time.
type Exporter struct {
	From Store
	To   *Archive
	Node string               // tells the files of this store from those of others
	Key  func() (*Key, error) // asked before each file, so that a key that was destroyed is not used on
}

// Moved is what was moved.
type Moved struct {
	Files   int
	Records int64
}

// Export moves the records of all hours that have ended before a time. What an
// earlier export left half done, it does first. What cannot be moved stays in the
// store, and is tried again the next time.
func (e *Exporter) Export(ctx context.Context, before time.Time) (m Moved, err error) {
	left, err := e.From.Exports(ctx)
	if err != nil {
		return m, fmt.Errorf("archive: %w", err)
	}
	var wrong error
	for _, one := range left {
		wrong = errors.Join(wrong, e.move(ctx, one, &m))
	}
	for ctx.Err() == nil && (wrong == nil || errors.Is(wrong, errRecord)) {
		one, err := e.From.ClaimRecords(ctx, before)
		if errors.Is(err, store.ErrNotFound) {
			break
		}
		if err != nil {
			return m, fmt.Errorf("archive: %w", err)
		}
		e.To.step("claimed")
		wrong = errors.Join(wrong, e.move(ctx, one, &m))
	}
	return m, wrong
}

// move does one export, from wherever it stands: the records are the same ones
// each time, and so the file replaces itself.
func (e *Exporter) move(ctx context.Context, one store.Export, m *Moved) error {
	found, err := e.From.ExportRecords(ctx, one.Number)
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	o := Object{Hour: one.Hour, Node: e.Node, Number: one.Number}
	if len(found) == 0 { // they expired meanwhile, and so has the file
		if err := e.To.place.remove(ctx, o.name()); err != nil {
			return fmt.Errorf("archive %s: %w", e.To, err)
		}
		return e.From.FinishExport(ctx, one.Number)
	}
	key, err := e.Key()
	if err != nil {
		return err
	}
	records := make([]record.Record, len(found))
	for i, r := range found {
		records[i] = record.Of(r)
		key.hide(&records[i])
	}
	if err := e.To.put(ctx, o, records); err != nil {
		return err
	}
	if err := e.From.FinishExport(ctx, one.Number); err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	e.To.step("finished")
	m.Files++
	m.Records += int64(len(records))
	return nil
}
