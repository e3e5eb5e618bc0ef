package hunt

import (
	"sync"

	"github.com/ringfence/ringfence/hunt/record"
)

// account is what is known of every caller: 16 bytes, because there may be a
// hundred million of them, and four fit into a line of the cache. Of the id 32
// bits stand here and eight more in the shard: of a hundred million accounts some
// thousands fall together, which changes no share that is worth anything.
type account struct {
	tag     uint32      // of the id; 0 is free
	print   record.Code // of its latest call that had one
	network record.Code
	calls   uint16 // at most mostCounted
	created int16  // the week, counted from 1970; noWeek when the age is not known
}

const mostCounted = 1<<16 - 1

const (
	noWeek    = -1
	shardBits = 8
	shards    = 1 << shardBits
)

// accounts counts the callers. It is cut into shards by the id, so that two
// goroutines seldom want the same one and each fits into a cache.
type accounts struct {
	shard [shards]accountShard
	max   int // of one shard
}

type accountShard struct {
	mu     sync.Mutex
	slots  []account // open addressing
	used   int
	lost   int64 // calls of callers that had no place
	warmed uint32
	_      [64]byte
}

func newAccounts(most int) *accounts { return &accounts{max: max(most/shards, 1024)} }

// add counts the calls of a batch, shard by shard.
func (a *accounts) add(b *record.Batch, order *shardOrder) {
	order.sort(b.Caller[:b.N])
	for s := range shards {
		rows := order.of(s)
		if len(rows) == 0 {
			continue
		}
		sh := &a.shard[s]
		sh.mu.Lock()
		sh.warm(b.Caller, rows)
		for _, i := range rows {
			sh.count(b, int(i), a.max)
		}
		sh.mu.Unlock()
	}
}

// warm touches the places of the rows, without waiting for one before the next:
// the memory answers many at a time, and the lookups behind it find them near.
func (s *accountShard) warm(ids []record.ID, rows []uint32) {
	if len(s.slots) == 0 {
		return
	}
	mask, sum := uint32(len(s.slots)-1), uint32(0)
	for _, i := range rows {
		sum ^= s.slots[tagOf(ids[i])&mask].tag
	}
	s.warmed = sum
}

func (s *accountShard) count(b *record.Batch, i, most int) {
	e := s.find(tagOf(b.Caller[i]), most)
	if e == nil {
		s.lost++
		return
	}
	if e.calls < mostCounted {
		e.calls++
	}
	if b.CallerPrint != nil && b.CallerPrint[i] != 0 {
		e.print = b.CallerPrint[i]
	}
	if b.CallerNetwork != nil && b.CallerNetwork[i] != 0 {
		e.network = b.CallerNetwork[i]
	}
	if b.CallerAge != nil && b.CallerAge[i] >= 0 {
		e.created = week(b.Time[i], b.CallerAge[i])
	}
}

// find returns the place of a tag, made when it is new; nil when the table may
// not grow any more.
func (s *accountShard) find(tag uint32, most int) *account {
	if s.used*4 >= len(s.slots)*3 {
		if s.used >= most {
			return s.look(tag)
		}
		s.grow()
	}
	mask := uint32(len(s.slots) - 1)
	for p := tag & mask; ; p = (p + 1) & mask {
		switch e := &s.slots[p]; e.tag {
		case tag:
			return e
		case 0:
			*e = account{tag: tag, created: noWeek}
			s.used++
			return e
		}
	}
}

// look returns the place of a tag that is there, or nil.
func (s *accountShard) look(tag uint32) *account {
	if len(s.slots) == 0 {
		return nil
	}
	mask := uint32(len(s.slots) - 1)
	for p := tag & mask; ; p = (p + 1) & mask {
		switch e := &s.slots[p]; e.tag {
		case tag:
			return e
		case 0:
			return nil
		}
	}
}

func (s *accountShard) grow() {
	old := s.slots
	s.slots = make([]account, max(1024, 2*len(old)))
	mask := uint32(len(s.slots) - 1)
	for _, e := range old {
		if e.tag == 0 {
			continue
		}
		p := e.tag & mask
		for s.slots[p].tag != 0 {
			p = (p + 1) & mask
		}
		s.slots[p] = e
	}
}

// tagOf is the part of an id that stands in a shard, which the highest bits have
// chosen.
func tagOf(id record.ID) uint32 { return max(uint32(id>>16), 1) }

func shardOf(id record.ID) int { return int(id >> (64 - shardBits)) }

// look returns what is known of a caller, or nil.
func (a *accounts) look(id record.ID) *account { return a.shard[shardOf(id)].look(tagOf(id)) }

// each visits all callers.
func (a *accounts) each(visit func(*account)) {
	for s := range a.shard {
		for i := range a.shard[s].slots {
			if e := &a.shard[s].slots[i]; e.tag != 0 {
				visit(e)
			}
		}
	}
}

func (a *accounts) len() (n int) {
	for s := range a.shard {
		n += a.shard[s].used
	}
	return n
}

// lost returns how many calls were not counted because there were more callers
// than the memory allows.
func (a *accounts) lost() (n int64) {
	for s := range a.shard {
		n += a.shard[s].lost
	}
	return n
}

// week is the week in which an account of an age was made, from 1970.
func week(at int64, days int32) int16 {
	const day = 24 * 3600 * 1_000_000_000
	w := (at/day - int64(days)) / 7
	if w < 0 || w > 1<<15-1 {
		return noWeek
	}
	return int16(w)
}

// shardOrder sorts the rows of a batch by shard.
type shardOrder struct {
	rows  []uint32
	start [shards + 1]uint32
}

func (o *shardOrder) sort(ids []record.ID) {
	if cap(o.rows) < len(ids) {
		o.rows = make([]uint32, len(ids))
	}
	o.rows = o.rows[:len(ids)]
	o.start = [shards + 1]uint32{}
	for _, id := range ids {
		o.start[shardOf(id)+1]++
	}
	for s := range shards {
		o.start[s+1] += o.start[s]
	}
	next := o.start
	for i, id := range ids {
		s := shardOf(id)
		o.rows[next[s]] = uint32(i)
		next[s]++
	}
}

func (o *shardOrder) of(s int) []uint32 { return o.rows[o.start[s]:o.start[s+1]] }
