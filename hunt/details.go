package hunt

import (
	"context"
	"slices"
	"sync"

	"github.com/ringfence/ringfence/hunt/record"
)

// dossier is what a group's accounts did: all of their calls, and the calls back.
type dossier struct {
	group
	calls []callOf // sorted by time
	back  []callOf // to the accounts, by those whom they had tried
}

// callOf is one call by or to an account of a group.
type callOf struct {
	attempt
	talk    int32 // ms
	country record.Code
}

const (
	filterBits = 22
	mostCalls  = 4_000_000 // that are looked at, of all groups
	ownCalls   = 300_000   // of one group
)

// filter says quickly of most ids that they are no member's.
type filter [1 << filterBits / 64]uint64

func (f *filter) add(id record.ID) { f[id>>(64-filterBits)>>6] |= 1 << (id >> (64 - filterBits) & 63) }
func (f *filter) has(id record.ID) bool {
	return f[id>>(64-filterBits)>>6]&(1<<(id>>(64-filterBits)&63)) != 0
}

// looking is the second reading.
type looking struct {
	member map[record.ID]int32 // group
	filter filter
	groups []dossier

	mu    sync.Mutex
	names map[record.ID]string
	calls int
	cut   int64
}

// details reads the records again, for what the groups' accounts did.
func (h *hunting) details(ctx context.Context, groups []group) (*looking, error) {
	l := newLooking()
	for i, g := range groups {
		for _, m := range g.members {
			l.want(h.suspects[m].id, int32(i))
		}
		l.groups = append(l.groups, dossier{group: g})
	}
	if h.share != nil {
		if err := h.share.ask(l); err != nil {
			return l, err
		}
	}
	err := h.secondReading(ctx, l)
	if err == nil && h.share != nil {
		err = h.share.collectDetails(ctx, h, l)
	}
	l.sort()
	if l.cut > 0 {
		h.reject("calls of large groups beyond the number that is looked at", l.cut)
	}
	return l, err
}

func newLooking() *looking {
	return &looking{member: map[record.ID]int32{}, names: map[record.ID]string{}}
}

// want asks for the calls of an account, for a group.
func (l *looking) want(id record.ID, group int32) {
	l.member[id] = group
	l.filter.add(id)
}

func (h *hunting) secondReading(ctx context.Context, l *looking) error {
	if len(l.member) == 0 {
		return nil
	}
	_, err := h.source.Read(ctx, record.Reading{
		Want: record.Caller | record.Callee | record.Call | record.CallerPrint | record.CallerNetwork | record.RingMS | record.TalkMS |
			record.ContactColumn | record.CallerAge | record.CalleeCountry,
		Workers: h.Workers, Progress: h.Progress, Visit: l.visit,
	})
	return err
}

// sort puts the calls in order, each once.
func (l *looking) sort() {
	for i := range l.groups {
		for _, calls := range []*[]callOf{&l.groups[i].calls, &l.groups[i].back} {
			slices.SortFunc(*calls, func(a, b callOf) int {
				if a.time != b.time {
					return int(max(min(a.time-b.time, 1), -1))
				}
				return compareAttempts(a.attempt, b.attempt)
			})
			*calls = slices.CompactFunc(*calls, func(a, b callOf) bool { return compareAttempts(a.attempt, b.attempt) == 0 })
		}
	}
}

// visit keeps the records of members.
func (l *looking) visit(_ int, b *record.Batch) error {
	for i := range b.N {
		if !l.filter.has(b.Caller[i]) && !l.filter.has(b.Callee[i]) {
			continue
		}
		caller, called := l.member[b.Caller[i]]
		callee, isBack := l.member[b.Callee[i]]
		if called || isBack {
			l.keep(b, i, caller, callee, called, isBack)
		}
	}
	return nil
}

func (l *looking) keep(b *record.Batch, i int, caller, callee int32, called, back bool) {
	c := callOf{attempt: attemptOf(b, i)}
	if b.TalkMS != nil {
		c.talk = b.TalkMS[i]
	}
	if b.CalleeCountry != nil {
		c.country = b.CalleeCountry[i]
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if called {
		l.put(&l.groups[caller].calls, c)
		l.name(b, record.Caller, i, c.caller)
		l.name(b, record.Callee, i, c.callee)
	}
	if back && !(called && caller == callee) {
		l.put(&l.groups[callee].back, c)
	}
}

func (l *looking) put(to *[]callOf, c callOf) {
	if len(*to) >= ownCalls || l.calls >= mostCalls {
		l.cut++
		return
	}
	l.calls++
	*to = append(*to, c)
}

func (l *looking) name(b *record.Batch, column record.Columns, i int, id record.ID) {
	if _, ok := l.names[id]; !ok && b.Text != nil {
		l.names[id] = b.Text(column, i)
	}
}
