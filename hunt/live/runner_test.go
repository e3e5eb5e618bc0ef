package live

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/ringfence/ringfence/bus"
	"github.com/ringfence/ringfence/hunt"
	"github.com/ringfence/ringfence/hunt/record"
)

func encode(to []byte, r *record.Record) []byte {
	line, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	return append(to, line...)
}

func parse(line []byte) (r record.Record, err error) {
	return r, json.Unmarshal(line, &r)
}

// quick is a spread with short times.
func quick(replicas int) Spread {
	return Spread{
		Detector: small, Replicas: replicas, Lease: 4 * time.Second, Snapshot: 2 * time.Second, Compare: time.Second, Encode: encode, Decode: parse,
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
}

// alone is what a detector in one process finds.
func alone(of []record.Record) []hunt.Campaign {
	d := New(small)
	for _, r := range of {
		d.Add(r)
	}
	return d.Campaigns()
}

// feed adds records some hundred at a time, and calls half in the middle.
func feed(t *testing.T, r *Runner, all []record.Record, half func()) {
	t.Helper()
	n := 0
	for some := range slices.Chunk(all, 500) {
		if n += len(some); n > len(all)/2 && half != nil {
			half()
			half = nil
		}
		if err := r.Add(t.Context(), some...); err != nil {
			t.Fatal(err)
		}
	}
}

// settled waits until all that was added has been compared, and returns what was
// found.
func settled(t *testing.T, r *Runner, want []hunt.Campaign) []hunt.Campaign {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		if _, complete, err := r.Counts(ctx); err == nil && complete && alike(r.Campaigns(), want) {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	return r.Campaigns()
}

// alike compares campaigns as they are written.
func alike(a, b []hunt.Campaign) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

func embedded(t *testing.T, dir string) *bus.Bus {
	t.Helper()
	b, err := bus.Open(bus.Options{Name: "test", Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// On one machine, through a stream and a restart in the middle, what is found is
// what one process finds; a release lets calls through.
func TestRunnerFindsTheSame(t *testing.T) {
	w := newWorld(7)
	w.people(4_000, 30_000)
	w.group(attack, 4_000)
	all := w.sort()
	want := alone(all)
	if len(want) == 0 {
		t.Fatal("nothing is found alone")
	}
	dir := t.TempDir()
	b := embedded(t, dir)
	opened := make(chan Event, 1000)
	spread := quick(1)
	spread.Events = func(e Event) {
		if e.Kind == Opened {
			opened <- e
		}
	}
	r, err := Start(t.Context(), b, spread)
	if err != nil {
		t.Fatal(err)
	}
	feed(t, r, all[:len(all)/2], nil)
	r.Stop()
	b.Close()
	b = embedded(t, dir)
	if r, err = Start(t.Context(), b, spread); err != nil {
		t.Fatal(err)
	}
	defer r.Stop()
	feed(t, r, all[len(all)/2:], nil)
	got := settled(t, r, want)
	if !alike(got, want) {
		t.Fatalf("%d campaigns, want %d", len(got), len(want))
	}
	counts, _, err := r.Counts(t.Context())
	if err != nil || counts.Records != int64(len(all)) {
		t.Errorf("%d records were counted of %d, %v", counts.Records, len(all), err)
	}
	if len(opened) == 0 {
		t.Error("no campaign was said to be opened")
	}
	a := want[0].Accounts[0]
	id, held := r.Held(a, "p1", "", "")
	if !held || id != want[0].ID {
		t.Fatalf("calls of %s are not held back", a)
	}
	if _, held := r.Held("p1", "p2", "print1", "AS1"); held {
		t.Error("a call of somebody else is held back")
	}
	if err := r.Release(t.Context(), id, "it was a drill"); err != nil {
		t.Fatal(err)
	}
	for held {
		_, held = r.Held(a, "p1", "", "")
		time.Sleep(20 * time.Millisecond)
	}
	if !reflect.DeepEqual(r.Campaigns()[0].Accounts, want[0].Accounts) {
		t.Error("a campaign that was released is not shown any more")
	}
}
