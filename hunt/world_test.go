package hunt

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/ringfence/ringfence/hunt/record"
)

// texts is a dictionary of a test.
type texts struct {
	mu    sync.Mutex
	codes map[string]record.Code
	all   []string
}

func (t *texts) Code(b []byte) record.Code {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(b) == 0 {
		return 0
	}
	if t.codes == nil {
		t.codes, t.all = map[string]record.Code{}, []string{"", "(others)"}
	}
	c, ok := t.codes[string(b)]
	if !ok {
		c = record.Code(len(t.all))
		t.codes[string(b)] = c
		t.all = append(t.all, string(b))
	}
	return c
}

func (t *texts) Text(c record.Code) string { return t.all[c] }
func (t *texts) Len() int                  { return len(t.all) }

// world is records in memory, as a source.
type world struct {
	rng     *rand.Rand
	all     []record.Record
	columns record.Columns
	words   texts
	next    int
}

func newWorld(seed uint64) *world {
	return &world{rng: rand.New(rand.NewPCG(seed, 1)), columns: record.All}
}

func (w *world) Dictionary() record.Dictionary { return &w.words }

// Read hands the records to the workers, some hundred at a time, in no order.
func (w *world) Read(_ context.Context, r record.Reading) (stats record.Stats, err error) {
	const piece = 500
	var wait sync.WaitGroup
	var mu sync.Mutex
	pieces := make(chan []record.Record)
	for n := range max(r.Workers, 1) {
		wait.Go(func() {
			for p := range pieces {
				b := w.batch(p, r.Want)
				if e := r.Visit(n, b); e != nil {
					mu.Lock()
					err = e
					mu.Unlock()
				}
			}
		})
	}
	for p := range slices.Chunk(w.all, piece) {
		pieces <- p
	}
	close(pieces)
	wait.Wait()
	return record.Stats{Records: int64(len(w.all)), Columns: w.columns}, err
}

func (w *world) batch(of []record.Record, want record.Columns) *record.Batch {
	b := &record.Batch{N: len(of)}
	has := func(c record.Columns) bool { return want&w.columns&c != 0 }
	for _, r := range of {
		b.Time = append(b.Time, r.Time)
		b.Caller = append(b.Caller, id(r.Caller))
		b.Callee = append(b.Callee, id(r.Callee))
		b.Outcome = append(b.Outcome, r.Outcome)
		for _, c := range []struct {
			column record.Columns
			to     *[]record.Code
			text   string
		}{
			{record.CallerPrint, &b.CallerPrint, r.CallerPrint}, {record.CallerNetwork, &b.CallerNetwork, r.CallerNetwork},
			{record.CalleeCountry, &b.CalleeCountry, r.CalleeCountry},
		} {
			if has(c.column) {
				*c.to = append(*c.to, w.words.Code([]byte(c.text)))
			}
		}
		if has(record.RingMS) {
			b.RingMS = append(b.RingMS, r.RingMS)
		}
		if has(record.TalkMS) {
			b.TalkMS = append(b.TalkMS, r.TalkMS)
		}
		if has(record.ContactColumn) {
			b.Contact = append(b.Contact, r.Contact)
		}
		if has(record.CallerAge) {
			b.CallerAge = append(b.CallerAge, r.CallerAge)
		}
	}
	b.Text = func(c record.Columns, i int) string {
		return map[record.Columns]string{record.Caller: of[i].Caller, record.Callee: of[i].Callee, record.Call: of[i].Call}[c]
	}
	return b
}

// id is a hash as good as any (FNV-1a, then mixed).
func id(s string) record.ID {
	h := uint64(14695981039346656037)
	for _, c := range []byte(s) {
		h = (h ^ uint64(c)) * 1099511628211
	}
	h ^= h >> 31
	h *= 0x9e3779b97f4a7c15
	return record.ID(h ^ h>>29)
}

var day0 = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func (w *world) add(r record.Record, at time.Duration) {
	w.next++
	r.Call, r.Time = fmt.Sprint("call", w.next), day0.Add(at).UnixNano()
	w.all = append(w.all, r)
}

func (w *world) within(d time.Duration) time.Duration {
	return time.Duration(w.rng.Int64N(int64(d)))
}

// people make ordinary calls: to contacts mostly, sometimes to a stranger who
// does not answer, and then sometimes again.
func (w *world) people(n, calls int) {
	for range calls {
		who := w.rng.IntN(n)
		r := record.Record{
			Caller: fmt.Sprint("p", who), Callee: fmt.Sprint("p", w.rng.IntN(n)), CallerPrint: fmt.Sprint("print", min(who%97, who%31)), CallerNetwork: fmt.Sprint("AS", who%211),
			CalleeCountry: "FR", Outcome: record.Answered, RingMS: 4000 + int32(w.rng.IntN(9000)), TalkMS: 60_000, Contact: record.Accepted, CallerAge: int32(30 + who%900),
		}
		at := w.within(14 * 24 * time.Hour)
		if w.rng.IntN(20) == 0 {
			r.Contact = record.Stranger
		}
		if w.rng.IntN(3) == 0 {
			r.Outcome, r.TalkMS = record.Missed, 0
		}
		w.add(r, at)
		if r.Outcome == record.Missed && w.rng.IntN(5) == 0 {
			w.add(r, at+time.Minute)
		}
	}
}

// shape is how a group in a test behaves.
type shape struct {
	name            string
	accounts, each  int // targets of an account
	print, network  string
	answered, tries float64 // share of targets that talk; attempts at a target
	failed          bool
	contacts        bool // it tries people who had accepted its accounts
}

// group makes the calls of a group, and returns whom it tried.
func (w *world) group(s shape, people int) (targets []string) {
	for a := range s.accounts {
		for range s.each {
			r := record.Record{
				Caller: fmt.Sprint(s.name, a), Callee: fmt.Sprint("p", w.rng.IntN(people)), CallerPrint: s.print, CallerNetwork: s.network, CalleeCountry: "MX",
				Outcome: record.Missed, RingMS: 2500, Contact: record.Stranger, CallerAge: int32(200 + 10*a),
			}
			if s.print == "" {
				r.CallerPrint = fmt.Sprint("print", min(a%97, a%31))
			}
			if s.network == "" {
				r.CallerNetwork = fmt.Sprint("AS", w.rng.IntN(211))
			}
			at := w.within(12 * 24 * time.Hour)
			targets = append(targets, r.Callee)
			if w.rng.Float64() < s.answered {
				r.Outcome, r.TalkMS = record.Answered, 90_000
				w.add(r, at)
				continue
			}
			if s.contacts {
				r.Contact = record.Accepted
			}
			if s.failed {
				r.Outcome = record.Failed
			}
			tries := int(s.tries)
			if w.rng.Float64() < s.tries-float64(tries) {
				tries++
			}
			for n := range max(tries, 1) {
				w.add(r, at+time.Duration(n)*40*time.Second)
			}
		}
	}
	slices.Sort(targets)
	return slices.Compact(targets)
}
