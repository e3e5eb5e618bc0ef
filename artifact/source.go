package artifact

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/acquisition/plist"
	"github.com/ringfence/ringfence/acquisition/sqlite"
)

// Limits of what an artifact reads at once.
const (
	MaxLine  = 1 << 20   // bytes of a line; a longer one is given in parts
	MaxBytes = 256 << 20 // bytes that Bytes returns
)

// Errors that a caller tells apart with errors.Is.
var (
	ErrLong = errors.New("larger than what is read at once")
	// ErrUndecoded is returned for evidence that is there and that this version
	// does not decode; coverage says so, and it counts as no damage.
	ErrUndecoded = errors.New("not decoded by this version")
)

// Source is one file that an artifact reads.
type Source struct {
	acquisition.File
	Kind   acquisition.Kind
	Device acquisition.Device
	acquisition.Content
	// Beside opens a file next to this one by what is added to its name:
	// "-wal". It returns nil when there is none.
	Beside func(suffix string) acquisition.Content

	databases []*sqlite.DB
}

// Reader reads the file from its beginning.
func (s *Source) Reader() io.Reader { return io.NewSectionReader(s.Content, 0, s.Content.Size()) }

// Bytes reads the whole file.
//
// Errors: ErrLong beyond MaxBytes, and what reading meets, with the bytes read.
func (s *Source) Bytes() ([]byte, error) {
	if s.Content.Size() > MaxBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrLong, s.Content.Size())
	}
	b := make([]byte, s.Content.Size())
	n, err := io.ReadFull(s.Reader(), b)
	return b[:n], err
}

// Line is one line of a text: its number from 1, its offset in the file in
// bytes and its text without the line's end. Text is only valid until the next.
type Line struct {
	N      int64
	Offset int64
	Text   []byte
	Part   bool // the line goes on in the next one: it was longer than MaxLine
}

// Lines gives the lines of a text; the last one also without an end. An error
// comes last, with an empty line.
func (s *Source) Lines() iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		r := bufio.NewReaderSize(s.Reader(), MaxLine)
		l := Line{N: 1}
		for {
			b, err := r.ReadSlice('\n')
			l.Part = errors.Is(err, bufio.ErrBufferFull)
			if len(b) > 0 {
				l.Text = trimEnd(b)
				if !yield(l, nil) {
					return
				}
				l.Offset += int64(len(b))
				if !l.Part {
					l.N++
				}
			}
			if err != nil && !l.Part {
				if err != io.EOF {
					yield(Line{N: l.N, Offset: l.Offset}, err)
				}
				return
			}
		}
	}
}

func trimEnd(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] == '\n' {
		b = b[:n-1]
	}
	if n := len(b); n > 0 && b[n-1] == '\r' {
		b = b[:n-1]
	}
	return b
}

// SQLite opens the file as a database, with its write-ahead log.
//
// Errors: those of sqlite.Open.
func (s *Source) SQLite() (*sqlite.DB, error) {
	wal := sqlite.File{}
	if s.Beside != nil {
		if c := s.Beside("-wal"); c != nil {
			wal = sqlite.File{ReaderAt: c, Size: c.Size()}
		}
	}
	db, err := sqlite.Open(sqlite.File{ReaderAt: s.Content, Size: s.Content.Size()}, wal)
	if db != nil {
		s.databases = append(s.databases, db)
	}
	return db, err
}

// Finish tells the sink what the databases that were read could not give. It
// is called by what called Parse, so that no artifact can forget it.
func (s *Source) Finish(to *Sink) {
	for _, db := range s.databases {
		for _, d := range db.Damage() {
			to.Damage(fmt.Sprintf("page %d", d.Page), errors.New(d.Why))
		}
	}
}

// Plist reads the file as a property list.
//
// Errors: those of Bytes and plist.Parse.
func (s *Source) Plist() (any, error) {
	b, err := s.Bytes()
	if err != nil {
		return nil, err
	}
	return plist.Parse(b)
}

// Sink takes the records of one artifact's file.
type Sink struct {
	// Take is called for each record, which is reused afterwards.
	Take func(*Record)
	// Hurt is told what had to be left out.
	Hurt func(where string, why error)
	// Device is where the file stood on the phone; empty for a list of files.
	Device string

	name, file string
	record     Record
	records    int
	recovered  int
}

// NewSink makes a sink for one file of an artifact.
func NewSink(a Artifact, file string, take func(*Record), hurt func(string, error)) *Sink {
	return &Sink{Take: take, Hurt: hurt, name: a.Name, file: file}
}

// Record begins a record. It is reused: only one stands at a time.
func (s *Sink) Record(act Act, at time.Time) *Record {
	r := &s.record
	*r = Record{Artifact: s.name, Act: act, Time: at, Where: Where{File: s.file, Device: s.Device},
		Fields: r.Fields[:0], Observables: r.Observables[:0], Unresolved: r.Unresolved[:0]}
	return r
}

// Row begins a record of a database row.
func (s *Sink) Row(table string, row *sqlite.Row, act Act, at time.Time) *Record {
	r := s.Record(act, at)
	r.Where.Table, r.Where.Row, r.Where.Offset, r.Recovered = table, row.ID, row.Offset, row.Recovered
	return r
}

// Emit gives the record that was begun.
func (s *Sink) Emit() {
	s.records++
	if s.record.Recovered != "" {
		s.recovered++
	}
	s.Take(&s.record)
}

// File is the stored path of what is read.
func (s *Sink) File() string { return s.file }

// Recovered is how many of the records are deleted rows that still stood.
func (s *Sink) Recovered() int { return s.recovered }

// Records is how many were given.
func (s *Sink) Records() int { return s.records }

// Damage tells what had to be left out, and where; the artifact goes on.
func (s *Sink) Damage(where string, why error) { s.Hurt(where, why) }
