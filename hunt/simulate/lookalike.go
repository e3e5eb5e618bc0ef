package simulate

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/ringfence/ringfence/hunt/record"
)

// Whom a crowd calls.
const (
	inCountry = iota
	inTown
	inWorld
	ofList   // some people whose numbers it has
	amongUs  // each other
	contacts // their own contacts
)

// Where a crowd calls from, and with what.
const (
	office   = iota // one network, that of where it works
	atHome          // as people do
	overVPN         // a network of those who hide
	fromHost        // a rented server
)

const (
	theirs  = iota // the client that each would have anyway
	ownMade        // one that nobody else has
	unusual        // one that few have
)

// kind is a sort of people who look like an attack, and are none.
type kind struct {
	name           string
	per            float64 // of a hundred thousand people; one at least
	accounts       [2]int
	calls          [2]int // of an account and day
	days           [2]int
	open           [2]int // hours of their day
	pool           int
	list           [2]int
	answered, talk [2]float64 // share; seconds
	again          float64
	gap            float64 // s
	tries          int
	ring           float64 // s, until they give up
	gives          record.Outcome
	back           float64
	network, print int
	age            [2]int
	known, blocked float64 // shares
}

// kinds are described in docs/simulate.md.
var kinds = []kind{
	{name: "call centre", per: .8, accounts: [2]int{5, 40}, calls: [2]int{40, 120}, days: [2]int{10, 14}, open: [2]int{9, 18}, answered: [2]float64{.3, .6}, talk: [2]float64{40, 240}, again: .25, gap: 400, tries: 3, ring: 25, gives: record.Missed, age: [2]int{200, 1500}},
	{name: "debt collector", per: .5, accounts: [2]int{3, 10}, calls: [2]int{25, 70}, days: [2]int{10, 14}, open: [2]int{8, 20}, pool: ofList, list: [2]int{200, 600}, answered: [2]float64{.08, .2}, talk: [2]float64{15, 90}, again: .45, gap: 500, tries: 4, ring: 28, gives: record.Missed, age: [2]int{100, 900}, blocked: .05},
	{name: "couriers", per: 1, accounts: [2]int{15, 60}, calls: [2]int{12, 40}, days: [2]int{12, 14}, open: [2]int{8, 19}, pool: inTown, answered: [2]float64{.6, .8}, talk: [2]float64{12, 30}, again: .6, gap: 50, tries: 3, ring: 22, gives: record.Missed, network: atHome, age: [2]int{20, 1200}},
	{name: "clinic", per: 1, accounts: [2]int{1, 4}, calls: [2]int{20, 60}, days: [2]int{10, 14}, open: [2]int{8, 17}, pool: ofList, list: [2]int{300, 900}, answered: [2]float64{.5, .7}, talk: [2]float64{40, 90}, again: .3, gap: 1800, tries: 3, ring: 30, gives: record.Missed, back: .2, age: [2]int{300, 2000}},
	{name: "one-ring fraud", per: .5, accounts: [2]int{4, 25}, calls: [2]int{200, 900}, days: [2]int{3, 10}, open: [2]int{0, 24}, pool: inWorld, answered: [2]float64{.01, .03}, talk: [2]float64{1, 3}, ring: 1.3, gives: record.Cancelled, back: .06, network: overVPN, print: ownMade, age: [2]int{0, 25}, blocked: .1},
	{name: "fraud ring", per: .8, accounts: [2]int{10, 40}, calls: [2]int{10, 40}, days: [2]int{5, 14}, open: [2]int{8, 22}, answered: [2]float64{.25, .5}, talk: [2]float64{120, 700}, again: .35, gap: 90, tries: 4, ring: 24, gives: record.Missed, network: overVPN, print: unusual, age: [2]int{0, 40}, blocked: .12},
	{name: "number scanner", per: .4, accounts: [2]int{5, 30}, calls: [2]int{150, 700}, days: [2]int{2, 8}, open: [2]int{0, 24}, pool: inWorld, answered: [2]float64{0, .01}, talk: [2]float64{1, 2}, ring: .4, gives: record.Failed, network: fromHost, print: ownMade, age: [2]int{0, 6}, blocked: .4},
	{name: "verification by call", per: .4, accounts: [2]int{2, 6}, calls: [2]int{200, 900}, days: [2]int{14, 14}, open: [2]int{0, 24}, answered: [2]float64{.01, .02}, talk: [2]float64{1, 2}, again: .04, gap: 60, tries: 2, ring: 1.1, gives: record.Cancelled, network: fromHost, print: ownMade, age: [2]int{50, 900}},
	{name: "support desk", per: 1, accounts: [2]int{4, 15}, calls: [2]int{12, 45}, days: [2]int{10, 14}, open: [2]int{8, 18}, answered: [2]float64{.6, .8}, talk: [2]float64{120, 500}, again: .3, gap: 200, tries: 2, ring: 30, gives: record.Missed, back: .1, age: [2]int{200, 1500}},
	{name: "school on a snow day", per: .5, accounts: [2]int{6, 30}, calls: [2]int{20, 60}, days: [2]int{1, 1}, open: [2]int{5, 9}, pool: inTown, answered: [2]float64{.45, .65}, talk: [2]float64{20, 50}, again: .5, gap: 120, tries: 4, ring: 26, gives: record.Missed, back: .2, age: [2]int{300, 1800}, known: .4},
	{name: "onboarding wave", per: .5, accounts: [2]int{40, 160}, calls: [2]int{3, 9}, days: [2]int{3, 10}, open: [2]int{8, 18}, pool: amongUs, answered: [2]float64{.45, .65}, talk: [2]float64{60, 400}, again: .35, gap: 80, tries: 3, ring: 25, gives: record.Missed, back: .15, age: [2]int{0, 3}},
	{name: "pranks", per: 3, accounts: [2]int{1, 3}, calls: [2]int{10, 40}, days: [2]int{1, 3}, open: [2]int{14, 24}, pool: ofList, list: [2]int{3, 14}, answered: [2]float64{.3, .5}, talk: [2]float64{3, 12}, again: .8, gap: 14, tries: 8, ring: 6, gives: record.Cancelled, network: atHome, age: [2]int{50, 900}},
	{name: "broken client", per: .25, accounts: [2]int{60, 400}, calls: [2]int{3, 8}, days: [2]int{2, 6}, open: [2]int{7, 23}, pool: contacts, answered: [2]float64{.08, .2}, talk: [2]float64{20, 90}, again: .92, gap: 4, tries: 7, ring: .6, gives: record.Failed, network: atHome, print: unusual, age: [2]int{30, 2000}, known: .9},
	{name: "monitoring", per: .5, accounts: [2]int{1, 4}, calls: [2]int{100, 300}, days: [2]int{14, 14}, open: [2]int{0, 24}, pool: ofList, list: [2]int{2, 6}, answered: [2]float64{.9, .98}, talk: [2]float64{1, 3}, again: .9, gap: 30, tries: 3, ring: 8, gives: record.Missed, network: fromHost, print: ownMade, age: [2]int{100, 1500}},
	{name: "taxis", per: .8, accounts: [2]int{2, 6}, calls: [2]int{100, 400}, days: [2]int{14, 14}, open: [2]int{0, 24}, answered: [2]float64{.6, .8}, talk: [2]float64{8, 25}, again: .5, gap: 40, tries: 3, ring: 20, gives: record.Missed, age: [2]int{300, 2000}},
	{name: "survey", per: .4, accounts: [2]int{8, 30}, calls: [2]int{80, 200}, days: [2]int{3, 7}, open: [2]int{10, 20}, answered: [2]float64{.15, .3}, talk: [2]float64{20, 300}, again: .06, gap: 5000, tries: 2, ring: 22, gives: record.Missed, network: office, print: unusual, age: [2]int{5, 300}, blocked: .06},
	{name: "dating", per: 2, accounts: [2]int{8, 25}, calls: [2]int{1, 4}, days: [2]int{8, 14}, open: [2]int{18, 24}, pool: inTown, answered: [2]float64{.4, .6}, talk: [2]float64{60, 1200}, again: .45, gap: 150, tries: 3, ring: 25, gives: record.Missed, back: .2, network: atHome, age: [2]int{50, 1500}, blocked: .1},
	{name: "traders", per: 1, accounts: [2]int{10, 40}, calls: [2]int{10, 30}, days: [2]int{12, 14}, open: [2]int{6, 17}, answered: [2]float64{.5, .7}, talk: [2]float64{20, 120}, again: .4, gap: 100, tries: 3, ring: 22, gives: record.Missed, back: .2, network: atHome, age: [2]int{100, 1800}, known: .3},
	{name: "phone tree", per: 1, accounts: [2]int{8, 40}, calls: [2]int{5, 14}, days: [2]int{1, 2}, open: [2]int{17, 21}, pool: inTown, answered: [2]float64{.45, .6}, talk: [2]float64{20, 90}, again: .4, gap: 200, tries: 3, ring: 28, gives: record.Missed, back: .15, network: atHome, age: [2]int{200, 2000}, known: .5},
	{name: "conference hotel", per: .5, accounts: [2]int{50, 180}, calls: [2]int{2, 8}, days: [2]int{2, 4}, open: [2]int{8, 23}, pool: amongUs, answered: [2]float64{.4, .6}, talk: [2]float64{15, 120}, again: .5, gap: 100, tries: 3, ring: 22, gives: record.Missed, back: .2, age: [2]int{50, 2000}, known: .1},
	{name: "former partner", per: 4, accounts: [2]int{1, 1}, calls: [2]int{10, 60}, days: [2]int{2, 12}, open: [2]int{9, 24}, pool: ofList, list: [2]int{1, 3}, answered: [2]float64{.01, .06}, talk: [2]float64{5, 60}, again: .9, gap: 50, tries: 9, ring: 28, gives: record.Missed, network: atHome, age: [2]int{20, 1500}, blocked: .3},
	{name: "journalists", per: 1, accounts: [2]int{1, 6}, calls: [2]int{8, 25}, days: [2]int{6, 12}, open: [2]int{8, 21}, pool: ofList, list: [2]int{30, 90}, answered: [2]float64{.15, .35}, talk: [2]float64{60, 900}, again: .4, gap: 240, tries: 3, ring: 30, gives: record.Missed, back: .2, network: office, age: [2]int{100, 2500}, known: .1},
	{name: "phone bank", per: .5, accounts: [2]int{20, 80}, calls: [2]int{10, 30}, days: [2]int{2, 5}, open: [2]int{16, 21}, answered: [2]float64{.15, .3}, talk: [2]float64{20, 200}, again: .12, gap: 900, tries: 2, ring: 24, gives: record.Missed, network: atHome, age: [2]int{0, 1500}, blocked: .04},
	{name: "emergency notice", per: .4, accounts: [2]int{1, 3}, calls: [2]int{500, 1500}, days: [2]int{1, 1}, open: [2]int{10, 13}, pool: inTown, answered: [2]float64{.4, .6}, talk: [2]float64{12, 25}, again: .6, gap: 240, tries: 4, ring: 40, gives: record.Missed, print: ownMade, age: [2]int{300, 1500}},
	{name: "recruiters", per: .6, accounts: [2]int{3, 12}, calls: [2]int{10, 30}, days: [2]int{8, 12}, open: [2]int{9, 18}, answered: [2]float64{.25, .45}, talk: [2]float64{60, 600}, again: .3, gap: 300, tries: 2, ring: 26, gives: record.Missed, back: .25, age: [2]int{100, 1500}},
	{name: "new phone", per: 2, accounts: [2]int{1, 1}, calls: [2]int{15, 40}, days: [2]int{1, 2}, open: [2]int{8, 22}, pool: contacts, answered: [2]float64{.3, .5}, talk: [2]float64{30, 300}, again: .5, gap: 120, tries: 3, ring: 25, gives: record.Missed, back: .1, network: atHome, age: [2]int{0, 2}},
}

