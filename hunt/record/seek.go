package record

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/parquet-go/parquet-go"
)

// Place is where a record stands in files of Parquet.
type Place struct {
	File int   // of Paths
	Row  int64 // from 0
}

// placed returns the places of the records that are left of a batch.
func placed(all func(row int) Place, kept []int) func(int) Place {
	if all == nil || kept == nil {
		return all
	}
	return func(i int) Place { return all(kept[i]) }
}

// seek goes to a row of the row group. Booleans are bits: a page of them that the
// library cuts begins within a byte, and it does not say where; so they are read
// from the first row on.
func (c *cursor) seek(row int64) error {
	parquet.Release(c.page)
	c.page, c.slot, c.slots = nil, 0, 0
	skip := 0
	if c.bits {
		skip, row = int(row), 0
	}
	if err := c.pages.SeekToRow(row); err != nil {
		return fmt.Errorf("column %s: %w", c.name, err)
	}
	for skip > 0 {
		r, err := c.take(skip)
		if err != nil {
			return err
		}
		skip -= r.slots
	}
	return nil
}

// At reads single records, in the order of their places, with the pages around
// them and no others. Visit gets a batch of one; a place at which there is no
// record is an error.
func (f *Files) At(ctx context.Context, places []Place, want Columns, visit func(p Place, b *Batch) error) error {
	places = slices.Clone(places)
	slices.SortFunc(places, func(a, b Place) int { return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Row, b.Row)) })
	places = slices.Compact(places)
	w := newWorker(0, f, Reading{Want: want | Required & ^(Caller|Callee)})
	for len(places) > 0 {
		n := 1
		for n < len(places) && places[n].File == places[0].File {
			n++
		}
		if err := w.readPlaces(ctx, places[:n], visit); err != nil {
			return err
		}
		places = places[n:]
	}
	return nil
}

func (w *worker) readPlaces(ctx context.Context, places []Place, visit func(p Place, b *Batch) error) (err error) {
	number := places[0].File
	if number < 0 || number >= len(w.files.paths) {
		return fmt.Errorf("record: there is no file %d of %d", number, len(w.files.paths))
	}
	path := w.files.paths[number]
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w", path, err)
		}
	}()
	defer recovered(&err)
	file, err := openParquet(path)
	if err != nil {
		return err
	}
	defer file.close()
	from := int64(0)
	for _, group := range file.RowGroups() {
		n, to := 0, from+group.NumRows()
		for n < len(places) && places[n].Row < to {
			n++
		}
		if err := w.readRows(ctx, file, group, places[:n], from, visit); err != nil {
			return err
		}
		places, from = places[n:], to
	}
	if len(places) > 0 {
		return fmt.Errorf("there is no row %d", places[0].Row)
	}
	return nil
}

func (w *worker) readRows(ctx context.Context, file *parquetFile, group parquet.RowGroup, places []Place, from int64, visit func(p Place, b *Batch) error) error {
	if len(places) == 0 {
		return nil
	}
	fillers := w.fillers(file, group)
	defer func() {
		for _, f := range fillers {
			f.close()
		}
	}()
	for _, p := range places {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		w.reset()
		for _, f := range fillers {
			if err := f.seek(p.Row - from); err != nil {
				return err
			}
			if err := f.fill(1); err != nil {
				return err
			}
		}
		w.n, w.place = 1, nil
		var seen error
		w.visit = func(_ int, b *Batch) error { seen = visit(p, b); return nil }
		before := w.stats.Rejected
		if err := w.emit(file.have); err != nil || seen != nil {
			return errors.Join(seen, err)
		}
		if w.stats.Rejected > before {
			return fmt.Errorf("row %d is no record", p.Row)
		}
	}
	return nil
}
