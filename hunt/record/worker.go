package record

import (
	"context"
	"fmt"
	"math"
	"time"
)

// batchSize is how many records a batch holds at most.
const batchSize = 16 << 10

// What the columns hold between reading and screening, for what is no value.
const (
	noTime         = math.MinInt64
	badTime        = math.MinInt64 + 1
	unknownOutcome = Outcome(math.MaxUint8)
	badNumber      = math.MinInt32
)

// earliest is the first time that a record may have, in ns since 1970.
var earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()

// texts are the texts of a column, one after another.
type texts struct {
	data []byte
	ends []int
}

func (t *texts) reset() { t.data, t.ends = t.data[:0], t.ends[:0] }

func (t *texts) add(text []byte) {
	t.data = append(t.data, text...)
	t.ends = append(t.ends, len(t.data))
}

func (t *texts) at(i int) string {
	from := 0
	if i > 0 {
		from = t.ends[i-1]
	}
	return string(t.data[from:t.ends[i]])
}

// worker reads pieces into its batch, and hands that to Visit.
type worker struct {
	number int
	files  *Files
	want   Columns
	visit  func(int, *Batch) error
	stats  Stats

	full   Batch // columns of batchSize, of those that are wanted
	calls  []ID  // only for their texts
	texts  map[Columns]*texts
	faults []fault
	kept   []int               // of a batch in which some are rejected: the rows of those that are not
	n      int                 // records in full
	place  func(row int) Place // of full; nil for text
}

func newWorker(number int, f *Files, r Reading) *worker {
	w := &worker{number: number, files: f, want: r.Want, visit: r.Visit, texts: map[Columns]*texts{}, faults: make([]fault, batchSize)}
	w.stats.Reasons = map[string]int64{}
	b := &w.full
	b.Time, b.Caller, b.Callee, b.Outcome = make([]int64, batchSize), make([]ID, batchSize), make([]ID, batchSize), make([]Outcome, batchSize)
	for column, codes := range b.codes() {
		if r.Want&column != 0 {
			*codes = make([]Code, batchSize)
		}
	}
	for column, numbers := range b.numbers() {
		if r.Want&column != 0 {
			*numbers = make([]int32, batchSize)
		}
	}
	if r.Want&ContactColumn != 0 {
		b.Contact = make([]Contact, batchSize)
	}
	if r.Want&Call != 0 {
		w.calls = make([]ID, batchSize)
	}
	for _, column := range []Columns{Call, Caller, Callee} {
		if r.Want&column != 0 {
			w.texts[column] = &texts{}
		}
	}
	return w
}

// codes returns the columns of codes.
func (b *Batch) codes() map[Columns]*[]Code {
	return map[Columns]*[]Code{
		CallerPrint: &b.CallerPrint, CallerVersion: &b.CallerVersion, CallerNetwork: &b.CallerNetwork,
		CallerCountry: &b.CallerCountry, CalleeCountry: &b.CalleeCountry, Rules: &b.Rules,
	}
}

// numbers returns the columns of numbers.
func (b *Batch) numbers() map[Columns]*[]int32 {
	return map[Columns]*[]int32{RingMS: &b.RingMS, TalkMS: &b.TalkMS, CallerAge: &b.CallerAge}
}

// read reads a piece. Its error is that of Visit or of the context.
func (w *worker) read(ctx context.Context, p piece) (err error) {
	if p.file != nil {
		defer p.file.done()
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	w.n, w.place = 0, nil
	w.reset()
	var unread error
	if p.file != nil {
		unread, err = w.readGroup(ctx, p)
	} else {
		unread, err = w.readText(ctx, p.path)
	}
	if unread != nil {
		w.stats.Unread = append(w.stats.Unread, fmt.Sprintf("%s: %v", p.path, unread))
	}
	return err
}

func (w *worker) reset() {
	w.n = 0
	for _, t := range w.texts {
		t.reset()
	}
}

// emit hands the records that have been read to Visit, but for those that are
// none, and makes room for others.
func (w *worker) emit(have Columns) error {
	if w.n == 0 {
		return nil
	}
	b := w.full.head(w.n, have)
	kept := w.screen(b)
	w.stats.Columns |= have
	if b.N > 0 {
		first, last := b.Time[0], b.Time[0]
		for _, t := range b.Time {
			first, last = min(first, t), max(last, t)
		}
		w.stats.Add(Stats{Records: int64(b.N), From: first, To: last})
		if len(w.texts) > 0 {
			b.Text = w.text(kept)
		}
		b.Place = placed(w.place, kept)
		if err := w.visit(w.number, b); err != nil {
			return err
		}
	}
	w.reset()
	return nil
}

func (w *worker) text(kept []int) func(Columns, int) string {
	return func(column Columns, i int) string {
		t := w.texts[column]
		if t == nil {
			return ""
		}
		if kept != nil {
			i = kept[i]
		}
		if i >= len(t.ends) { // a file without call_id
			return ""
		}
		return t.at(i)
	}
}

// head returns the first n records, with the columns that a file has.
func (b *Batch) head(n int, have Columns) *Batch {
	h := &Batch{N: n, Time: b.Time[:n], Caller: b.Caller[:n], Callee: b.Callee[:n], Outcome: b.Outcome[:n]}
	all, to := b.codes(), h.codes()
	for column, codes := range all {
		if have&column != 0 && *codes != nil {
			*to[column] = (*codes)[:n]
		}
	}
	numbers, toNumbers := b.numbers(), h.numbers()
	for column, n32 := range numbers {
		if have&column != 0 && *n32 != nil {
			*toNumbers[column] = (*n32)[:n]
		}
	}
	if have&ContactColumn != 0 && b.Contact != nil {
		h.Contact = b.Contact[:n]
	}
	return h
}

// Record returns record i of a batch that was read with All columns; texts are
// looked up in its dictionary.
func (b *Batch) Record(i int, d Dictionary) Record {
	r := Record{Time: b.Time[i], Outcome: b.Outcome[i], CallerAge: NoAge}
	if b.Text != nil {
		r.Call, r.Caller, r.Callee = b.Text(Call, i), b.Text(Caller, i), b.Text(Callee, i)
	}
	word := func(codes []Code) string {
		if codes == nil || codes[i] == 0 {
			return ""
		}
		return d.Text(codes[i])
	}
	r.CallerPrint, r.CallerVersion, r.CallerNetwork = word(b.CallerPrint), word(b.CallerVersion), word(b.CallerNetwork)
	r.CallerCountry, r.CalleeCountry = word(b.CallerCountry), word(b.CalleeCountry)
	r.Rules = splitRules(word(b.Rules))
	if b.RingMS != nil {
		r.RingMS = b.RingMS[i]
	}
	if b.TalkMS != nil {
		r.TalkMS = b.TalkMS[i]
	}
	if b.Contact != nil {
		r.Contact = b.Contact[i]
	}
	if b.CallerAge != nil {
		r.CallerAge = b.CallerAge[i]
	}
	return r
}
