package client

import (
	"sync"
	"time"
)

// rate bounds how often something may happen within a span of time.
type rate struct {
	mu   sync.Mutex
	most int
	span time.Duration
	now  func() time.Time
	from time.Time
	used int
}

func newRate(most int, span time.Duration, now func() time.Time) *rate {
	return &rate{most: most, span: span, now: now}
}

// take tells whether it may happen once more.
func (r *rate) take() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.now(); t.Sub(r.from) >= r.span || t.Before(r.from) {
		r.from, r.used = t, 0
	}
	r.used++
	return r.used <= r.most
}
