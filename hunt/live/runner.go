package live

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringfence/ringfence/bus"
	"github.com/ringfence/ringfence/hunt"
	"github.com/ringfence/ringfence/hunt/record"
)

// Spread says how the live hunt is spread over machines.
type Spread struct {
	Detector Options       // the same on all of them; as many partitions as when the stream was made
	Replicas int           // of what is kept; 0: one. A cluster of three takes three
	Age      time.Duration // of the records in the stream; 0: two days. The detector remembers more
	Bytes    int64         // of the stream; 0: 4 GB
	Lease    time.Duration // after which a machine that says nothing is taken for lost; 0: 10 s
	Snapshot time.Duration // between two snapshots of a partition; 0: 30 s
	Compare  time.Duration // between two comparisons of everybody; 0: 10 s
	Only     bool          // feed and ask only; the hunting is done by other machines

	// Encode appends a record as a line of JSON without its end; Decode reads one.
	Encode func(to []byte, r *record.Record) []byte
	Decode func(line []byte) (record.Record, error)

	// Events, when not nil, gets what happens to campaigns, on every machine.
	Events func(Event)
	Log    *slog.Logger // nil: none
}

func (s *Spread) fill() {
	s.Detector.fill()
	s.Age = cmp.Or(s.Age, 48*time.Hour)
	s.Bytes = cmp.Or(s.Bytes, 4<<30)
	s.Lease = cmp.Or(s.Lease, 10*time.Second)
	s.Snapshot = cmp.Or(s.Snapshot, 30*time.Second)
	s.Compare = cmp.Or(s.Compare, 10*time.Second)
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
}

// Runner is one machine of the live hunt. Its methods may be used from several
// goroutines.
type Runner struct {
	spread Spread
	bus    *bus.Bus
	stream *bus.Stream
	values *bus.Values
	leases *bus.Leases
	name   string
	held   atomic.Pointer[published]
	fed    []atomic.Uint64 // by partition, the latest message that this machine has put there
	cancel context.CancelFunc
	tasks  sync.WaitGroup
	// hunters are the partitions of this machine; only share touches it.
	hunters map[int]*task
	merging *task
}

// task is something that goes on while a lease is held.
type task struct {
	cancel context.CancelFunc
	done   chan struct{}
}

// stop ends the task and waits for it.
func (t *task) stop() {
	t.cancel()
	<-t.done
}

func (t *task) ended() bool {
	select {
	case <-t.done:
		return true
	default:
		return false
	}
}

// published is what the groups' machine tells all others.
type published struct {
	Campaigns []hunt.Campaign
	Holds     holds
	released  map[string]bool
}

// mostPartitionValues keeps what a partition tells of everybody in one message.
const mostPartitionValues = 8_000

const (
	streamName = "calls"
	valuesName = "hunt"
	eventTopic = "hunt.event"
)

// Start joins the live hunt on a bus. Stop leaves it.
func Start(ctx context.Context, b *bus.Bus, s Spread) (*Runner, error) {
	s.fill()
	if s.Encode == nil || s.Decode == nil {
		return nil, errors.New("live hunt: it has no form of records; set Encode and Decode")
	}
	stream, err := b.Stream(ctx, bus.StreamOptions{Name: streamName, Partitions: s.Detector.Partitions, Replicas: s.Replicas, Age: s.Age, Bytes: s.Bytes})
	if err != nil {
		return nil, fmt.Errorf("live hunt: %w", err)
	}
	s.Detector.Partitions = stream.Partitions()
	if n := s.Detector.Limits.Values / stream.Partitions(); n > mostPartitionValues {
		return nil, fmt.Errorf("live hunt: %d values in each of %d partitions, at most %d; set fewer values", n, stream.Partitions(), mostPartitionValues)
	}
	values, err := b.Values(ctx, valuesName, s.Replicas, time.Duration(window+2*day))
	if err != nil {
		return nil, fmt.Errorf("live hunt: %w", err)
	}
	r := &Runner{spread: s, bus: b, stream: stream, values: values, name: hex.EncodeToString(fmt.Appendf(nil, "%016x", rand.Uint64())), hunters: map[int]*task{}, fed: make([]atomic.Uint64, stream.Partitions())}
	r.held.Store(&published{released: map[string]bool{}})
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r.cancel = cancel
	r.leases = values.Leases(running, r.name, s.Lease)
	if err := r.listen(running); err != nil {
		cancel()
		return nil, fmt.Errorf("live hunt: %w", err)
	}
	if !s.Only {
		r.tasks.Go(func() { r.share(running) })
	}
	return r, nil
}

