package check

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

// Facts are what a later examination with new indicators compares: the typed
// values that records held, with their places and times, and none of their
// text. They are compressed and encrypted to the examiner's own age identity,
// so that a report that is handed on does not hold the phone's life.
//
// Format, version 1: age (age-encryption.org/v1) over zstd over a line
// "ringfence facts 1\n" and records, each a length as uvarint and: acquisition,
// act, artifact, time in Unix ns (MinInt64: none), local, file, device, table, row,
// offset, recovered, number of observables, and for each its type and value.
// Numbers are varints; texts are a uvarint index into those told before, or 0,
// a length and the text for one that is new - only in fields that repeat
// (act, artifact, file, device, table, recovered).
const factsHead = "ringfence facts 1\n"

// Limits of a facts file.
const (
	maxFact    = 4 << 20 // bytes of one record
	maxTold    = 1 << 20 // texts told
	factsBlock = 256 << 10
)

var errFacts = errors.New("no facts of an examination, or damaged ones")

// FactsWriter writes facts. Its methods may be called from several goroutines.
type FactsWriter struct {
	mu     sync.Mutex
	zstd   *zstd.Encoder
	sealed io.WriteCloser
	told   map[string]uint64
	err    error
	buf    []byte
}

// NewFacts begins a facts file that the recipients can read.
//
// Errors: those of writing.
func NewFacts(w io.Writer, recipients ...age.Recipient) (*FactsWriter, error) {
	sealed, err := age.Encrypt(w, recipients...)
	if err != nil {
		return nil, err
	}
	z, err := zstd.NewWriter(sealed, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	_, err = io.WriteString(z, factsHead)
	return &FactsWriter{zstd: z, sealed: sealed, told: map[string]uint64{}, err: err}, nil
}

// Close ends the file.
//
// Errors: the first that writing met.
func (w *FactsWriter) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return errors.Join(w.err, w.zstd.Close(), w.sealed.Close())
}

// factsBatch gathers the records of one file, so that the writers rarely meet.
type factsBatch struct {
	w           *FactsWriter
	acquisition int
	kept        []artifact.Record
	used        int
}

func (w *FactsWriter) batch(acquisition int) *factsBatch {
	return &factsBatch{w: w, acquisition: acquisition}
}

func (b *factsBatch) add(r *artifact.Record) {
	if len(r.Observables) == 0 {
		return
	}
	if b.used == len(b.kept) {
		b.kept = append(b.kept, artifact.Record{})
	}
	k := &b.kept[b.used]
	observables := append(k.Observables[:0], r.Observables...)
	*k = *r
	k.Fields, k.Unresolved, k.Observables = nil, nil, observables
	b.used++
	if b.used == 1024 {
		b.end()
	}
}

func (b *factsBatch) end() {
	b.w.mu.Lock()
	defer b.w.mu.Unlock()
	for i := range b.used {
		b.w.write(b.acquisition, &b.kept[i])
	}
	b.used = 0
}

func (w *FactsWriter) write(acquisition int, r *artifact.Record) {
	if w.err != nil {
		return
	}
	b := w.encode(acquisition, r)
	var head [binary.MaxVarintLen64]byte
	if _, w.err = w.zstd.Write(head[:binary.PutUvarint(head[:], uint64(len(b)))]); w.err == nil {
		_, w.err = w.zstd.Write(b)
	}
}

// encode is one record's bytes, valid until the next.
func (w *FactsWriter) encode(acquisition int, r *artifact.Record) []byte {
	b := binary.AppendUvarint(w.buf[:0], uint64(acquisition))
	b = w.tell(b, string(r.Act))
	b = w.tell(b, r.Artifact)
	at := int64(minTime)
	if !r.Time.IsZero() {
		at = r.Time.UnixNano()
	}
	b = binary.AppendVarint(b, at)
	b = append(b, boolByte(r.Local))
	b = w.tell(b, r.Where.File)
	b = w.tell(b, r.Where.Device)
	b = w.tell(b, r.Where.Table)
	b = binary.AppendVarint(b, r.Where.Row)
	b = binary.AppendVarint(b, r.Where.Offset)
	b = w.tell(b, r.Recovered)
	b = binary.AppendUvarint(b, uint64(len(r.Observables)))
	for _, o := range r.Observables {
		b = append(b, byte(o.Type))
		b = binary.AppendUvarint(b, uint64(len(o.Value)))
		b = append(b, o.Value...)
	}
	w.buf = b
	return b
}