// crowd is one of them.
type crowd struct {
	*kind
	accounts       []int
	clients        []*clientOf
	country        int
	town           int
	first, last    int // days
	perDay         int
	answered, talk float64
	list           []int
}

// lookalikes makes all crowds. Their accounts have numbers behind those of the
// people.
func (s *simulation) lookalikes() (all []*crowd) {
	s.next = s.users
	for k := range kinds {
		rng := s.rng(ofLookalike, uint64(k), 0)
		n := max(1, poisson(rng, kinds[k].per*float64(s.users)/100_000))
		for range n {
			all = append(all, s.newCrowd(&kinds[k], rng))
		}
	}
	return all
}

func (s *simulation) newCrowd(k *kind, rng *rand.Rand) *crowd {
	c := &crowd{kind: k, town: rng.IntN(len(s.where)), perDay: between(rng, k.calls[0], k.calls[1])}
	c.country = s.countryOfTown(c.town)
	days := min(between(rng, k.days[0], k.days[1]), s.days)
	c.first = rng.IntN(s.days - days + 1)
	c.last = c.first + days
	c.answered = k.answered[0] + rng.Float64()*(k.answered[1]-k.answered[0])
	c.talk = k.talk[0] + rng.Float64()*(k.talk[1]-k.talk[0])
	from := s.countries[c.country]
	network := map[int]string{office: fmt.Sprintf("AS%d", 45000+rng.IntN(9000)), overVPN: pick(rng, s.vpn), fromHost: pick(rng, s.hosting)}[k.network]
	made := clientOf{print: fmt.Sprintf("own-%06x", rng.IntN(1<<24)), version: "1.0.0"}
	if k.print == unusual {
		p := s.prints[len(s.prints)-1-rng.IntN(8)]
		made.print, made.version = p.name, p.version
	}
	n := between(rng, k.accounts[0], k.accounts[1])
	if s.users < 100_000 { // in a small world all kinds are there, and are small
		n = max(n*s.users/100_000, min(n, 3))
	}
	wave := between(rng, k.age[0], k.age[1])
	for range n {
		one := &clientOf{network: network, country: from.code, made: c.first - between(rng, k.age[0], k.age[1])}
		if k.age[1] < 50 && rng.Float64() < .6 {
			one.made = c.first - wave
		}
		if k.print != theirs {
			one.print, one.version = made.print, made.version
		}
		if k.network == atHome {
			one.network = pick(rng, from.networks)
		}
		if k.network == overVPN && rng.Float64() < .3 {
			one.network = pick(rng, s.vpn)
		}
		c.accounts = append(c.accounts, s.next)
		c.clients = append(c.clients, one)
		s.next++
	}
	for range between(rng, k.list[0], k.list[1]) {
		c.list = append(c.list, s.someone(rng, inCountry, c))
	}
	return c
}

