package sign

import (
	"slices"

	"github.com/ringfence/ringfence/hunt/record"
)

// sample counts different ids in bounded memory: exactly as long as they fit,
// and beyond by those that it keeps, of which each stands for 2^level (adaptive
// sampling: Flajolet, On Adaptive Sampling, Computing 43, 1990). What it ends
// with depends only on the set of ids, not on their order.
type sample struct {
	ids   []record.ID
	level uint8
}

func (s *sample) add(id record.ID, most int) {
	if uint64(id)&(1<<s.level-1) != 0 {
		return
	}
	if len(s.ids) == cap(s.ids) {
		s.settle(most)
		if 2*len(s.ids) > cap(s.ids) { // else there is room until the next settling pays
			s.ids = slices.Grow(s.ids, len(s.ids)+4)
		}
	}
	s.ids = append(s.ids, id)
}

// settle sorts the ids, each once, and keeps at most so many.
func (s *sample) settle(most int) {
	slices.Sort(s.ids)
	s.ids = slices.Compact(s.ids)
	for len(s.ids) > most {
		s.level++
		s.ids = slices.DeleteFunc(s.ids, func(id record.ID) bool { return uint64(id)&(1<<s.level-1) != 0 })
	}
}

// merge adds what another sample has.
func (s *sample) merge(o *sample, most int) {
	s.level = max(s.level, o.level)
	s.ids = slices.DeleteFunc(append(s.ids, o.ids...), func(id record.ID) bool { return uint64(id)&(1<<s.level-1) != 0 })
	s.settle(most)
}

// count returns how many ids there are, about; exactly when it is exact.
func (s *sample) count() int64 { return int64(len(s.ids)) << s.level }

func (s *sample) exact() bool { return s.level == 0 }
