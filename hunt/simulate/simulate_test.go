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
	read := func(workers int, seed uint64) (all []byte) {
		dir := t.TempDir()
		if _, err := Run(t.Context(), dir, Options{Users: 3000, Days: 2, Seed: seed, Campaigns: Kinds, Workers: workers}); err != nil {
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
	one := read(1, 7)
	if !bytes.Equal(one, read(3, 7)) {
		t.Error("three goroutines make other records than one")
	}
	if bytes.Equal(one, read(1, 8)) {
		t.Error("another seed makes the same records")
	}
}

// What the truth says stands in the records.
func TestTruthIsTrue(t *testing.T) {
	for _, kind := range Kinds {
		_, truth, all := made(t, Options{Users: 20_000, Days: 8, Calls: 10_000, Seed: 3, Campaigns: []string{kind}})
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
}

func holds(t *testing.T, c Campaign, all []record.Record) {
	t.Helper()
	accounts, prints := map[string]bool{}, map[string]bool{}
	for _, a := range c.Accounts {
		accounts[a] = true
	}
	for _, p := range c.Prints {
		prints[p] = true
	}
	first, last := map[string]time.Time{}, map[string]time.Time{}
	for _, r := range all {
		// An account that also lives calls others, too, but not with this client.
		if !accounts[r.Caller] || accounts[r.Callee] || r.CallerPrint != "" && !prints[r.CallerPrint] {
			continue
		}
		at := time.Unix(0, r.Time).UTC()
		if f, ok := first[r.Callee]; !ok || at.Before(f) {
			first[r.Callee] = at
		}
		if at.After(last[r.Callee]) {
			last[r.Callee] = at
		}
	}
	if len(c.Targets) == 0 || len(c.Accounts) == 0 {
		t.Errorf("%s: %d accounts, %d targets", c.Name, len(c.Accounts), len(c.Targets))
	}
	for _, target := range c.Targets {
		f, ok := first[target.ID]
		if !ok || target.First.Before(f) || target.Last.After(last[target.ID]) {
			t.Errorf("%s: %s was tried from %s to %s, by the truth from %s to %s", c.Name, target.ID, f, last[target.ID], target.First, target.Last)
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
