package simulate

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/ringfence/ringfence/hunt/record"
)

// made simulates into a folder, and reads all of it back.
func made(t *testing.T, o Options) (dir string, truth Truth, all []record.Record) {
	t.Helper()
	dir = t.TempDir()
	o.Format = record.JSONLines
	truth, err := Run(t.Context(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	slices.Sort(files)
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(b) {
			r, err := record.ParseJSON(bytes.TrimSpace(line))
			if err != nil {
				t.Fatalf("%s: %v: %s", f, err, line)
			}
			all = append(all, r)
		}
	}
	return dir, truth, all
}

func TestSameSeedSameBytes(t *testing.T) {
	read := func(workers int, seed uint64, harder bool) (all []byte) {
		dir := t.TempDir()
		if _, err := Run(t.Context(), dir, Options{Users: 3000, Days: 2, Seed: seed, Campaigns: Kinds, Workers: workers, Harder: harder}); err != nil {
			t.Fatal(err)
		}
		files, _ := filepath.Glob(filepath.Join(dir, "*"))
		slices.Sort(files)
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, b...)
		}
		return all
	}
	one, harder := read(1, 7, false), read(1, 7, true)
	if !bytes.Equal(one, read(3, 7, false)) || !bytes.Equal(harder, read(3, 7, true)) {
		t.Error("three goroutines make other records than one")
	}
	if bytes.Equal(one, read(1, 8, false)) || bytes.Equal(one, harder) {
		t.Error("another seed, or a harder world, makes the same records")
	}
}

// What the truth says stands in the records, and nothing is left out of it.
func TestTruthIsTrue(t *testing.T) {
	for i, kind := range Kinds {
		_, truth, all := made(t, Options{Users: 20_000, Days: 8, Calls: 10_000, Seed: 3, Campaigns: []string{kind}, Harder: i%2 == 1})
		want := 1
		if kind == "twin" {
			want = 2
		}
		if len(truth.Campaigns) != want {
			t.Fatalf("%s: %d campaigns", kind, len(truth.Campaigns))
		}
		for _, c := range truth.Campaigns {
			holds(t, c, all)
		}
	}
	for _, kind := range Kinds { // in the usual world no account but those of people who live calls anybody else
		_, truth, all := made(t, Options{Users: 20_000, Days: 8, Calls: 10_000, Seed: 4, Campaigns: []string{kind}})
		for _, c := range truth.Campaigns {
			if kind != "blended" && kind != "takeover" {
				complete(t, c, all)
			}
		}
	}
}

// complete says that whoever was called by an account is a target.
func complete(t *testing.T, c Campaign, all []record.Record) {
	t.Helper()
	known := map[string]bool{}
	for _, target := range c.Targets {
		known[target.ID] = true
	}
	for _, a := range c.Accounts {
		known[a] = true
	}
	for _, r := range all {
		if slices.Contains(c.Accounts, r.Caller) && !known[r.Callee] {
			t.Errorf("%s: %s was called by an account of it, and is no target", c.Name, r.Callee)
		}
	}
}

// holds says that each target was tried, first and last when the truth says so.
func holds(t *testing.T, c Campaign, all []record.Record) {
	t.Helper()
	type try struct {
		callee string
		at     int64
	}
	tried := map[try]bool{}
	first, last := map[string]time.Time{}, map[string]time.Time{}
	for _, r := range all {
		if !slices.Contains(c.Accounts, r.Caller) {
			continue
		}
		at := time.Unix(0, r.Time).UTC()
		tried[try{r.Callee, r.Time}] = true
		if f, ok := first[r.Callee]; !ok || at.Before(f) {
			first[r.Callee] = at
		}
		if at.After(last[r.Callee]) {
			last[r.Callee] = at
		}
	}
	if len(c.Targets) == 0 || len(c.Accounts) == 0 || len(c.Prints) == 0 || len(c.Networks) == 0 {
		t.Errorf("%s: %d accounts, %d targets, %d prints, %d networks", c.Name, len(c.Accounts), len(c.Targets), len(c.Prints), len(c.Networks))
	}
	lives := c.Name == "blended" || c.Name == "takeover" // whose owners call, too, whom they like
	for _, target := range c.Targets {
		f, l := first[target.ID], last[target.ID]
		if !tried[try{target.ID, target.First.UnixNano()}] || !tried[try{target.ID, target.Last.UnixNano()}] || !lives && (!f.Equal(target.First) || !l.Equal(target.Last)) {
			t.Errorf("%s: %s was tried from %s to %s, by the truth from %s to %s", c.Name, target.ID, f, l, target.First, target.Last)
		}
	}
}

// The world is like a world: most calls go to contacts, most of them are
// answered, few call much, and it is quiet at night.
func TestWorldIsPlausible(t *testing.T) {
	_, truth, all := made(t, Options{Users: 60_000, Days: 4, Calls: 240_000, Seed: 5})
	crowds, kinds := map[string]bool{}, map[string]bool{}
	for _, l := range truth.Lookalikes {
		kinds[l.Kind] = true
		for _, a := range l.Accounts {
			crowds[a] = true
		}
	}
	if len(kinds) < 20 {
		t.Errorf("%d kinds of look-alikes, want twenty", len(kinds))
	}
	var n, contacts, answered int
	calls, countries := map[string]int{}, map[string]bool{}
	for _, r := range all {
		if crowds[r.Caller] {
			continue
		}
		n++
		calls[r.Caller]++
		countries[r.CalleeCountry] = true
		if r.Contact == record.Accepted {
			contacts++
		}
		if r.Outcome == record.Answered {
			answered++
		}
	}
	within := func(what string, part, whole int, least, most float64) {
		if s := float64(part) / float64(whole); s < least || s > most {
			t.Errorf("%s: %.3f, want %.2f to %.2f", what, s, least, most)
		}
	}
	within("all calls, of those asked for", n, 240_000, .85, 1.2)
	within("to contacts", contacts, n, .88, .96)
	within("answered", answered, n, .5, .72)
	if len(countries) < 90 {
		t.Errorf("people in %d countries are called, want 95", len(countries))
	}
	per := make([]int, 0, len(calls))
	for _, k := range calls {
		per = append(per, k)
	}
	slices.Sort(per)
	if middle, busy := per[len(per)/2], per[len(per)*999/1000]; busy < 4*middle || busy > 200*middle {
		t.Errorf("of a thousand the busiest makes %d calls, the one in the middle %d", busy, middle)
	}
}

// Friends are mutual, and households live together.
func TestPeopleKnowEachOther(t *testing.T) {
	o := Options{Users: 12_345, Days: 1, Seed: 9}
	if err := o.fill(); err != nil {
		t.Fatal(err)
	}
	w := newWorld(o)
	for u := range o.Users {
		if v := w.friend(u, 2); v >= 0 && w.friend(v, 2) != u {
			t.Fatalf("%d is a friend of %d, who does not know", v, u)
		}
		if v := w.kin(u, uint64(u)); v >= 0 && w.household(v) != w.household(u) {
			t.Fatalf("%d and %d are no household", u, v)
		}
		if v := w.abroad(u, 1); v >= 0 && w.abroad(v, 1) != u {
			t.Fatalf("%d knows %d abroad, who does not know", v, u)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, o := range []Options{{Users: 5, Days: 1}, {Users: 5000, Days: 0}, {Users: 5000, Days: 1000}, {Users: 5000, Days: 1, Calls: -1}, {Users: 5000, Days: 1, Campaigns: []string{"x"}}} {
		if _, err := Run(t.Context(), t.TempDir(), o); err == nil {
			t.Errorf("%+v was simulated", o)
		}
	}
}