// Stop leaves the live hunt; other machines take over at once.
func (r *Runner) Stop() {
	r.cancel()
	r.tasks.Wait()
}

// share takes as many partitions as are this machine's part, and gives back what
// is more, until the context ends.
func (r *Runner) share(ctx context.Context) {
	defer r.leave()
	tick := time.NewTicker(r.spread.Lease / 4)
	defer tick.Stop()
	for {
		r.balance(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// leave ends all tasks and gives the leases back.
func (r *Runner) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), r.spread.Lease)
	defer cancel()
	for _, t := range r.hunters {
		t.cancel() // all at once: each waits for the bus when it is away
	}
	for p, t := range r.hunters {
		t.stop()
		r.drop(ctx, partitionLease(p))
	}
	if r.merging != nil {
		r.merging.stop()
		r.drop(ctx, mergerLease)
	}
	r.drop(ctx, nodeLease+r.name)
}

func (r *Runner) drop(ctx context.Context, lease string) {
	if err := r.leases.Drop(ctx, lease); err != nil {
		r.spread.Log.Warn("a lease was not given back; it ends by itself", "lease", lease, "error", err)
	}
}

const (
	nodeLease   = "node."
	mergerLease = "groups"
)

func partitionLease(p int) string { return fmt.Sprintf("partition.%d", p) }

// balance renews what this machine holds, and takes or gives what is fair.
func (r *Runner) balance(ctx context.Context) {
	r.hold(ctx, nodeLease+r.name)
	nodes := max(len(r.leases.Holders(nodeLease)), 1)
	fair := (r.stream.Partitions() + nodes - 1) / nodes
	for p, t := range r.hunters {
		switch {
		case t.ended():
		case len(r.hunters) > fair:
			t.stop()
			r.drop(ctx, partitionLease(p))
		case r.hold(ctx, partitionLease(p)):
			continue
		default:
			t.cancel() // another has it, or the bus is away: what we still write is refused
			continue   // until it has ended
		}
		delete(r.hunters, p)
	}
	holders := r.leases.Holders("")
	for p := range r.stream.Partitions() {
		if len(r.hunters) >= fair {
			break
		}
		if _, taken := holders[partitionLease(p)]; !taken && r.hunters[p] == nil && r.hold(ctx, partitionLease(p)) {
			r.hunters[p] = r.start(ctx, func(ctx context.Context) error { return r.watchPartition(ctx, p) })
		}
	}
	holding := r.hold(ctx, mergerLease)
	if r.merging != nil && (!holding || r.merging.ended()) {
		r.merging.stop()
		r.merging = nil
	}
	if holding && r.merging == nil {
		r.merging = r.start(ctx, r.merge)
	}
}

// hold takes or renews a lease.
func (r *Runner) hold(ctx context.Context, lease string) bool {
	ctx, cancel := context.WithTimeout(ctx, r.spread.Lease/2)
	defer cancel()
	ok, err := r.leases.Hold(ctx, lease)
	if err != nil && ctx.Err() == nil {
		r.spread.Log.Warn("a lease of the live hunt was not renewed", "lease", lease, "error", err)
	}
	return ok
}

func (r *Runner) start(ctx context.Context, run func(context.Context) error) *task {
	ctx, cancel := context.WithCancel(ctx)
	t := &task{cancel, make(chan struct{})}
	go func() {
		defer close(t.done)
		defer cancel()
		if err := run(ctx); err != nil && ctx.Err() == nil {
			r.spread.Log.Error("a part of the live hunt ended and is taken up again", "error", err)
		}
	}()
	return t
}
