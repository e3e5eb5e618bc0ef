package hunt

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/ringfence/ringfence/hunt/record"
)

const people = 20_000

// attack is a campaign as that of 2019.
var attack = shape{name: "x", accounts: 20, each: 15, print: "print3-fork", network: "AS64999", tries: 3}

func find(t *testing.T, w *world, o Options) Result {
	t.Helper()
	o.Workers = max(o.Workers, 1)
	r, err := Find(t.Context(), w, o)
	if err != nil {
		t.Fatal(err)
	}
	r.Seconds = 0
	return r
}

// score compares the best campaign with what was aimed at.
func score(r Result, targets []string) (recall, precision float64) {
	for _, c := range r.Campaigns {
		hits := 0
		for _, g := range c.Targets {
			if _, ok := slices.BinarySearch(targets, g.ID); ok {
				hits++
			}
		}
		if got := float64(hits) / float64(len(targets)); got > recall {
			recall, precision = got, float64(hits)/float64(len(c.Targets))
		}
	}
	return recall, precision
}

func strong(r Result) (n int) {
	for _, c := range r.Campaigns {
		if c.Strength == Strong {
			n++
		}
	}
	return n
}

func TestCampaignIsFound(t *testing.T) {
	w := newWorld(1)
	w.people(people, 300_000)
	targets := w.group(attack, people)
	r := find(t, w, Options{})
	if recall, precision := score(r, targets); recall < 0.99 || precision < 0.99 {
		t.Errorf("recall %.3f, precision %.3f, %d campaigns, explained %v", recall, precision, len(r.Campaigns), r.Explained)
	}
	if strong(r) != 1 {
		t.Errorf("%d strong campaigns, want 1", strong(r))
	}
	c := r.Campaigns[0]
	if len(c.Accounts) != attack.accounts || !slices.Equal(c.Prints, []string{attack.print}) || !slices.Equal(c.Networks, []string{attack.network}) {
		t.Errorf("accounts %v, prints %v, networks %v", c.Accounts, c.Prints, c.Networks)
	}
	if !c.Without["client print"] || len(c.Why) == 0 || len(c.Attempts) == 0 || c.From.After(c.To) {
		t.Errorf("%+v", c.Without)
	}
}

// Those who look alike and are innocent are no strong campaign; nor is nobody.
func TestInnocentIsNotStrong(t *testing.T) {
	shapes := []shape{
		{name: "nobody"},
		{name: "call centre", accounts: 30, each: 80, print: "print2", network: "AS70001", answered: 0.4, tries: 2},
		{name: "fraud ring", accounts: 25, each: 60, print: "odd", network: "AS70002", answered: 0.2, tries: 1.8},
		{name: "scanner", accounts: 10, each: 400, print: "scan", network: "AS70003", tries: 1, failed: true},
		{name: "one ring", accounts: 12, each: 300, print: "ring", network: "AS70004", tries: 1.1},
		{name: "broken", accounts: 300, each: 2, print: "print9", network: "", answered: 0.3, tries: 3, failed: true},
		{name: "flash", accounts: 5, each: 4000, print: "flash", network: "AS70005", tries: 1.2},
	}
	for _, s := range shapes {
		w := newWorld(2)
		w.people(people, 300_000)
		w.group(s, people)
		if r := find(t, w, Options{}); strong(r) != 0 {
			t.Errorf("%s: %d strong campaigns: %v against %v", s.name, strong(r), r.Campaigns[0].Why, r.Campaigns[0].Against)
		}
	}
}

// Accounts that were taken over call their contacts: what is found is the client
// that makes the calls.
func TestTakenOverContactsAreFound(t *testing.T) {
	w := newWorld(6)
	w.people(people, 300_000)
	s := attack
	s.contacts, s.network, s.name = true, "", "p" // they are ordinary people, at home
	targets := w.group(s, people)
	r := find(t, w, Options{})
	if recall, precision := score(r, targets); recall < 0.99 || precision < 0.99 {
		t.Errorf("recall %.3f, precision %.3f, explained %v", recall, precision, r.Explained)
	}
}

// Two campaigns on one network are two.
func TestTwinsStayTwo(t *testing.T) {
	w := newWorld(3)
	w.people(people, 300_000)
	one := w.group(attack, people)
	other := attack
	other.name, other.print = "y", "print5-fork"
	two := w.group(other, people)
	r := find(t, w, Options{})
	for _, targets := range [][]string{one, two} {
		if recall, precision := score(r, targets); recall < 0.99 || precision < 0.95 {
			t.Errorf("recall %.3f, precision %.3f in %d campaigns", recall, precision, len(r.Campaigns))
		}
	}
}

// What the order of the records is, how many goroutines read them, how much of
// them goes to files, and whether some come twice: the same is found.
func TestSameWhateverTheOrder(t *testing.T) {
	w := newWorld(4)
	w.people(5_000, 60_000)
	w.group(attack, 5_000)
	want := find(t, w, Options{})
	if len(want.Campaigns) == 0 {
		t.Fatal("nothing was found")
	}
	w.rng.Shuffle(len(w.all), func(i, j int) { w.all[i], w.all[j] = w.all[j], w.all[i] })
	for name, o := range map[string]Options{"shuffled": {}, "four goroutines": {Workers: 4}, "in files": {Memory: 3 << 20, Dir: t.TempDir()}} {
		if got := find(t, w, o); !reflect.DeepEqual(got.Campaigns, want.Campaigns) {
			t.Errorf("%s: something else is found", name)
		}
	}
	n := len(w.all)
	w.all = append(w.all, w.all[:n/2]...)
	got := find(t, w, Options{})
	if got.Rejected == 0 || got.Reasons["the same attempt twice"] != got.Rejected {
		t.Errorf("of %d doubles %d were counted: %v", n/2, got.Rejected, got.Reasons)
	}
	if len(got.Campaigns) != len(want.Campaigns) || len(got.Campaigns[0].Targets) != len(want.Campaigns[0].Targets) || len(got.Campaigns[0].Attempts) != len(want.Campaigns[0].Attempts) {
		t.Error("with doubles something else is found")
	}
}

// An attacker who calls from ever new accounts costs bounded memory, and that
// they could not all be counted is said.
func TestStateIsBounded(t *testing.T) {
	const most = 400_000
	a := newAccounts(most)
	rng := rand.New(rand.NewPCG(1, 1))
	b := &record.Batch{N: 1000, Caller: make([]record.ID, 1000), Time: make([]int64, 1000)}
	var order shardOrder
	for range 2000 {
		for i := range b.Caller {
			b.Caller[i] = record.ID(rng.Uint64())
		}
		a.add(b, &order)
	}
	if a.len() > 2*most || a.lost() == 0 || 2_000_000-int64(a.len())-a.lost() > 100 {
		t.Errorf("%d accounts are kept, %d calls not counted", a.len(), a.lost())
	}
}

// Without the columns that may be missing a hunt says so, and still ends.
func TestColumnsMayBeMissing(t *testing.T) {
	w := newWorld(5)
	w.people(people, 200_000)
	targets := w.group(attack, people)
	w.columns = record.Required | record.CallerPrint | record.TalkMS
	r := find(t, w, Options{})
	if len(r.Absent) < 4 {
		t.Errorf("absent: %v", r.Absent)
	}
	if recall, _ := score(r, targets); recall < 0.9 {
		t.Errorf("by the print alone %.3f of the targets are found; explained %v", recall, r.Explained)
	}
}
