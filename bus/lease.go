package bus

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"
)

// Leases share work among nodes: each piece of it is held by one. A lease that
// its holder has not renewed for its time is free. That is measured by each node
// with its own clock, from when it saw the lease change, so that clocks need not
// agree. A holder that was too slow learns it when it renews; what it writes in
// the meantime must be safe by compare and set.
type Leases struct {
	values *Values
	holder string
	time   time.Duration

	mu   sync.Mutex
	seen map[string]lease
}

type lease struct {
	holder   string
	revision uint64
	at       time.Time // when it was seen to change
}

const leasePrefix = "lease."

// Leases returns the leases among values, and watches them until the context
// ends.
func (v *Values) Leases(ctx context.Context, holder string, t time.Duration) *Leases {
	l := &Leases{values: v, holder: holder, time: t, seen: map[string]lease{}}
	go func() {
		for ctx.Err() == nil {
			_ = v.Watch(ctx, leasePrefix+">", l.see)
			select { // it has ended before its time: once more
			case <-ctx.Done():
			case <-time.After(again):
			}
		}
	}()
	return l
}

func (l *Leases) see(key string, data []byte, revision uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if key != "" && revision > l.seen[key].revision {
		l.seen[key] = lease{string(data), revision, time.Now()}
	}
}

func (l *Leases) look(name string) lease {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen[leasePrefix+name]
}

// Holders returns who holds which of the leases whose names begin with a prefix.
func (l *Leases) Holders(prefix string) map[string]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := map[string]string{}
	for key, e := range l.seen {
		name := strings.TrimPrefix(key, leasePrefix)
		if strings.HasPrefix(name, prefix) && e.holder != "" && time.Since(e.at) < l.time {
			all[name] = e.holder
		}
	}
	return all
}

// Hold takes a lease that is free, or renews one that we hold. False when another
// holds it.
func (l *Leases) Hold(ctx context.Context, name string) (bool, error) {
	e := l.look(name)
	if e.holder != "" && e.holder != l.holder && time.Since(e.at) < l.time {
		return false, nil
	}
	revision, err := l.values.Set(ctx, leasePrefix+name, []byte(l.holder), e.revision)
	if errors.Is(err, ErrChanged) {
		err = l.refresh(ctx, name) // it may have been us, and the answer was lost
		return err == nil && l.look(name).holder == l.holder, err
	}
	if err != nil {
		return false, err
	}
	l.see(leasePrefix+name, []byte(l.holder), revision)
	return true, nil
}

// refresh reads a lease that somebody else has changed.
func (l *Leases) refresh(ctx context.Context, name string) error {
	data, revision, err := l.values.Get(ctx, leasePrefix+name)
	if err == nil {
		l.see(leasePrefix+name, data, revision)
	}
	return err
}

// Drop gives a lease back, when we hold it.
func (l *Leases) Drop(ctx context.Context, name string) error {
	e := l.look(name)
	if e.holder != l.holder {
		return nil
	}
	revision, err := l.values.Set(ctx, leasePrefix+name, nil, e.revision)
	if errors.Is(err, ErrChanged) {
		return l.refresh(ctx, name)
	}
	if err == nil {
		l.see(leasePrefix+name, nil, revision)
	}
	return err
}
