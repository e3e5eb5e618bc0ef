package guard

import (
	"container/list"
	"sync"
	"time"
)

// Spend is one draw on a budget: so many a period, for a name and a key.
type Spend struct {
	Name  string // "offers of a caller", for the reason given
	Key   string // whose budget
	Limit int
	Per   time.Duration
}

// maxBudgets bounds the memory that hostile traffic can take: about 200 bytes
// each. When it is full the one that was drawn on longest ago goes.
const maxBudgets = 200_000

// Budgets are token buckets: a bucket holds Limit and refills over Per.
type Budgets struct {
	mu    sync.Mutex
	now   func() time.Time
	byKey map[budgetKey]*list.Element
	order *list.List // most recently drawn on first
}

type budgetKey struct{ name, key string }

type bucket struct {
	key  budgetKey
	left float64
	at   time.Time
}

// NewBudgets returns empty budgets on a clock.
func NewBudgets(now func() time.Time) *Budgets {
	return &Budgets{now: now, byKey: map[budgetKey]*list.Element{}, order: list.New()}
}

// Draw takes one from each of the budgets. If one of them is spent nothing is
// taken, and that one is returned.
func (b *Budgets) Draw(spends []Spend) *Spend {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range spends {
		if b.refill(&spends[i]).left < 1 {
			return &spends[i]
		}
	}
	for i := range spends {
		b.refill(&spends[i]).left--
	}
	return nil
}

func (b *Budgets) refill(s *Spend) *bucket {
	now, key := b.now(), budgetKey{s.Name, s.Key}
	if e, ok := b.byKey[key]; ok {
		b.order.MoveToFront(e)
		k := e.Value.(*bucket)
		if passed := now.Sub(k.at); passed > 0 {
			k.left = min(float64(s.Limit), k.left+float64(s.Limit)*passed.Seconds()/s.Per.Seconds())
		}
		k.at = now
		return k
	}
	if b.order.Len() >= maxBudgets {
		last := b.order.Back()
		b.order.Remove(last)
		delete(b.byKey, last.Value.(*bucket).key)
	}
	k := &bucket{key: key, left: float64(s.Limit), at: now}
	b.byKey[key] = b.order.PushFront(k)
	return k
}
