package live

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/ringfence/ringfence/hunt"
	"github.com/ringfence/ringfence/hunt/record"
)

// small are limits that make a test quick.
var small = Options{Limits: Limits{Accounts: 1 << 14, Targets: 1 << 16, Population: 1 << 16, Values: 1 << 13, Calls: 1 << 14}}

var start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC).UnixNano()

// world makes records.
type world struct {
	rng *rand.Rand
	all []record.Record
}

func newWorld(seed uint64) *world { return &world{rng: rand.New(rand.NewPCG(seed, 1))} }

func (w *world) add(r record.Record, at time.Duration) {
	r.Call, r.Time = fmt.Sprint("call", len(w.all)), start+int64(at)
	w.all = append(w.all, r)
}

const span = 12 * 24 * time.Hour

// people call each other: contacts mostly, sometimes a stranger who does not
// answer, and then sometimes again.
func (w *world) people(n, calls int) {
	for range calls {
		who := w.rng.IntN(n)
		r := record.Record{
			Caller: fmt.Sprint("p", who), Callee: fmt.Sprint("p", w.rng.IntN(n)), CallerPrint: fmt.Sprint("print", min(who%97, who%31)), CallerVersion: fmt.Sprint(who % 3),
			CallerNetwork: fmt.Sprint("AS", who%211), CalleeCountry: "FR", Outcome: record.Answered, RingMS: 4000 + int32(w.rng.IntN(9000)), TalkMS: 60_000,
			Contact: record.Accepted, CallerAge: int32(30 + who%900),
		}
		if w.rng.IntN(20) == 0 {
			r.Contact = record.Stranger
		}
		at := time.Duration(w.rng.Int64N(int64(span)))
		if w.rng.IntN(3) == 0 {
			r.Outcome, r.TalkMS = record.Missed, 0
			if w.rng.IntN(5) == 0 {
				w.add(r, at+time.Minute)
			}
		}
		w.add(r, at)
	}
}

// shape is how a group in a test behaves.
type shape struct {
	name            string
	accounts, each  int // targets of an account
	print, network  string
	answered, tries float64
	failed, contact bool
	rung            bool // targets ring back
}

var attack = shape{name: "x", accounts: 20, each: 15, print: "print3-fork", network: "AS64999", tries: 3}

