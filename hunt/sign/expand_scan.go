package sign

import (
	"context"
	"sync"

	"github.com/ringfence/ringfence/hunt/record"
)

// ids is a set of accounts or targets.
type ids map[record.ID]struct{}

func (s ids) has(id record.ID) bool { _, ok := s[id]; return ok }
func (s ids) add(id record.ID)      { s[id] = struct{}{} }

const (
	mostCallers = 1000      // of a target, that are known one by one
	mostCalls   = 4_000_000 // that one look-up takes
)

// scan finds in the records themselves, by reading all of them each time.
type scan struct {
	source  record.Source
	workers int
	people  *population
}

func newScan(ctx context.Context, source record.Source, o Options) (*scan, error) {
	people, err := count(ctx, source, o, 0, nil)
	return &scan{source, o.Workers, people}, err
}

func (s *scan) population() *population { return s.people }

// counts tells whether a record is an attempt of which something follows.
func (p *population) counts(b *record.Batch, i int) bool {
	return usual(b, i) || unusual(b, i) && b.CallerPrint != nil && p.ties(attribute{Print, b.CallerPrint[i]})
}

// attempts returns what accounts tried.
func (s *scan) attempts(ctx context.Context, callers map[record.ID]int) (all map[record.ID][]attempt, cut int64, err error) {
	var calls []call
	var mu sync.Mutex
	_, err = s.source.Read(ctx, record.Reading{
		Want: record.CallerPrint | record.CallerNetwork | record.TalkMS | record.ContactColumn, Workers: s.workers,
		Visit: func(_ int, b *record.Batch) error {
			for i, caller := range b.Caller[:b.N] {
				if callers[caller] == 0 || !s.people.counts(b, i) {
					continue
				}
				mu.Lock()
				if len(calls) < mostCalls {
					calls = append(calls, callOf(b, i))
				} else {
					cut++
				}
				mu.Unlock()
			}
			return nil
		},
	})
	var found []attempt
	fold(calls, func(a attempt) { found = append(found, a) })
	all = map[record.ID][]attempt{}
	split(found, all)
	for id, most := range callers {
		if len(all[id]) > most {
			all[id] = all[id][:most]
		}
	}
	return all, cut, err
}

// split gives each caller its own of sorted attempts.
func split(found []attempt, all map[record.ID][]attempt) {
	for len(found) > 0 {
		n := 1
		for n < len(found) && found[n].caller == found[0].caller {
			n++
		}
		all[found[0].caller] = found[:n:n]
		found = found[n:]
	}
}

// callers returns who tried targets.
func (s *scan) callers(ctx context.Context, targets ids) (map[record.ID]*sample, error) {
	of := map[record.ID]*sample{}
	var mu sync.Mutex
	_, err := s.source.Read(ctx, record.Reading{
		Want: record.CallerPrint | record.TalkMS | record.ContactColumn, Workers: s.workers,
		Visit: func(_ int, b *record.Batch) error {
			for i, callee := range b.Callee[:b.N] {
				if !targets.has(callee) || !s.people.counts(b, i) {
					continue
				}
				mu.Lock()
				if of[callee] == nil {
					of[callee] = &sample{}
				}
				of[callee].add(b.Caller[i], mostCallers)
				mu.Unlock()
			}
			return nil
		},
	})
	for _, one := range of {
		one.settle(mostCallers)
	}
	return of, err
}

// names returns the texts of ids.
func (s *scan) names(ctx context.Context, of ids) (map[record.ID]string, error) {
	names := map[record.ID]string{}
	var mu sync.Mutex
	name := func(b *record.Batch, column record.Columns, i int, id record.ID) {
		if !of.has(id) {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if names[id] == "" {
			names[id] = b.Text(column, i)
		}
	}
	_, err := s.source.Read(ctx, record.Reading{
		Want: record.Caller | record.Callee, Workers: s.workers,
		Visit: func(_ int, b *record.Batch) error {
			for i := range b.N {
				name(b, record.Caller, i, b.Caller[i])
				name(b, record.Callee, i, b.Callee[i])
			}
			return nil
		},
	})
	return names, err
}
