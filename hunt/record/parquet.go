package record

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"github.com/parquet-go/parquet-go"
)

// maxFooter bounds the footer of a Parquet file; one of ten thousand row groups
// has some 10 MB.
const maxFooter = 64 << 20

// names are the columns by their names in a file.
var names = map[string]Columns{
	"time": Time, "call_id": Call, "caller": Caller, "callee": Callee,
	"caller_print": CallerPrint, "caller_version": CallerVersion, "caller_network": CallerNetwork,
	"caller_country": CallerCountry, "callee_country": CalleeCountry, "outcome": OutcomeColumn,
	"ring_ms": RingMS, "talk_ms": TalkMS, "contact": ContactColumn, "caller_age_days": CallerAge, "rules": Rules,
}

// Name returns the name of one column in a file.
func (c Columns) Name() string {
	for name, column := range names {
		if column == c {
			return name
		}
	}
	return ""
}

// parquetFile is an open file; it is closed when none of its row groups is left.
type parquetFile struct {
	*parquet.File
	disk   *os.File
	leaves map[Columns]parquet.LeafColumn
	have   Columns
	left   atomic.Int64
	broken error // why nothing of it can be read
}

func (p *parquetFile) close() { p.disk.Close() }

func (p *parquetFile) done() {
	if p.disk != nil && p.left.Add(-1) == 0 {
		p.close()
	}
}

func openParquet(path string) (_ *parquetFile, err error) {
	disk, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			disk.Close()
		}
	}()
	info, err := disk.Stat()
	if err != nil {
		return nil, err
	}
	p, err := parseParquet(disk, info.Size())
	if err != nil {
		return nil, err
	}
	p.disk = disk
	return p, nil
}

// parseParquet reads the footer of a file.
func parseParquet(from io.ReaderAt, size int64) (_ *parquetFile, err error) {
	defer recovered(&err)
	if err := checkFooter(from, size); err != nil {
		return nil, err
	}
	file, err := parquet.OpenFile(from, size, &parquet.FileConfig{SkipPageIndex: true, SkipBloomFilters: true, ReadBufferSize: 16 << 10})
	if err != nil {
		return nil, fmt.Errorf("no Parquet: %w; write the file again", err)
	}
	p := &parquetFile{File: file}
	return p, p.layout()
}

// recovered turns a panic of the Parquet library, which trusts what it reads,
// into an error.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("broken Parquet: %v; write the file again", r)
	}
}

// checkFooter looks at the length of the footer before anybody trusts it. The
// file ends with the footer, its length in four bytes, and "PAR1":
// https://parquet.apache.org/docs/file-format/
func checkFooter(from io.ReaderAt, size int64) error {
	var end [8]byte
	if size < 12 {
		return errors.New("no Parquet: too short; write the file again")
	}
	if _, err := from.ReadAt(end[:], size-8); err != nil {
		return err
	}
	if string(end[4:]) != "PAR1" {
		return errors.New("no Parquet, or cut off: does not end with PAR1; write the file again")
	}
	if n := int64(binary.LittleEndian.Uint32(end[:])); n > maxFooter || n > size-12 {
		return fmt.Errorf("no Parquet: a footer of %d bytes in a file of %d; write the file again", n, size)
	}
	return nil
}

// layout finds our columns in a file, whatever their order and encoding.
func (p *parquetFile) layout() error {
	p.leaves = map[Columns]parquet.LeafColumn{}
	schema := p.Schema()
	for _, path := range schema.Columns() {
		column, ok := names[path[0]]
		if !ok {
			continue
		}
		leaf, _ := schema.Lookup(path...)
		if p.have&column != 0 {
			return fmt.Errorf("column %s is there twice; leave one out", path[0])
		}
		if err := checkType(column, leaf); err != nil {
			return err
		}
		p.leaves[column] = leaf
		p.have |= column
	}
	for _, column := range []Columns{Time, Caller, Callee, OutcomeColumn} {
		if p.have&column == 0 {
			return fmt.Errorf("column %s is missing; it is needed (docs/records.md)", column.Name())
		}
	}
	return nil
}

