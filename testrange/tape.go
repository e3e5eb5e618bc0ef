package testrange

import (
	"context"
	"sync"
	"time"
)

// maxTape bounds what is remembered of one person.
const maxTape = 20_000

// tape remembers what came, in order.
type tape[T any] struct {
	mu    sync.Mutex
	all   []T
	added chan struct{}
}

func newTape[T any]() *tape[T] { return &tape[T]{added: make(chan struct{})} }

func (t *tape[T]) add(v T) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.all) < maxTape {
		t.all = append(t.all, v)
	}
	close(t.added)
	t.added = make(chan struct{})
}

// mark is where the tape stands.
func (t *tape[T]) mark() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.all)
}

// since returns what came after a mark.
func (t *tape[T]) since(mark int) []T {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]T(nil), t.all[mark:]...)
}

// await returns the first thing after a mark that matches.
func (t *tape[T]) await(ctx context.Context, mark int, wait time.Duration, match func(T) bool) (T, bool) {
	end := time.After(wait)
	for {
		t.mu.Lock()
		added := t.added
		for _, v := range t.all[min(mark, len(t.all)):] {
			if match(v) {
				t.mu.Unlock()
				return v, true
			}
		}
		mark = len(t.all)
		t.mu.Unlock()
		select {
		case <-added:
		case <-end:
			var none T
			return none, false
		case <-ctx.Done():
			var none T
			return none, false
		}
	}
}

// isType matches messages of the device socket.
func isType(types ...byte) func([]byte) bool {
	return func(b []byte) bool {
		for _, t := range types {
			if len(b) > 0 && b[0] == t {
				return true
			}
		}
		return false
	}
}
