package live

import (
	"fmt"
	"testing"
	"time"

	"github.com/ringfence/ringfence/hunt"
	"github.com/ringfence/ringfence/hunt/record"
)

// An attacker who makes up a new account, print, network and target for each call
// costs bounded memory, what went is counted, and a campaign is found all the
// same.
func TestStateIsBounded(t *testing.T) {
	w := newWorld(9)
	w.people(crowdSize, 100_000)
	targets := w.group(attack, crowdSize)
	for i := range 300_000 {
		r := record.Record{
			Caller: fmt.Sprint("made up ", i), Callee: fmt.Sprint("nobody ", i), CallerPrint: fmt.Sprint("p", i), CallerVersion: "1", CallerNetwork: fmt.Sprint("AS", i),
			Outcome: record.Missed, Contact: record.Stranger, CallerAge: record.NoAge,
		}
		w.add(r, time.Duration(w.rng.Int64N(int64(span))))
	}
	for i := range 50_000 { // and one that tries everybody
		r := record.Record{Caller: "wide", Callee: fmt.Sprint("nobody ", i), Outcome: record.Missed, Contact: record.Stranger, CallerAge: record.NoAge}
		w.add(r, time.Duration(w.rng.Int64N(int64(span))))
	}
	o := Options{Limits: Limits{Accounts: 1 << 13, Targets: 1 << 14, Population: 1 << 14, Values: 1 << 12, Calls: 1 << 12}}
	d := New(o)
	for _, r := range w.sort() {
		d.Add(r)
	}
	accounts, kept, values := 0, 0, 0
	for _, w := range d.watches {
		accounts += len(w.accounts)
		values += len(w.people.Values)
		sum := 0
		for _, a := range w.accounts {
			sum += len(a.Targets)
		}
		if sum != w.targets || len(w.order) != len(w.accounts) || len(w.people.order) != len(w.people.Values) || len(w.changed) > len(w.accounts) {
			t.Errorf("%d targets are counted, %d kept; %d accounts in order of %d", w.targets, sum, len(w.order), len(w.accounts))
		}
		kept += sum
	}
	if accounts > o.Limits.Accounts || kept > o.Limits.Targets || values > o.Limits.Values || len(d.board.groups.accounts) > accounts {
		t.Errorf("%d accounts, %d targets, %d values are kept; the limits are %+v", accounts, kept, values, o.Limits)
	}
	c := d.Counts()
	if c.Evicted == 0 || c.Forgotten == 0 || c.Dropped == 0 {
		t.Errorf("what went is not counted: %+v", c)
	}
	if recall, precision := score(d.Campaigns(), targets); recall < 0.95 || precision < 0.95 {
		t.Errorf("recall %.3f, precision %.3f under a flood", recall, precision)
	}
}

// Records that come late, twice, or from another time are counted and do not
// change what is found.
func TestRecordsThatLie(t *testing.T) {
	w := newWorld(10)
	w.people(5_000, 60_000)
	w.group(attack, 5_000)
	all := w.sort()
	want := alone(all)
	d := New(small)
	var sent Counts // of what is to be refused
	strange := record.Record{Caller: "liar", Callee: "p1", Outcome: record.Missed, Contact: record.Stranger}
	for i, r := range all {
		d.Add(r)
		switch i % 1000 {
		case 1:
			d.Add(r) // twice
		case 500:
			strange.Time, strange.Call = r.Time+int64(300*24*time.Hour), fmt.Sprint("f", i)
			d.Add(strange)
			sent.Future++
		case 700:
			strange.Time, strange.Call = r.Time-int64(300*24*time.Hour), fmt.Sprint("o", i)
			d.Add(strange)
			sent.Old++
		case 800:
			d.Add(record.Record{Time: r.Time, Caller: "nobody"})
			d.Add(record.Record{Time: r.Time, Caller: string(make([]byte, 1000)), Callee: "p1", Outcome: record.Missed})
			sent.Invalid += 2
		}
	}
	c := d.Counts()
	if c.Future != sent.Future || c.Old != sent.Old || c.Invalid != sent.Invalid || sent.Old < 50 {
		t.Errorf("%+v, but what was sent to be refused is %+v", c, sent)
	}
	if got := d.Campaigns(); !alike(got, want) {
		t.Errorf("%d campaigns, want %d", len(got), len(want))
	}
	again := New(small)
	for _, r := range all[:20_000] {
		again.Add(r)
		again.Add(r)
	}
	if n := alone(all[:20_000]); !alike(again.Campaigns(), n) {
		t.Error("each record twice, and something else is found")
	}
	// It is the clock that was wrong when all say so.
	for i := range 2000 {
		r := all[i%len(all)]
		r.Time += int64(400 * 24 * time.Hour)
		d.Add(r)
	}
	if after := d.Counts(); after.Future-c.Future > 16*convinced {
		t.Errorf("%d records were refused, though all agree on the time", after.Future-c.Future)
	}
}

// Attempts that come in another order within some hours are the same campaign.
func TestOutOfOrder(t *testing.T) {
	w := newWorld(11)
	w.people(5_000, 60_000)
	targets := w.group(attack, 5_000)
	all := w.sort()
	for i := 0; i+2000 <= len(all); i += 2000 {
		part := all[i : i+2000]
		w.rng.Shuffle(len(part), func(a, b int) { part[a], part[b] = part[b], part[a] })
	}
	if recall, precision := score(alone(all), targets); recall < 0.99 || precision < 0.99 {
		t.Errorf("recall %.3f, precision %.3f", recall, precision)
	}
}