func (w *world) group(s shape, people int) (targets []string) {
	for a := range s.accounts {
		own := fmt.Sprint(s.name, a)
		for range s.each {
			r := record.Record{
				Caller: own, Callee: fmt.Sprint("p", w.rng.IntN(people)), CallerPrint: s.print, CallerVersion: "1", CallerNetwork: s.network, CalleeCountry: "MX",
				Outcome: record.Missed, RingMS: 2500, Contact: record.Stranger, CallerAge: int32(200 + 10*a),
			}
			if s.print == "" {
				r.CallerPrint = fmt.Sprint("print", min(a%97, a%31))
			}
			if s.network == "" {
				r.CallerNetwork = fmt.Sprint("AS", w.rng.IntN(211))
			}
			if s.contact {
				r.Contact = record.Accepted
			}
			at := time.Duration(w.rng.Int64N(int64(span)))
			targets = append(targets, r.Callee)
			if w.rng.Float64() < s.answered {
				r.Outcome, r.TalkMS = record.Answered, 90_000
				w.add(r, at)
				continue
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
			if s.rung {
				w.add(record.Record{Caller: r.Callee, Callee: own, Outcome: record.Answered, TalkMS: 30_000, Contact: record.Stranger, CallerPrint: "print1"}, at+time.Hour)
			}
		}
	}
	slices.Sort(targets)
	return slices.Compact(targets)
}

func (w *world) sort() []record.Record {
	slices.SortStableFunc(w.all, func(a, b record.Record) int { return int(max(min(a.Time-b.Time, 1), -1)) })
	return w.all
}

// score compares the best campaign with what was aimed at.
func score(all []hunt.Campaign, targets []string) (recall, precision float64) {
	for _, c := range all {
		hits := 0
		for _, t := range c.Targets {
			if _, ok := slices.BinarySearch(targets, t.ID); ok {
				hits++
			}
		}
		if r := float64(hits) / float64(len(targets)); r > recall {
			recall, precision = r, float64(hits)/float64(len(c.Targets))
		}
	}
	return recall, precision
}

// strong counts the strong campaigns.
func strong(all []hunt.Campaign) (n int) {
	for _, c := range all {
		if c.Strength == hunt.Strong {
			n++
		}
	}
	return n
}

const crowdSize = 20_000

// A campaign is found by its tenth target, whole in the end, and its further
// calls are held back while those of others are not.
func TestFoundByTheTenthTarget(t *testing.T) {
	for seed := range uint64(5) {
		w := newWorld(seed)
		w.people(crowdSize, 300_000)
		targets := w.group(attack, crowdSize)
		d, reached, found, held := New(small), map[string]bool{}, 0, 0
		for _, r := range w.sort() {
			ours := r.CallerPrint == attack.print
			if _, hold := d.Held(r.Caller, r.Callee, r.CallerPrint, r.CallerNetwork); hold {
				held++
				if !ours {
					t.Fatalf("a call of %s is held back", r.Caller)
				}
			}
			if ours {
				reached[r.Callee] = true
			}
			for _, e := range d.Add(r) {
				if e.Kind == Opened && found == 0 && slices.Equal(e.Campaign.Prints, []string{attack.print}) {
					found = len(reached)
				}
			}
		}
		if found == 0 || found > 10 || held < 800 {
			t.Errorf("seed %d: found at target %d, %d calls held back", seed, found, held)
		}
		all := d.Campaigns()
		if recall, precision := score(all, targets); recall < 0.99 || precision < 0.99 || strong(all) != 1 {
			t.Errorf("seed %d: recall %.3f, precision %.3f, %d strong", seed, recall, precision, strong(all))
		}
		t.Logf("seed %d: found at target %d, %d calls held back, counts %+v", seed, found, held, d.Counts())
	}
}

// Those who look alike and are innocent are no strong campaign at any time; nor
// is nobody.
func TestInnocentIsNotStrong(t *testing.T) {
	shapes := []shape{
		{name: "nobody"},
		{name: "call centre", accounts: 30, each: 80, print: "print2", network: "AS70001", answered: 0.4, tries: 2},
		{name: "fraud ring", accounts: 25, each: 60, print: "odd", network: "AS70002", answered: 0.25, tries: 1.8},
		{name: "scanner", accounts: 10, each: 400, print: "scan", network: "AS70003", tries: 1, failed: true},
		{name: "one ring", accounts: 12, each: 300, print: "ring", network: "AS70004", tries: 1.1},
		{name: "broken", accounts: 300, each: 2, print: "print9", answered: 0.3, tries: 3, failed: true},
		{name: "flash", accounts: 5, each: 4000, print: "flash", network: "AS70005", tries: 1.2},
		{name: "rung back", accounts: 10, each: 40, print: "back", network: "AS70006", tries: 2, rung: true},
	}
	for _, s := range shapes {
		w := newWorld(2)
		w.people(crowdSize, 300_000)
		w.group(s, crowdSize)
		d, ever := New(small), 0
		for _, r := range w.sort() {
			for _, e := range d.Add(r) {
				if e.Campaign.Strength == hunt.Strong {
					ever++
				}
			}
		}
		if all := d.Campaigns(); strong(all) != 0 {
			t.Errorf("%s: %v against %v", s.name, all[0].Why, all[0].Against)
		} else if ever > 0 {
			t.Logf("%s: %d events of a strong campaign, until more was known", s.name, ever)
		}
	}
}

func TestTwinsStayTwo(t *testing.T) {
	w := newWorld(3)
	w.people(crowdSize, 300_000)
	one := w.group(attack, crowdSize)
	other := attack
	other.name, other.print = "y", "print5-fork"
	two := w.group(other, crowdSize)
	d := New(small)
	for _, r := range w.sort() {
		d.Add(r)
	}
	all := d.Campaigns()
	for _, targets := range [][]string{one, two} {
		if recall, precision := score(all, targets); recall < 0.99 || precision < 0.95 {
			t.Errorf("recall %.3f, precision %.3f in %d campaigns", recall, precision, len(all))
		}
	}
}

// What a snapshot holds goes on as if nothing had happened.
func TestSnapshot(t *testing.T) {
	w := newWorld(4)
	w.people(5_000, 60_000)
	w.group(attack, 5_000)
	all := w.sort()
	whole, first := New(small), New(small)
	for _, r := range all {
		whole.Add(r)
	}
	for _, r := range all[:len(all)/2] {
		first.Add(r)
	}
	b, err := first.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	second, err := Restore(b, small)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all[len(all)/2:] {
		second.Add(r)
	}
	if got, want := second.Campaigns(), whole.Campaigns(); !reflect.DeepEqual(got, want) || len(want) == 0 {
		t.Errorf("%d campaigns after a snapshot, %d without", len(got), len(want))
	}
	if got, want := second.Counts(), whole.Counts(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if _, err := Restore(b, Options{Partitions: 4}); err == nil {
		t.Error("a snapshot of 16 partitions is taken for one of 4")
	}
}