// someone draws whom a crowd calls.
func (s *simulation) someone(rng *rand.Rand, pool int, c *crowd) int {
	u := 0
	switch pool {
	case inTown, contacts:
		u = c.town*townSize + rng.IntN(townSize)
	case inWorld:
		u = rng.IntN(s.users)
	default:
		u = pick(rng, s.towns[c.country])*townSize + rng.IntN(townSize)
	}
	return u % s.users
}

// crowd makes the calls of a crowd in an hour.
func (m *maker) crowd(c *crowd) {
	local := m.hour + int(m.countries[c.country].offset)
	day, clock := m.hour/24, ((local%24)+24)%24
	open := c.open[1] - c.open[0]
	if day < c.first || day >= c.last || clock < c.open[0] || clock >= c.open[1] || m.closed(c) {
		return
	}
	for i, account := range c.accounts {
		for range poisson(m.rng, float64(c.perDay)/float64(open)) {
			one := call{at: m.from + m.rng.Int64N(int64(time.Hour)), caller: account, callee: m.callee(c, i), with: c.clients[i], contact: record.Stranger}
			if m.rng.Float64() < c.known {
				one.contact = record.Accepted
			}
			if one.callee != account {
				m.crowdTries(c, one)
			}
		}
	}
}

func (m *maker) callee(c *crowd, account int) int {
	switch c.pool {
	case ofList:
		return pick(m.rng, c.list)
	case amongUs:
		return pick(m.rng, c.accounts)
	case contacts:
		u := (c.town*townSize + account*7 + m.rng.IntN(25)) % m.users // some people that they know
		return u
	}
	return m.someone(m.rng, c.pool, c)
}