// Users who say that a call was strange are evidence: with them a campaign is
// found that tried each target once, and a report of somebody else's call is none.
func TestReports(t *testing.T) {
	w := newWorld(12)
	w.people(crowdSize, 100_000)
	quiet := attack
	quiet.accounts, quiet.each, quiet.tries = 8, 2, 1
	w.group(quiet, crowdSize)
	d, reported := New(small), 0
	for _, r := range w.sort() {
		d.Add(r)
		if r.CallerPrint != attack.print {
			continue
		}
		if _, ok := d.Report("somebody else", r.Call); ok {
			t.Fatal("a report of somebody else's call was taken")
		}
		if _, ok := d.Report(r.Callee, r.Call); ok {
			reported++
		}
		if _, ok := d.Report(r.Callee, r.Call); ok {
			t.Fatal("a report was taken twice")
		}
	}
	c := d.Counts()
	if reported != 16 || c.Reports != 16 || c.Unmatched != 32 {
		t.Errorf("%d reports were taken, %+v", reported, c)
	}
	found := d.Campaigns()
	if len(found) != 1 || len(found[0].Accounts) != 8 {
		t.Errorf("%d campaigns are found by reports", len(found))
	}
	quietWorld := newWorld(12)
	quietWorld.people(crowdSize, 100_000)
	quietWorld.group(quiet, crowdSize)
	if n := len(alone(quietWorld.sort())); n != 0 {
		t.Errorf("%d campaigns without a report", n)
	}
}

// Accounts that were taken over call those who had accepted them, from a client
// that hardly anybody has, while their owners go on with theirs. Three of them are
// a group, so that it is found when three have tried two people each.
func TestTakenOver(t *testing.T) {
	for seed := range uint64(3) {
		w := newWorld(20 + seed)
		w.people(crowdSize, 300_000)
		stolen := map[string]bool{}
		reached := map[string]bool{}
		for a := range 12 {
			who := 100 + 7*a
			at := 6*24*time.Hour + time.Duration(w.rng.Int64N(int64(48*time.Hour)))
			stolen[fmt.Sprint("p", who)] = true
			for range 8 {
				r := record.Record{
					Caller: fmt.Sprint("p", who), Callee: fmt.Sprint("p", w.rng.IntN(crowdSize)), CallerPrint: "print3-fork", CallerVersion: "1", CallerNetwork: "AS64999",
					Outcome: record.Missed, RingMS: 2500, Contact: record.Accepted, CallerAge: 400,
				}
				for range 3 {
					w.add(r, at)
					at += 40 * time.Second
				}
				at += time.Duration(w.rng.Int64N(int64(2 * time.Hour)))
			}
		}
		d, opened, third, began, two := New(small), 0, 0, map[string]string{}, map[string]bool{}
		for _, r := range w.sort() {
			if r.CallerPrint == "print3-fork" {
				reached[r.Callee] = true
				if began[r.Caller] == "" {
					began[r.Caller] = r.Callee
				}
				if began[r.Caller] != r.Callee {
					two[r.Caller] = true
				}
				if len(two) == 3 && third == 0 {
					third = len(reached)
				}
			}
			for _, e := range d.Add(r) {
				if e.Kind == Opened && opened == 0 && e.Campaign.Prints[0] == "print3-fork" {
					opened = len(reached)
				}
			}
		}
		hits, others, all := 0, 0, d.Campaigns()
		for _, c := range all {
			for _, a := range c.Accounts {
				if stolen[a] {
					hits++
				} else if c.Strength == hunt.Strong {
					others++
				}
			}
		}
		if opened == 0 || opened > max(10, third+1) || hits < 11 || others > 0 {
			t.Errorf("seed %d: opened at target %d; %d of 12 accounts, %d that are none, in %d campaigns", seed, opened, hits, others, len(all))
		}
		t.Logf("seed %d: opened at target %d of %d; three accounts had tried two people at %d", seed, opened, len(reached), third)
	}
}

func FuzzRestore(f *testing.F) {
	o := Options{Partitions: 2, Limits: Limits{Accounts: 64, Targets: 256, Population: 64, Values: 64, Calls: 64}}
	d := New(o)
	w := newWorld(1)
	w.people(50, 200)
	w.group(shape{name: "x", accounts: 3, each: 3, print: "odd", network: "AS1", tries: 2}, 50)
	for _, r := range w.sort() {
		d.Add(r)
	}
	b, err := d.Snapshot()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := Restore(b, o)
		if err != nil {
			return
		}
		for _, r := range w.all[:50] {
			d.Add(r)
		}
		d.Campaigns()
	})
}

func FuzzLines(f *testing.F) {
	w := newWorld(1)
	w.people(5, 3)
	f.Add(append(encode(nil, &w.all[0]), '\n'))
	f.Add([]byte("{\"report\":{\"user\":\"p1\",\"call\":\"call1\"}}\n{\"report\":7}\nnothing"))
	f.Fuzz(func(t *testing.T, b []byte) {
		o := Options{Partitions: 1, Limits: Limits{Accounts: 64, Targets: 256, Population: 64, Values: 64, Calls: 64}}
		o.fill()
		x := newWatch(0, 1, o.Limits)
		x.take(b, parse)
		x.people.crowd()
	})
}