const minTime = -1 << 63

// tell writes a text that repeats: its index when it was told, else itself.
func (w *FactsWriter) tell(b []byte, s string) []byte {
	if i, ok := w.told[s]; ok {
		return binary.AppendUvarint(b, i)
	}
	if len(w.told) < maxTold {
		w.told[s] = uint64(len(w.told) + 1)
	}
	b = append(b, 0)
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

func boolByte(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// ReadFacts gives the records of a facts file, with their acquisition's index.
// The record is reused.
//
// Errors: age's when none of the identities opens it, errFacts when it is
// damaged or cut short; records given before hold.
func ReadFacts(r io.Reader, each func(acquisition int, r *artifact.Record), identities ...age.Identity) error {
	opened, err := age.Decrypt(r, identities...)
	if err != nil {
		return err
	}
	z, err := zstd.NewReader(opened, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
	if err != nil {
		return err
	}
	defer z.Close()
	in := bufio.NewReaderSize(z, factsBlock)
	head := make([]byte, len(factsHead))
	if _, err := io.ReadFull(in, head); err != nil || string(head) != factsHead {
		return errFacts
	}
	f := facts{told: []string{""}}
	for {
		n, err := binary.ReadUvarint(in)
		if err == io.EOF {
			return nil
		}
		if err != nil || n > maxFact {
			return errFacts
		}
		if uint64(cap(f.b)) < n {
			f.b = make([]byte, n)
		}
		f.b = f.b[:n]
		if _, err := io.ReadFull(in, f.b); err != nil {
			return fmt.Errorf("%w: cut short", errFacts)
		}
		if !f.read() {
			return errFacts
		}
		each(f.acquisition, &f.record)
	}
}

// facts reads one record after the other.
type facts struct {
	b           []byte
	told        []string
	broken      bool
	acquisition int
	record      artifact.Record
}

func (f *facts) read() bool {
	buf := f.b
	r := &f.record
	*r = artifact.Record{Observables: r.Observables[:0]}
	f.acquisition = int(f.uint())
	r.Act = artifact.Act(f.text())
	r.Artifact = f.text()
	if at := f.int(); at != minTime {
		r.Time = time.Unix(0, at).UTC()
	}
	r.Local = f.byte() == 1
	r.Where.File, r.Where.Device, r.Where.Table = f.text(), f.text(), f.text()
	r.Where.Row, r.Where.Offset = f.int(), f.int()
	r.Recovered = f.text()
	for n := f.uint(); n > 0 && !f.broken; n-- {
		t := indicator.Type(f.byte())
		r.Observables = append(r.Observables, indicator.Observable{Type: t, Value: string(f.take(f.uint()))})
	}
	done := len(f.b) == 0
	f.b = buf
	return done && !f.broken && f.acquisition >= 0 && f.acquisition < 1<<16
}

func (f *facts) uint() uint64 {
	v, n := binary.Uvarint(f.b)
	f.take(uint64(max(n, 0)))
	f.broken = f.broken || n <= 0
	return v
}

func (f *facts) int() int64 {
	v, n := binary.Varint(f.b)
	f.take(uint64(max(n, 0)))
	f.broken = f.broken || n <= 0
	return v
}

func (f *facts) byte() byte {
	if b := f.take(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

func (f *facts) take(n uint64) []byte {
	if n > uint64(len(f.b)) {
		f.broken = true
		return nil
	}
	b := f.b[:n]
	f.b = f.b[n:]
	return b
}

func (f *facts) text() string {
	i := f.uint()
	if i == 0 {
		s := string(f.take(f.uint()))
		if len(f.told) <= maxTold {
			f.told = append(f.told, s)
		}
		return s
	}
	if i >= uint64(len(f.told)) {
		f.broken = true
		return ""
	}
	return f.told[i]
}
