package simulate

import (
	"cmp"
	"encoding/base32"
	"encoding/binary"
	"math"
	"time"

	"github.com/ringfence/ringfence/hunt/record"
)

// call is a call before it is a record.
type call struct {
	at             int64 // ns since the beginning
	caller, callee int
	outcome        record.Outcome
	ring, talk     int32 // ms
	contact        record.Contact
	rule           uint8
	number         uint32 // of calls at the same time by the same person
	// What differs from what the caller's phone would say; nil and "": nothing.
	with *clientOf
}

// clientOf is the client, network and age of an account that is no ordinary
// person's.
type clientOf struct {
	print, version, network, country string
	made                             int // day on which the account was made; noDay: as the person's
}

const noDay = math.MinInt32

func compareCalls(a, b call) int {
	if a.at != b.at { // nearly always
		return cmp.Compare(a.at, b.at)
	}
	return cmp.Or(cmp.Compare(a.caller, b.caller), cmp.Compare(a.callee, b.callee), cmp.Compare(a.number, b.number))
}

// The rules by which strangers' calls are held back.
var ruleNames = [...][]string{nil, {"R15"}, {"knock"}, {"R13"}}

// records makes records of calls, in a row that is used again.
func (w *writer) records(calls []call) []record.Record {
	w.batch = w.batch[:0]
	s := w.s
	for i := range calls {
		c := &calls[i]
		day := int(c.at / int64(24*time.Hour))
		d := s.draw(ofCall, uint64(c.caller)<<20^uint64(c.callee), uint64(c.at))
		r := record.Record{
			Time: s.from.UnixNano() + c.at, Call: s.text(ofCall, d^uint64(c.number)), Caller: s.ID(c.caller), Callee: s.ID(c.callee),
			CalleeCountry: s.countries[s.country(c.callee)].code, Outcome: c.outcome, RingMS: c.ring, TalkMS: c.talk, Contact: c.contact, Rules: ruleNames[c.rule],
		}
		made := noDay
		if c.with != nil {
			r.CallerPrint, r.CallerVersion, r.CallerNetwork, r.CallerCountry, made = c.with.print, c.with.version, c.with.network, c.with.country, c.with.made
		}
		if r.CallerPrint == "" {
			p := s.client(c.caller, day)
			r.CallerPrint, r.CallerVersion = p.name, p.version
		}
		if r.CallerNetwork == "" {
			r.CallerNetwork = s.usual(c.caller, c.at, d)
		}
		if r.CallerCountry == "" {
			r.CallerCountry = s.countries[s.country(c.caller)].code
		}
		age := day - made
		if made == noDay {
			age = s.age(c.caller) + day
		}
		r.CallerAge = int32(max(age, 0))
		if s.harder {
			s.unknown(&r, d)
		}
		if d%97 == 0 {
			r.CallerAge = record.NoAge
		}
		if d>>32%113 == 0 {
			r.CallerPrint, r.CallerVersion = "", ""
		}
		w.batch = append(w.batch, r)
	}
	return w.batch
}

// ID is the id of somebody, as it stands in the records.
func (w *World) ID(u int) string { return w.text(ofID, uint64(u)) }

func (w *World) text(stream, n uint64) string {
	var b [10]byte
	binary.BigEndian.PutUint64(b[:], w.draw(stream, n, 11))
	binary.BigEndian.PutUint16(b[8:], uint16(w.draw(stream, n, 12)))
	return lower.EncodeToString(b[:])
}

var lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// How unevenly people call: the rank of a caller is a power of a number from 0 to
// 1, without the first thousandth, for nobody calls all day.
const (
	uneven  = 1.6
	topRank = .001
)

var topShare = math.Pow(topRank/(1+topRank), 1/uneven)

// person draws somebody who calls in this hour: some call much more than others,
// and people sleep.
func (m *maker) person() int {
	n := float64(m.users)
	for range 40 {
		rank := n*(1+topRank)*math.Pow(m.rng.Float64()*(1-topShare)+topShare, uneven) - n*topRank
		u := int((uint64(max(rank, 0))*m.step + m.seed%uint64(m.users)) % uint64(m.users))
		shift := int(m.draw(ofPerson, uint64(u), 10)%7) - 3
		if m.rng.Float64() < m.awakeIn(m.country(u), m.hour, shift) && !(m.Harder && m.age(u)+m.hour/24 < 0) {
			return u
		}
	}
	return m.rng.IntN(m.users)
}

