package service

import (
	"context"
	"sync"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
)

const (
	ledgerQueue = 1024
	ledgerTopic = "ledger.grown"
)

// ledger writes verdicts to the store, many at a time, and says on the bus that
// there are new ones.
type ledger struct {
	mu   sync.RWMutex
	in   chan guard.Verdict // nil: stopped
	done sync.WaitGroup
}

func (l *ledger) start(s *Service) {
	in := make(chan guard.Verdict, ledgerQueue)
	l.in = in
	l.done.Go(func() {
		for v := range in {
			batch := []guard.Verdict{v}
			for len(in) > 0 && len(batch) < ledgerQueue {
				batch = append(batch, <-in)
			}
			if err := s.store.AddVerdicts(context.Background(), batch); err != nil {
				s.config.Log.Error("verdicts could not be stored", "count", len(batch), "why", err)
				continue
			}
			if err := s.bus.Publish(ledgerTopic, nil); err != nil {
				s.config.Log.Warn("who watches the ledger could not be told", "why", err)
			}
		}
	})
}

// record takes a verdict. It waits when the disk is slower than what is refused:
// a verdict is evidence and is not dropped. After stop, when the relay may still
// be refusing something, there is nowhere to write it.
func (l *ledger) record(v guard.Verdict) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.in != nil {
		l.in <- v
	}
}

func (l *ledger) stop() {
	l.mu.Lock()
	if l.in != nil {
		close(l.in)
		l.in = nil
	}
	l.mu.Unlock()
	l.done.Wait()
}

// Verdicts returns a page of the ledger.
func (s *Service) Verdicts(ctx context.Context, f guard.Filter, p guard.Page) ([]guard.Verdict, error) {
	return s.store.Verdicts(ctx, f, p)
}

// Verdict returns one verdict with its bytes.
func (s *Service) Verdict(ctx context.Context, number int64) (guard.Verdict, error) {
	return s.store.Verdict(ctx, number)
}

// Tally counts verdicts by rule.
func (s *Service) Tally(ctx context.Context, f guard.Filter) ([]guard.Tally, error) {
	return s.store.Tally(ctx, f)
}

// Watch gives a sign after the ledger has grown, until the context is done.
func (s *Service) Watch(ctx context.Context) <-chan struct{} {
	sign := make(chan struct{}, 1)
	cancel, err := s.bus.Subscribe(ledgerTopic, func([]byte) {
		select {
		case sign <- struct{}{}:
		default: // there is a sign already
		}
	})
	if err != nil {
		s.config.Log.Error("the ledger cannot be watched", "why", err)
		return sign
	}
	context.AfterFunc(ctx, cancel)
	return sign
}

// Block ends an account's sessions, connection and call, and lets it in no more.
func (s *Service) Block(ctx context.Context, account wire.ID, by, reason string) error {
	if err := s.store.Block(ctx, account, by, reason); err != nil {
		return err
	}
	s.hub.end(account, "blocked")
	if err := s.endCallOf(ctx, account); err != nil {
		return err
	}
	return s.store.EndSessions(ctx, account)
}

// Lift ends the block of an account.
func (s *Service) Lift(ctx context.Context, account wire.ID, by, reason string) error {
	return s.store.Lift(ctx, account, by, reason)
}

// Blocks returns a page of blocks.
func (s *Service) Blocks(ctx context.Context, f guard.BlockFilter, p guard.Page) ([]guard.Block, error) {
	return s.store.Blocks(ctx, f, p)
}
