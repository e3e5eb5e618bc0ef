package check

import (
	"bufio"
	"bytes"
	"cmp"
	"container/heap"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/ringfence/ringfence/artifact"
)

// runSize is how many bytes of records are sorted in memory at once.
const runSize = 8 << 20

// Timeline writes every record, sorted by time, as timeline.jsonl and
// timeline.csv: the phone's life, which is only written when someone consented.
// Records are sorted in runs that are set aside in the report's folder and
// merged at the end, so that memory stays the same whatever the number.
type Timeline struct {
	dir  string
	mu   sync.Mutex
	runs []*os.File
	err  error
}

// NewTimeline writes into the folder dir, which exists.
func NewTimeline(dir string) *Timeline { return &Timeline{dir: dir} }

// entry is one record on the timeline.
type entry struct {
	at   int64  // Unix ns; math.MaxInt64 when not known: last
	line []byte // of timeline.jsonl
	row  []byte // of timeline.csv
}

// timelineBatch gathers the records of one file.
type timelineBatch struct {
	t       *Timeline
	entries []entry
	size    int
}

func (t *Timeline) batch() *timelineBatch { return &timelineBatch{t: t} }

func (b *timelineBatch) add(r *artifact.Record) {
	e := entry{at: math.MaxInt64, line: append(r.AppendJSON(nil), '\n'), row: tableRow(r)}
	if !r.Time.IsZero() {
		e.at = r.Time.UnixNano()
	}
	b.entries = append(b.entries, e)
	if b.size += len(e.line) + len(e.row) + 80; b.size > runSize/2 {
		b.end()
	}
}

// end sets a sorted run aside.
func (b *timelineBatch) end() {
	if len(b.entries) == 0 {
		return
	}
	slices.SortStableFunc(b.entries, func(x, y entry) int { return cmp.Compare(x.at, y.at) })
	b.t.setAside(b.entries)
	b.entries, b.size = b.entries[:0], 0
}

func (t *Timeline) setAside(entries []entry) {
	f, err := os.CreateTemp(t.dir, ".timeline-*")
	if err != nil {
		t.fail(err)
		return
	}
	w := bufio.NewWriterSize(f, 1<<20)
	for _, e := range entries {
		head := binary.AppendVarint(nil, e.at)
		head = binary.AppendUvarint(head, uint64(len(e.line)))
		w.Write(binary.AppendUvarint(head, uint64(len(e.row))))
		w.Write(e.line)
		w.Write(e.row)
	}
	t.fail(w.Flush())
	t.mu.Lock()
	t.runs = append(t.runs, f)
	t.mu.Unlock()
}

func (t *Timeline) fail(err error) {
	t.mu.Lock()
	t.err = errors.Join(t.err, err)
	t.mu.Unlock()
}

// Close merges the runs into timeline.jsonl and timeline.csv and removes them.
//
// Errors: those of writing; the two files are then not there.
func (t *Timeline) Close() (err error) {
	defer func() {
		for _, f := range t.runs {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	lines, err := os.CreateTemp(t.dir, ".timeline-*")
	if err != nil {
		return err
	}
	defer os.Remove(lines.Name())
	table, err := os.CreateTemp(t.dir, ".timeline-*")
	if err != nil {
		return errors.Join(err, lines.Close())
	}
	defer os.Remove(table.Name())
	err = errors.Join(t.err, t.merge(lines, table), lines.Sync(), table.Sync(), lines.Close(), table.Close())
	if err != nil {
		return err
	}
	return errors.Join(
		os.Rename(lines.Name(), filepath.Join(t.dir, "timeline.jsonl")),
		os.Rename(table.Name(), filepath.Join(t.dir, "timeline.csv")))
}

func (t *Timeline) merge(lines, table io.Writer) error {
	w, c := bufio.NewWriterSize(lines, 1<<20), bufio.NewWriterSize(table, 1<<20)
	c.WriteString("time,clock,artifact,act,file,table,row,recovered,record\n")
	var q runs
	for _, f := range t.runs {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return err
		}
		r := &run{in: bufio.NewReaderSize(f, 64<<10)}
		if r.next() {
			q = append(q, r)
		}
		if r.err != nil {
			return r.err
		}
	}
	heap.Init(&q)
	for len(q) > 0 {
		r := q[0]
		w.Write(r.line)
		c.Write(r.row)
		if r.next() {
			heap.Fix(&q, 0)
		} else {
			heap.Pop(&q)
		}
		if r.err != nil {
			return r.err
		}
	}
	return errors.Join(w.Flush(), c.Flush())
}

// tableRow is a record's line of the table.
func tableRow(r *artifact.Record) []byte {
	at, clock := "", ""
	if !r.Time.IsZero() {
		at, clock = r.Time.UTC().Format(time.RFC3339Nano), "UTC"
		if r.Local {
			clock = "device, zone unknown"
		}
	}
	fields, err := Fields(r.Fields).MarshalJSON()
	if err != nil {
		fields = []byte(err.Error())
	}
	var b bytes.Buffer
	c := csv.NewWriter(&b)
	c.Write([]string{at, clock, r.Artifact, string(r.Act), plainCell(r.Where.File), plainCell(r.Where.Table),
		strconv.FormatInt(r.Where.Row, 10), r.Recovered, string(fields)})
	c.Flush()
	return b.Bytes()
}

// plainCell keeps a spreadsheet from taking hostile text for a formula.
func plainCell(s string) string {
	if s != "" && bytes.IndexByte([]byte("=+-@\t\r"), s[0]) >= 0 {
		return "'" + s
	}
	return s
}

// run is a sorted run as it is merged.
type run struct {
	in *bufio.Reader
	entry
	both []byte // room of the entry
	err  error
}

func (r *run) next() bool {
	at, err := binary.ReadVarint(r.in)
	if err == io.EOF {
		return false
	}
	line, err2 := binary.ReadUvarint(r.in)
	row, err3 := binary.ReadUvarint(r.in)
	if r.err = errors.Join(err, err2, err3); r.err != nil {
		return false
	}
	b := slices.Grow(r.both[:0], int(line+row))[:line+row]
	_, r.err = io.ReadFull(r.in, b)
	r.entry, r.both = entry{at, b[:line], b[line:]}, b
	return r.err == nil
}

type runs []*run

func (q runs) Len() int           { return len(q) }
func (q runs) Less(i, j int) bool { return q[i].at < q[j].at }
func (q runs) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *runs) Push(x any)        { *q = append(*q, x.(*run)) }
func (q *runs) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