// ordinary is a call by somebody, and what follows from it.
func (m *maker) ordinary() {
	c := call{at: m.from + m.rng.Int64N(int64(time.Hour)), caller: m.person(), contact: record.Accepted}
	if m.Harder && m.seeker(c.caller) {
		m.seek(c)
		return
	}
	if m.rng.Float64() < .055 {
		m.stranger(c)
		return
	}
	c.callee = m.contact(c.caller, m.rng.Uint64())
	if c.callee < 0 || c.callee == c.caller {
		return
	}
	if m.Harder && m.newcomer(c.caller, c.callee) {
		c.contact = record.Stranger
		m.tries(c, .45, .35, .25)
		return
	}
	m.tries(c, .60, .3, .28)
}

// tries calls, and calls again after a while when nobody answers; or the other
// calls back.
func (m *maker) tries(c call, answered, again, back float64) {
	for range 4 {
		m.happens(&c, answered)
		m.put(c)
		if c.outcome == record.Answered || c.outcome == record.Declined && m.rng.Float64() < .7 {
			return
		}
		over := c.at + int64(c.ring)*int64(time.Millisecond)
		switch x := m.rng.Float64(); {
		case x < again:
			c.at = over + int64(about(m.rng, 40, 1.1)*float64(time.Second))
		case x < again+back && c.outcome != record.Failed:
			other := c
			other.caller, other.callee, other.with = c.callee, c.caller, nil
			other.at = over + int64(about(m.rng, 420, 1.3)*float64(time.Second))
			m.happens(&other, .8)
			m.put(other)
			return
		default:
			return
		}
	}
}

// happens draws what becomes of a call.
func (m *maker) happens(c *call, answered float64) {
	c.ring, c.talk = int32(min(about(m.rng, 6500, .6), 45_000)), 0
	switch x := m.rng.Float64(); {
	case x < answered:
		c.outcome = record.Answered
		c.talk = int32(min(about(m.rng, 95_000, 1.3), 4*3600_000))
	case x < answered+(1-answered)*.52:
		c.outcome, c.ring = record.Missed, int32(min(about(m.rng, 32_000, .35), 60_000))
	case x < answered+(1-answered)*.76:
		c.outcome, c.ring = record.Cancelled, int32(about(m.rng, 9_000, .8))
	case x < answered+(1-answered)*.92:
		c.outcome = record.Declined
	default:
		c.outcome, c.ring = record.Failed, int32(m.rng.IntN(2500))
	}
	c.ring, c.talk = max(c.ring, 0), max(c.talk, 0)
	m.quiet(c)
	if m.Harder && m.outage(m.country(c.callee), m.hour) && m.rng.Float64() < .6 {
		c.outcome, c.ring, c.talk = record.Failed, int32(m.rng.IntN(2500)), 0
	}
}

// stranger is a call to somebody who does not know the caller: a wrong number, a
// delivery, something for sale, an old friend with a new phone.
func (m *maker) stranger(c call) {
	c.contact = record.Stranger
	t, _, size := m.town(c.caller)
	switch x := m.rng.Float64(); {
	case m.Harder && x < .3:
		c.callee = m.shop(t)
	case x < .55:
		c.callee = t*townSize + m.rng.IntN(size)
	case x < .93:
		towns := m.towns[m.country(c.caller)]
		c.callee = pick(m.rng, towns)*townSize + m.rng.IntN(townSize)
	default:
		c.callee = m.rng.IntN(m.users)
	}
	if c.callee == c.caller || c.callee >= m.users {
		return
	}
	if x := m.rng.Float64(); x < .06 {
		c.outcome, c.rule = record.Blocked, uint8(between(m.rng, 1, 2))
		m.put(c)
		return
	}
	m.tries(c, .42, .22, .16)
}

// put adds a call.
func (m *maker) put(c call) {
	c.number = uint32(len(m.calls))
	m.calls = append(m.calls, c)
}
