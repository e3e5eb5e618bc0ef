package simulate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/ringfence/ringfence/hunt/record"
)

// The harder world (Options.Harder, docs/simulate.md): here innocent people have
// more of what an attack has, and campaigns have more of what people have. What
// differs from the usual world stands in this file; the usual one stays as it is,
// byte by byte, for figures were measured on it.

// What somebody is in the harder world: numbers for draws of their own.
const (
	hasFork = 20 + iota
	works
	worksAt
	isQuiet
	unsure
	seeks = 1000 // and the day
	shops = 2000 // and the number of the shop in its town
	forks = 3000
	staff = 4000
	moods = 5000
	fails = 6000 // and the hour
)

// fork is the client of one in twenty-five people: a build of a fork, a rare
// phone, one that a shop in town has changed. Some forks have users in one town,
// some all over a country.
func (w *World) fork(u int) *print {
	d := w.draw(ofPerson, uint64(u), hasFork)
	if share(d) >= .04 {
		return nil
	}
	if d%2 == 0 {
		return w.forkOf(ofTown, u/townSize, int(d>>8%2))
	}
	y := share(mixed(d))
	return w.forkOf(ofWorld, w.country(u), int(30*y*y))
}

func (w *World) forkOf(stream uint64, place, n int) *print {
	d := w.draw(stream, uint64(place), forks+uint64(n))
	like := w.prints[d%uint64(len(w.prints))]
	return &print{name: like.name + fmt.Sprintf("-%02x", d>>32&255), version: like.version}
}

// work is the network of where somebody works, when they call from there; else "".
// A third of workplaces have a network of their own.
func (w *World) work(u int, at int64, d uint64) string {
	local := w.local(w.country(u), at)
	if h := local.Hour(); h < 8 || h > 17 || weekend(local) {
		return ""
	}
	if share(w.draw(ofPerson, uint64(u), works)) > .5 || d>>20%2 == 0 {
		return ""
	}
	place := w.draw(ofPerson, uint64(u), worksAt) % 8
	if d := w.draw(ofTown, uint64(u/townSize), staff+place); d%3 == 0 {
		return fmt.Sprintf("AS%d", 45000+d>>8%9000)
	}
	return ""
}

// usual is the network from which somebody calls, when nothing else is said.
func (w *World) usual(u int, at int64, d uint64) string {
	if w.harder {
		if n := w.work(u, at, d); n != "" {
			return n
		}
	}
	return w.network(u, d)
}

// local is the time where people of a country are.
func (w *World) local(c int, at int64) time.Time {
	return w.from.Add(time.Duration(at) + time.Duration(w.countries[c].offset*float64(time.Hour)))
}

func weekend(t time.Time) bool { return t.Weekday() == time.Saturday || t.Weekday() == time.Sunday }

// mood is how much more or less a country calls on a day; some days are feasts.
func (w *World) mood(c, day int) float64 {
	x := share(w.draw(ofWorld, moods+uint64(c), uint64(day)))
	if x > .985 {
		return 1
	}
	return .55 + .13*x
}

// outage says whether a country's networks are down in an hour: most calls fail,
// and are tried again at once.
func (w *World) outage(c, hour int) bool {
	return share(w.draw(ofWorld, fails+uint64(c), uint64(hour))) < .002
}

// shop is somebody in a town whom strangers call: a shop, a surgery, a landlord.
// The first of them are called most.
func (m *maker) shop(town int) int {
	k := uint64(10 * math.Pow(m.rng.Float64(), 2))
	return (town*townSize + int(m.draw(ofTown, uint64(town), shops+k)%townSize)) % m.users
}

// quiet ends the ringing of an unanswered call early: the phone is off, in a
// tunnel, busy, or set to silence. Some people's always are.
func (m *maker) quiet(c *call) {
	chance := .12
	if share(m.draw(ofPerson, uint64(c.callee), isQuiet)) < .04 {
		chance = .8
	}
	if m.Harder && c.outcome == record.Missed && m.rng.Float64() < chance {
		c.ring = int32(min(about(m.rng, 2500, .8), 12_000))
	}
}

