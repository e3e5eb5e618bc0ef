package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ringfence/ringfence/bus"
)

// A partition is watched by one machine at a time. What it tells the others are
// values with the sequence number of the stream that they stand for: what was
// worked out from more of the stream stays, whoever comes late with less. So
// records count once, though they may be read again after a machine was lost, and
// a machine that was wrongly taken for lost does no harm.

const (
	accountKey  = "account."
	crowdKey    = "crowd."
	snapshotKey = "snapshot."
	campaignKey = "campaigns"
	releasedKey = "released."
)

const (
	tellEvery  = 250 * time.Millisecond
	tellCrowd  = time.Second
	tellAtOnce = 8
)

// stands is a value that stands for the stream up to a sequence number.
type stands struct {
	Seq     uint64    `json:"seq"`
	Account *Account  `json:"account,omitempty"` // nil: it is no more
	Crowd   *Crowd    `json:"crowd,omitempty"`   // of a partition
	Counts  *Counts   `json:"counts,omitempty"`  // of a partition
	Saved   string    `json:"saved,omitempty"`   // the name of a snapshot
	Time    time.Time `json:"time,omitzero"`     // of the latest record
}

// hunter is a watch that reads from the stream.
type hunter struct {
	runner   *Runner
	watch    *watch
	seq      uint64
	saved    string // name of the latest snapshot
	savedSeq uint64
	crowdSeq uint64 // for which the others were told of the crowd
	mu       sync.Mutex
	revision map[string]uint64 // of values, as far as known
	latest   *bus.Message      // that was taken and is not acknowledged
}

// watchPartition watches a partition until the context ends.
func (r *Runner) watchPartition(ctx context.Context, p int) error {
	h := &hunter{runner: r, revision: map[string]uint64{}}
	if err := h.restore(ctx, p); err != nil {
		return err
	}
	messages := make(chan bus.Message, 256)
	reading := make(chan error, 1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		reading <- r.stream.Read(ctx, p, h.seq, func(m bus.Message) error {
			select {
			case messages <- m:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	tell, crowd, save := time.NewTicker(tellEvery), time.NewTicker(tellCrowd), time.NewTicker(r.spread.Snapshot)
	defer tell.Stop()
	defer crowd.Stop()
	defer save.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return h.last()
		case err = <-reading:
		case m := <-messages:
			h.watch.take(m.Data, r.spread.Decode)
			h.seq, h.latest = m.Sequence, &m
		case <-tell.C:
			err = h.tell(ctx)
		case <-crowd.C:
			err = h.tellCrowd(ctx)
		case <-save.C:
			err = h.save(ctx)
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// last tells and saves what there is, for whoever takes over.
func (h *hunter) last() error {
	ctx, cancel := context.WithTimeout(context.Background(), h.runner.spread.Lease/2)
	defer cancel()
	return h.save(ctx)
}

// restore takes up the latest snapshot of a partition.
func (h *hunter) restore(ctx context.Context, p int) error {
	o := h.runner.spread.Detector
	h.watch = newWatch(p, o.Partitions, o.Limits)
	data, revision, err := h.runner.values.Get(ctx, snapshotOf(p))
	if err != nil || revision == 0 {
		return err
	}
	var s stands
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("snapshot of partition %d: %w", p, err)
	}
	saved, err := h.runner.values.Load(ctx, s.Saved)
	if err != nil {
		return fmt.Errorf("snapshot of partition %d: %w", p, err)
	}
	h.savedSeq, h.saved, h.revision[snapshotOf(p)] = s.Seq, s.Saved, revision
	was, err := restoreWatch(saved, p, o.Partitions, o.Limits)
	if err != nil { // what is still in the stream is better than no hunt
		h.runner.spread.Log.Error("a snapshot of the live hunt is not readable; the partition is watched again from the beginning of the stream", "partition", p, "error", err)
		return nil
	}
	h.watch, h.seq = was, s.Seq
	return nil
}

func snapshotOf(p int) string { return fmt.Sprint(snapshotKey, p) }

// tell tells the others which accounts changed, some at a time.
func (h *hunter) tell(ctx context.Context) error {
	var wait sync.WaitGroup
	var first error
	slots := make(chan struct{}, tellAtOnce)
	h.watch.changes(func(account uint64, a *Account) {
		data, err := json.Marshal(stands{Seq: h.seq, Account: a})
		slots <- struct{}{}
		wait.Go(func() {
			if err == nil {
				_, err = h.put(ctx, fmt.Sprintf("%s%d.%016x", accountKey, h.watch.number, account), data)
			}
			h.mu.Lock()
			first = cmpErr(first, err)
			h.mu.Unlock()
			<-slots
		})
	})
	wait.Wait()
	return first
}

func cmpErr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// tellCrowd tells the others of everybody in the partition.
func (h *hunter) tellCrowd(ctx context.Context) error {
	if h.crowdSeq == h.seq {
		return nil
	}
	counts := h.watch.counted()
	data, err := json.Marshal(stands{Seq: h.seq, Crowd: h.watch.people.crowd(), Counts: &counts, Time: when(h.watch.now)})
	if err != nil {
		return err
	}
	h.crowdSeq = h.seq
	_, err = h.put(ctx, fmt.Sprint(crowdKey, h.watch.number), data)
	return err
}

// save keeps a snapshot, and then acknowledges what it stands for.
func (h *hunter) save(ctx context.Context) error {
	if h.seq <= h.savedSeq {
		return nil
	}
	if err := h.tell(ctx); err != nil {
		return err
	}
	if err := h.tellCrowd(ctx); err != nil {
		return err
	}
	data, err := h.watch.snapshot()
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%s.%d.%d", h.runner.name, h.watch.number, h.seq)
	if err := h.runner.values.Save(ctx, name, data); err != nil {
		return err
	}
	pointer, err := json.Marshal(stands{Seq: h.seq, Saved: name})
	if err != nil {
		return err
	}
	ours, err := h.put(ctx, snapshotOf(h.watch.number), pointer)
	if err != nil {
		return err
	}
	if !ours {
		return errors.Join(errTaken, h.runner.values.Drop(ctx, name))
	}
	old := h.saved
	h.saved, h.savedSeq = name, h.seq
	if h.latest != nil {
		if err := h.latest.Done(); err != nil {
			h.runner.spread.Log.Warn("records of the live hunt were not acknowledged", "partition", h.watch.number, "error", err)
		}
		h.latest = nil
	}
	if old == "" {
		return nil
	}
	return h.runner.values.Drop(ctx, old)
}

var errTaken = errors.New("another machine is further with this partition")

// put sets a value unless what is there stands for as much of the stream.
func (h *hunter) put(ctx context.Context, key string, data []byte) (ours bool, err error) {
	h.mu.Lock()
	revision := h.revision[key]
	h.mu.Unlock()
	for {
		now, err := h.runner.values.Set(ctx, key, data, revision)
		if err == nil {
			h.mu.Lock()
			h.revision[key] = now
			h.mu.Unlock()
			return true, nil
		}
		if !errors.Is(err, bus.ErrChanged) {
			return false, err
		}
		there, now, err := h.runner.values.Get(ctx, key)
		if err != nil {
			return false, err
		}
		if now > 0 {
			var s stands
			if err := json.Unmarshal(there, &s); err != nil {
				return false, fmt.Errorf("value %s of the live hunt: %w", key, err)
			}
			if s.Seq >= h.seq {
				return string(there) == string(data), nil
			}
		}
		revision = now
	}
}
