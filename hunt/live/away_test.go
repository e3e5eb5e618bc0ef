package live

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/ringfence/ringfence/bus"
)

// alive starts a NATS server on a port, with what it kept before.
func alive(t *testing.T, port int, dir string) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: port, NoLog: true, NoSigs: true, JetStream: true, StoreDir: dir, MaxPayload: bus.MaxMessage,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(time.Minute) {
		t.Fatal("the server did not start")
	}
	return s
}

// A bus that goes away for longer than a lease, and comes back, costs nothing:
// what is found is what one process finds.
func TestBusGoesAway(t *testing.T) {
	w := newWorld(13)
	w.people(4_000, 20_000)
	w.group(attack, 4_000)
	all := w.sort()
	want := alone(all)
	if len(want) == 0 {
		t.Fatal("nothing is found alone")
	}
	port, dir := freePort(t), t.TempDir()
	s := alive(t, port, dir)
	b, err := bus.Open(bus.Options{Cluster: s.ClientURL(), Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	spread := quick(1)
	spread.Lease = 2 * time.Second
	r, err := Start(t.Context(), b, spread)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Stop()
	feed(t, r, all[:len(all)/2], nil)
	s.Shutdown()
	s.WaitForShutdown()
	time.Sleep(3 * time.Second) // all leases end
	alive(t, port, dir)
	feed(t, r, all[len(all)/2:], nil)
	if got := settled(t, r, want); !alike(got, want) {
		t.Fatalf("%d campaigns, want %d", len(got), len(want))
	}
	if c, _, err := r.Counts(t.Context()); err != nil || c.Records != int64(len(all)) {
		t.Errorf("%d records were counted of %d, %v", c.Records, len(all), err)
	}
}

// A snapshot that cannot be read is no end of the hunt: the partition is watched
// again from the beginning of the stream.
func TestSnapshotIsNotReadable(t *testing.T) {
	w := newWorld(14)
	w.people(4_000, 20_000)
	w.group(attack, 4_000)
	all := w.sort()
	want := alone(all)
	b := embedded(t, t.TempDir())
	r, err := Start(t.Context(), b, quick(1))
	if err != nil {
		t.Fatal(err)
	}
	feed(t, r, all[:len(all)/2], nil)
	for complete := false; !complete; {
		if _, complete, err = r.Counts(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	r.Stop()
	spoilt := 0
	for p := range r.stream.Partitions() {
		data, _, err := r.values.Get(t.Context(), snapshotOf(p))
		if err != nil {
			t.Fatal(err)
		}
		var s stands
		if json.Unmarshal(data, &s) == nil && s.Saved != "" && p%2 == 0 {
			spoilt++
			if err := r.values.Save(t.Context(), s.Saved, fmt.Append(nil, "nothing")); err != nil {
				t.Fatal(err)
			}
		}
	}
	if spoilt == 0 {
		t.Fatal("there are no snapshots")
	}
	if r, err = Start(t.Context(), b, quick(1)); err != nil {
		t.Fatal(err)
	}
	defer r.Stop()
	feed(t, r, all[len(all)/2:], nil)
	if got := settled(t, r, want); !alike(got, want) {
		t.Fatalf("%d campaigns, want %d, after %d snapshots were spoilt", len(got), len(want), spoilt)
	}
}