// checkType refuses a column that cannot hold what its name says.
func checkType(column Columns, leaf parquet.LeafColumn) error {
	kind := leaf.Node.Type().Kind()
	ok, want := kind == parquet.ByteArray, "text"
	switch column {
	case Time:
		ok, want = kind == parquet.Int64 || kind == parquet.Int96, "a timestamp, or ns as int64"
	case RingMS, TalkMS, CallerAge:
		ok, want = kind == parquet.Int32 || kind == parquet.Int64, "an int32 or int64"
	case ContactColumn:
		ok, want = kind == parquet.Boolean, "a boolean"
	case Rules:
		want = "a list of text, or text"
	}
	nested := leaf.MaxRepetitionLevel > 0 || len(leaf.Path) > 1
	if column == Rules {
		nested = leaf.MaxRepetitionLevel > 1
	}
	if !ok || nested {
		return fmt.Errorf("column %s is not %s but %s; convert it (docs/records.md)", column.Name(), want, leaf.Node)
	}
	return nil
}

// filler reads a column of a row group: each time the next n values.
type filler interface {
	fill(n int) error
	seek(row int64) error // of the row group
	close()
}

// readGroup reads a row group. What it returns first is why the rest of it
// cannot be read.
func (w *worker) readGroup(ctx context.Context, p piece) (unread, err error) {
	if p.file.broken != nil {
		return p.file.broken, nil
	}
	defer recovered(&unread)
	group := p.file.RowGroups()[p.group]
	fillers := w.fillers(p.file, group)
	defer func() {
		for _, f := range fillers {
			f.close()
		}
	}()
	for left := group.NumRows(); left > 0; {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		n := int(min(left, batchSize))
		for _, f := range fillers {
			if err := f.fill(n); err != nil {
				return fmt.Errorf("row group %d: %w; its last %d records are not read", p.group, err, left), nil
			}
		}
		w.n = n
		first := Place{File: p.number, Row: p.row + group.NumRows() - left}
		w.place = func(row int) Place { return Place{first.File, first.Row + int64(row)} }
		if err := w.emit(p.file.have); err != nil {
			return nil, err
		}
		left -= int64(n)
	}
	return nil, nil
}

// fillers returns one for each column that is wanted and there.
func (w *worker) fillers(p *parquetFile, group parquet.RowGroup) []filler {
	var all []filler
	at := func(column Columns) (cursor, bool) {
		leaf, ok := p.leaves[column]
		if !ok {
			return cursor{}, false
		}
		return newCursor(leaf, group), true
	}
	add := func(column Columns, make func(cursor) filler) {
		if c, ok := at(column); ok {
			all = append(all, make(c))
		}
	}
	b := &w.full
	add(Time, func(c cursor) filler {
		return &column[int64]{cursor: c, to: b.Time, null: noTime, convert: toTimes(p.leaves[Time])}
	})
	add(OutcomeColumn, func(c cursor) filler {
		return &column[Outcome]{cursor: c, to: b.Outcome, convert: toOutcomes}
	})
	for name, to := range map[Columns][]ID{Caller: b.Caller, Callee: b.Callee, Call: w.calls} {
		if to != nil {
			add(name, func(c cursor) filler { return &column[ID]{cursor: c, to: to, convert: toIDs, texts: w.texts[name]} })
		}
	}
	for name, to := range b.numbers() {
		null := int32(0)
		if name == CallerAge {
			null = NoAge
		}
		if *to != nil {
			add(name, func(c cursor) filler { return &column[int32]{cursor: c, to: *to, null: null, convert: toNumbers} })
		}
	}
	if b.Contact != nil {
		add(ContactColumn, func(c cursor) filler { return &column[Contact]{cursor: c, to: b.Contact, convert: toContacts} })
	}
	for name, to := range b.codes() {
		if *to != nil {
			add(name, func(c cursor) filler { return w.codesFiller(c, *to) })
		}
	}
	return all
}

func (w *worker) codesFiller(c cursor, to []Code) filler {
	if c.repeated {
		return &lists{cursor: c, to: to, words: w.files.words}
	}
	return &column[Code]{cursor: c, to: to, convert: toCodes(w.files.words)}
}
