package record

import (
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding"
)

// cursor walks over the pages of a column of a row group. A page has slots: a
// value each, or a null, as its definition levels say. (Levels and pages:
// https://parquet.apache.org/docs/file-format/nestedencoding/.)
type cursor struct {
	name     string
	pages    parquet.Pages
	most     byte // the definition level of a value that is there
	repeated bool
	bits     bool // booleans

	page        parquet.Page
	data        encoding.Values
	indexes     []int32 // into the dictionary; nil when the page has the values themselves
	dictionary  parquet.Dictionary
	definitions []byte // nil when every slot has a value
	repetitions []byte
	slot, slots int
	value       int // how many values were before slot
}

func newCursor(leaf parquet.LeafColumn, group parquet.RowGroup) cursor {
	return cursor{
		name: leaf.Path[0], most: byte(leaf.MaxDefinitionLevel), repeated: leaf.MaxRepetitionLevel > 0,
		bits:  leaf.Node.Type().Kind() == parquet.Boolean,
		pages: group.ColumnChunks()[leaf.ColumnIndex].Pages(),
	}
}

func (c *cursor) close() {
	parquet.Release(c.page)
	c.page = nil
	c.pages.Close()
}

// next goes to the next page that has a slot. It returns io.EOF after the last.
func (c *cursor) next() error {
	for c.slot == c.slots {
		parquet.Release(c.page)
		c.page = nil
		page, err := c.pages.ReadPage()
		if err != nil {
			return err
		}
		c.page, c.data, c.dictionary = page, page.Data(), page.Dictionary()
		c.definitions, c.repetitions = page.DefinitionLevels(), page.RepetitionLevels()
		c.slot, c.slots, c.value = 0, int(page.NumValues()), 0
		if c.repeated && len(c.repetitions) != len(c.definitions) {
			return fmt.Errorf("column %s: %d repetition levels and %d definition levels", c.name, len(c.repetitions), len(c.definitions))
		}
		if page.NumNulls() == 0 && !c.repeated {
			c.definitions = nil
		}
		c.indexes = nil
		if c.dictionary != nil {
			c.indexes = c.data.Int32()
			if err := c.checkIndexes(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *cursor) checkIndexes() error {
	n := uint32(c.dictionary.Len())
	for _, i := range c.indexes {
		if uint32(i) >= n {
			return fmt.Errorf("column %s: value %d of a dictionary of %d", c.name, i, n)
		}
	}
	return nil
}

// run is some slots of a page.
type run struct {
	slots, values int
	from          int    // the first of the values
	definitions   []byte // nil when every slot has a value
}

// take takes the next slots, at most so many.
func (c *cursor) take(most int) (run, error) {
	if err := c.next(); errors.Is(err, io.EOF) {
		return run{}, fmt.Errorf("column %s ends early", c.name)
	} else if err != nil {
		return run{}, fmt.Errorf("column %s: %w", c.name, err)
	}
	n := min(most, c.slots-c.slot)
	r := run{slots: n, values: n, from: c.value}
	if c.definitions != nil {
		r.definitions = c.definitions[c.slot : c.slot+n]
		r.values = 0
		for _, d := range r.definitions {
			if d == c.most {
				r.values++
			}
		}
	}
	c.slot += n
	c.value += r.values
	return r, nil
}

// column reads the values of a column that is no list.
type column[T any] struct {
	cursor
	to      []T
	null    T
	convert func(to []T, values encoding.Values, from int)
	texts   *texts // takes the texts, too, when not nil

	table []T // the dictionary, converted
	of    parquet.Dictionary
}

func (c *column[T]) fill(n int) error {
	for to := c.to[:n]; len(to) > 0; {
		r, err := c.take(len(to))
		if err != nil {
			return err
		}
		switch values := to[:r.values]; {
		case r.values == 0: // nothing but nulls: their page may have no dictionary, and indexes all the same
		case c.indexes != nil:
			c.gather(values, c.indexes[r.from:])
		default:
			c.convert(values, c.data, r.from)
		}
		spread(to[:r.slots], r, c.most, c.null)
		if c.texts != nil {
			c.copyTexts(r)
		}
		to = to[r.slots:]
	}
	return nil
}

func (c *column[T]) gather(to []T, indexes []int32) {
	if c.of != c.dictionary {
		c.of, c.table = c.dictionary, make([]T, c.dictionary.Len())
		c.convert(c.table, c.dictionary.Page().Data(), 0)
	}
	for i, index := range indexes[:len(to)] {
		to[i] = c.table[index]
	}
}

// spread moves values that stand together at the beginning to their slots.
func spread[T any](to []T, r run, most byte, null T) {
	if r.definitions == nil {
		return
	}
	value := r.values
	for i := len(to) - 1; i >= 0; i-- {
		if r.definitions[i] == most {
			value--
			to[i] = to[value]
		} else {
			to[i] = null
		}
	}
}

func (c *column[T]) copyTexts(r run) {
	value := r.from
	for i := range r.slots {
		if r.definitions != nil && r.definitions[i] != c.most {
			c.texts.add(nil)
			continue
		}
		c.texts.add(c.text(value))
		value++
	}
}

// text returns value i of the page.
func (c *cursor) text(i int) []byte {
	values := c.data
	if c.indexes != nil {
		values, i = c.dictionary.Page().Data(), int(c.indexes[i])
	}
	data, ends := values.ByteArray()
	return data[ends[i]:ends[i+1]]
}

// lists reads lists of text as one text each, joined by ";".
type lists struct {
	cursor
	to    []Code
	words *words
	buf   []byte
}

func (l *lists) fill(n int) error {
	for i := range n {
		l.buf = l.buf[:0]
		for first := true; ; first = false {
			err := l.next()
			if err != nil && !errors.Is(err, io.EOF) {
				return fmt.Errorf("column %s: %w", l.name, err)
			}
			if err != nil && first {
				return fmt.Errorf("column %s ends early", l.name)
			}
			if err != nil || !first && l.repetitions[l.slot] == 0 {
				break
			}
			l.element()
		}
		l.to[i] = l.words.Code(l.buf)
	}
	return nil
}

func (l *lists) element() {
	if l.definitions[l.slot] == l.most {
		if len(l.buf) > 0 {
			l.buf = append(l.buf, ';')
		}
		if len(l.buf) <= maxText { // beyond, the text is Other in any case
			l.buf = append(l.buf, l.text(l.value)...)
		}
		l.value++
	}
	l.slot++
}

// toTimes converts to ns since 1970; a column without a unit is in ns.
func toTimes(leaf parquet.LeafColumn) func([]int64, encoding.Values, int) {
	unit := timeUnit(leaf.Node.Type())
	return func(to []int64, values encoding.Values, from int) {
		if values.Kind() == encoding.Int96 {
			for i, v := range values.Int96()[from : from+len(to)] {
				to[i] = julian(v)
			}
			return
		}
		copy(to, values.Int64()[from:from+len(to)])
		if unit == 1 {
			return
		}
		for i, v := range to {
			to[i] = badTime
			if v >= 0 && v <= math.MaxInt64/unit {
				to[i] = v * unit
			}
		}
	}
}

func timeUnit(t parquet.Type) int64 {
	if c := t.ConvertedType(); c != nil {
		switch *c {
		case deprecated.TimestampMillis:
			return 1e6
		case deprecated.TimestampMicros:
			return 1e3
		}
	}
	return 1
}

// julian converts the old timestamp of Spark and Impala: ns of the day, and the
// Julian day, of which 2440588 is 1970-01-01.
func julian(v deprecated.Int96) int64 {
	days, ns := int64(v[2])-2440588, int64(uint64(v[1])<<32|uint64(v[0]))
	const day = int64(86400e9)
	if days < 0 || days > math.MaxInt64/day-1 || ns < 0 || ns > day {
		return badTime
	}
	return days*day + ns
}

func toIDs(to []ID, values encoding.Values, from int) {
	data, ends := values.ByteArray()
	ends = ends[from : from+len(to)+1]
	for i := range to {
		to[i] = HashID(data[ends[i]:ends[i+1]])
	}
}

func toCodes(w *words) func([]Code, encoding.Values, int) {
	return func(to []Code, values encoding.Values, from int) {
		data, ends := values.ByteArray()
		ends = ends[from : from+len(to)+1]
		for i := range to {
			to[i] = w.Code(data[ends[i]:ends[i+1]])
		}
	}
}

func toOutcomes(to []Outcome, values encoding.Values, from int) {
	data, ends := values.ByteArray()
	ends = ends[from : from+len(to)+1]
	for i := range to {
		to[i] = outcome(data[ends[i]:ends[i+1]])
	}
}

// outcome reads an outcome: NoOutcome for an empty text, unknownOutcome for one
// that is none.
func outcome(text []byte) Outcome {
	if o := ParseOutcome(string(text)); o != NoOutcome || len(text) == 0 {
		return o
	}
	return unknownOutcome
}

func toNumbers(to []int32, values encoding.Values, from int) {
	if values.Kind() == encoding.Int32 {
		copy(to, values.Int32()[from:from+len(to)])
		return
	}
	for i, v := range values.Int64()[from : from+len(to)] {
		to[i] = badNumber
		if v >= math.MinInt32 && v <= math.MaxInt32 {
			to[i] = int32(v)
		}
	}
}

func toContacts(to []Contact, values encoding.Values, from int) {
	bits := values.Boolean()
	for i := range to {
		to[i] = Stranger
		if at := from + i; bits[at/8]>>(at%8)&1 == 1 {
			to[i] = Accepted
		}
	}
}