// newcomer says whether somebody calls a friend who has not accepted them yet: in
// the first two weeks of an account, and at times later.
func (m *maker) newcomer(u, friend int) bool {
	chance := .01
	if m.age(u)+m.hour/24 < 14 {
		chance = .6
	}
	return share(m.draw(ofPerson, uint64(u)^uint64(friend)<<32, unsure)) < chance
}

// seeker says whether somebody looks for something today, and calls one stranger
// after the other: for a flat, a job, a lost dog, a place in a nursing home.
func (m *maker) seeker(u int) bool {
	return share(m.draw(ofPerson, uint64(u), seeks+uint64(m.hour/24))) < .0012
}

func (m *maker) seek(c call) {
	c.contact = record.Stranger
	t, _, _ := m.town(c.caller)
	towns := m.towns[m.country(c.caller)]
	patience := .2 + .5*share(m.draw(ofPerson, uint64(c.caller), seeks))
	for range between(m.rng, 3, 16) {
		switch m.rng.IntN(3) {
		case 0:
			c.callee = m.shop(t)
		case 1:
			c.callee = m.shop(pick(m.rng, towns))
		default:
			c.callee = (pick(m.rng, towns)*townSize + m.rng.IntN(townSize)) % m.users
		}
		if c.callee != c.caller {
			m.tries(c, .38, patience, .2)
		}
		c.at += int64(about(m.rng, 240, .9) * float64(time.Second))
	}
}

// closed says whether a place of work has no hours on this day.
func (m *maker) closed(c *crowd) bool {
	office := c.network == office && c.open[0] >= 5 && c.last-c.first >= 5
	return m.Harder && office && weekend(m.local(c.country, m.from))
}

// unknown takes from a record what a real service does not always know.
func (w *World) unknown(r *record.Record, d uint64) {
	if d>>8%83 == 0 {
		r.Contact = record.Unknown
	}
	if d>>16%71 == 0 {
		r.CalleeCountry = ""
	}
	if r.CallerNetwork == "" && d>>24%3 != 0 {
		r.CallerCountry = ""
	}
}

// harden draws what a campaign of the harder world has besides: rings as long as
// people's, callers who hang up, and accounts that call from homes.
func (p *plan) harden() {
	rng := p.rng
	p.ring[0] = between2(rng, .6, 14)
	p.ring[1] = p.ring[0] * between2(rng, 1.3, 4)
	p.gap = [2]float64{between2(rng, 3, 40), between2(rng, 60, 500)}
	p.hangsUp = rng.Float64()
	p.leastTries = between(rng, 1, 4)
	p.homes = max(0, rng.Float64()-.4)
	p.cover = between(rng, 0, 6)
	p.shared = rng.IntN(3) == 0
}

// disguise gives an account of a campaign a home network, or a client that some
// innocent people have.
func (s *simulation) disguise(p *plan, c *clientOf, country int) {
	if p.shared {
		fork := s.forkOf(ofWorld, country, 4)
		c.print, c.version = fork.name, fork.version
	}
	if p.rng.Float64() < p.homes {
		c.country, c.network = s.countries[country].code, pick(p.rng, s.countries[country].networks)
	}
}

// covers are calls by which an account looks lived in: to shops, once each, most of
// them answered. Those called are no targets.
func (s *simulation) covers(p *plan) {
	for a, n := range p.own {
		for range p.cover {
			town := p.rng.IntN(len(s.where))
			u := (town*townSize + int(s.draw(ofTown, uint64(town), shops)%townSize)) % s.users
			if u == n || s.isTarget(p, u) {
				continue
			}
			c := call{at: p.begins + p.rng.Int64N(int64(max(p.days, 1))*int64(24*time.Hour)), caller: n, callee: u, with: p.clients[a], contact: record.Stranger, outcome: record.Answered, ring: 7000, talk: int32(about(p.rng, 50_000, 1))}
			if p.rng.Float64() < .3 {
				c.outcome, c.ring, c.talk = record.Missed, 30_000, 0
			}
			s.place(c)
		}
	}
}

func (s *simulation) isTarget(p *plan, u int) bool {
	_, is := p.seen[u]
	return is
}

// tried draws how often a target is tried in a row, at most.
func (p *plan) tried(rng *rand.Rand) int {
	if p.leastTries > 0 {
		return between(rng, p.leastTries, 9)
	}
	return between(rng, 4, 9)
}