func (m *maker) crowdTries(c *crowd, one call) {
	if m.rng.Float64() < c.blocked && one.contact == record.Stranger {
		one.outcome, one.rule = record.Blocked, 1
		m.put(one)
		return
	}
	for range max(c.tries, 1) {
		if m.rng.Float64() < c.answered {
			one.outcome, one.ring = record.Answered, int32(min(about(m.rng, 6000, .5), c.ring*1000))
			one.talk = int32(min(about(m.rng, c.talk*1000, .9), 2*3600_000))
		} else {
			one.outcome, one.ring, one.talk = c.gives, int32(min(about(m.rng, c.ring*1000, .2), 60_000)), 0
			if m.rng.Float64() < .1 {
				one.outcome = record.Declined
			}
			m.quiet(&one)
		}
		m.put(one)
		if one.outcome == record.Answered {
			return
		}
		over := one.at + int64(one.ring)*int64(time.Millisecond)
		if m.rng.Float64() < c.back {
			other := call{at: over + int64(about(m.rng, 500, 1)*float64(time.Second)), caller: one.callee, callee: one.caller, contact: one.contact}
			m.happens(&other, .75)
			m.put(other)
			return
		}
		if m.rng.Float64() >= c.again {
			return
		}
		one.at = over + int64(about(m.rng, c.gap, .8)*float64(time.Second))
	}
}
