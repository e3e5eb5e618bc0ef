package simulate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/hunt/record"
)

// Kinds are the campaigns that can be simulated.
var Kinds = []string{"missed-call-2019", "slow", "rotating", "blended", "mimic", "burst", "regional", "twin", "evade", "takeover"}

// plan is a campaign: what is drawn for it, and what comes of it.
type plan struct {
	name             string
	accounts         int
	targets          int
	days             int // in which it is done
	hours            int // instead of days, when not 0
	accountsPer      int // accounts that try one target
	countries        int
	works            float64 // chance that a try works, and it ends
	gap              [2]float64
	ring             [2]float64 // s
	returns          float64    // share of targets that are tried on further days
	talks, callsBack float64
	perfect          bool // its client looks like anybody's, and it calls from homes
	blend            bool // its accounts are people who also live
	town             bool
	decoys           bool
	takeover         bool
	fresh            bool // all accounts are new

	rng      *rand.Rand
	own      []int
	clients  []*clientOf
	networks []string
	print    string
	people   []int
	civil    map[int]bool
	begins   int64
	seen     map[int][2]int64
	windows  [2]int // hours of the day in which it is done, UTC

	// Of the harder world.
	hangsUp    float64 // share of the unanswered tries that the caller ends
	homes      float64 // share of accounts that call from homes
	leastTries int     // 0: four
	cover      int     // innocent calls of an account
	shared     bool    // innocent people have its client, too
}

// plans draws the size and manner of a campaign: each time another one.
func (s *simulation) plans(name string, rng *rand.Rand) ([]*plan, error) {
	most := max(s.users/50, 20)
	p := &plan{
		name: name, rng: rng, accounts: between(rng, 20, 60), targets: min(1400, most), days: min(12, s.days-1), accountsPer: between(rng, 1, 2), countries: 51,
		works: .25 + rng.Float64()*.35, gap: [2]float64{between2(rng, 3, 20), between2(rng, 25, 150)}, returns: .15 + rng.Float64()*.3, talks: rng.Float64() * .02, callsBack: rng.Float64() * .02,
	}
	p.ring[0] = .6 + rng.Float64()*3
	p.ring[1] = p.ring[0] * (1.5 + rng.Float64()*4)
	switch name {
	case "missed-call-2019":
	case "slow":
		p.accounts, p.targets, p.days = between(rng, 1, 3), max(s.days-2, 1), s.days-1
	case "rotating":
		p.targets = min(between(rng, 150, 400), most)
		p.accounts, p.accountsPer, p.fresh = p.targets, 1, true
	case "blended":
		p.blend, p.targets = true, min(between(rng, 200, 500), most)
	case "mimic":
		p.perfect, p.targets = true, min(between(rng, 200, 600), most)
	case "burst":
		p.targets, p.hours, p.returns = min(300, most), 2, 0
	case "regional":
		p.town, p.targets, p.accounts = true, min(between(rng, 40, 120), most), between(rng, 5, 15)
	case "twin":
		q := *p
		q.accounts, q.targets = between(rng, 15, 40), min(between(rng, 150, 500), most)
		p.targets = min(between(rng, 150, 500), most)
		return []*plan{p, &q}, nil
	case "evade":
		p.decoys, p.targets = true, min(between(rng, 150, 500), most)
	case "takeover":
		p.takeover, p.accounts, p.returns = true, between(rng, 10, 30), .3
	default:
		return nil, fmt.Errorf("simulate: no campaign %q; there are %s, and none", name, strings.Join(Kinds, ", "))
	}
	return []*plan{p}, nil
}

func between2(r *rand.Rand, a, b float64) float64 { return a + r.Float64()*(b-a) }

// campaigns plans all campaigns, and says the truth about everything.
func (s *simulation) campaigns() (Truth, error) {
	t := Truth{Seed: s.Seed, Campaigns: []Campaign{}, Lookalikes: []Lookalike{}}
	for i, name := range s.Campaigns {
		all, err := s.plans(name, s.rng(ofCampaign, uint64(i), s.Seed))
		if err != nil {
			return t, err
		}
		for k, p := range all {
			if k > 0 {
				p.rng = s.rng(ofCampaign, uint64(i), s.Seed+uint64(k))
			}
			if s.Harder {
				p.harden()
			}
			s.recruit(p, all[0])
			s.aim(p)
			s.attack(p)
			t.Campaigns = append(t.Campaigns, s.truthOf(p, fmt.Sprintf("S%d", len(t.Campaigns)+1)))
		}
	}
	for _, c := range s.groups {
		l := Lookalike{Kind: c.name}
		for _, a := range c.accounts {
			l.Accounts = append(l.Accounts, s.ID(a))
		}
		t.Lookalikes = append(t.Lookalikes, l)
	}
	return t, nil
}

// recruit gives a campaign its accounts, clients and networks. Twins share a
// network.
func (s *simulation) recruit(p, first *plan) {
	rng := p.rng
	p.begins = int64(rng.IntN(max(s.days-p.days, 1))) * int64(24*time.Hour)
	p.windows[0] = rng.IntN(24)
	p.windows[1] = p.windows[0] + between(rng, 7, 12)
	for range between(rng, 3, 8) {
		p.networks = append(p.networks, pick(rng, append(slices.Clone(s.hosting), s.vpn...)))
	}
	if p != first {
		p.networks[0] = first.networks[0]
		p.begins = min(first.begins, p.begins)
	}
	slices.Sort(p.networks)
	p.networks = slices.Compact(p.networks)
	like := s.prints[rng.IntN(4)]
	p.print = like.name + fmt.Sprintf("-%02x", rng.IntN(256)) // nearly right
	from := make([]int, between(rng, 3, 6))
	for i := range from {
		from[i] = s.countryOfTown(rng.IntN(len(s.where)))
	}
	for range p.accounts {
		c := &clientOf{print: p.print, version: like.version, network: pick(rng, p.networks), country: s.countries[pick(rng, from)].code}
		c.made = -rng.IntN(540)
		if p.fresh {
			c.made = int(p.begins/int64(24*time.Hour)) - rng.IntN(3)
		}
		n := s.next
		switch {
		case p.takeover:
			n = rng.IntN(s.users)
			c.made, c.country = noDay, ""
		case p.blend:
			n = rng.IntN(s.users)
			c.made = noDay
		case p.perfect:
			usual := s.client(rng.IntN(s.users), 0)
			c.print, c.version = usual.name, usual.version
			home := s.countries[pick(rng, from)]
			c.country, c.network = home.code, pick(rng, home.networks)
		}
		if s.Harder && !p.perfect {
			s.disguise(p, c, pick(rng, from))
		}
		if n == s.next {
			s.next++
		}
		p.own, p.clients = append(p.own, n), append(p.clients, c)
	}
}

// aim draws the targets.
func (s *simulation) aim(p *plan) {
	p.civil = map[int]bool{}
	chosen := map[int]bool{}
	add := func(u int) {
		if u >= 0 && u < s.users && !chosen[u] && !slices.Contains(p.own, u) {
			chosen[u] = true
			p.people = append(p.people, u)
		}
	}
	if p.takeover {
		return // each calls whom it knows
	}
	where := p.rng.Perm(len(s.countries))[:min(p.countries, len(s.countries))]
	town := p.rng.IntN(len(s.where))
	for n := 0; len(p.people) < p.targets && n < 100*p.targets; n++ {
		if p.town {
			add(town*townSize + p.rng.IntN(townSize))
			continue
		}
		c := where[n%len(where)]
		if n >= len(where) {
			c = where[int(float64(len(where))*p.rng.Float64()*p.rng.Float64())]
		}
		if len(s.towns[c]) > 0 {
			add(pick(p.rng, s.towns[c])*townSize + p.rng.IntN(townSize))
		}
	}
	slices.Sort(p.people)
	p.rng.Shuffle(len(p.people), func(i, j int) { p.people[i], p.people[j] = p.people[j], p.people[i] })
	for _, u := range p.people[:len(p.people)/14] {
		p.civil[u] = true
	}
}

// attack plans the calls.
func (s *simulation) attack(p *plan) {
	p.seen = map[int][2]int64{}
	if p.takeover {
		s.takeOver(p)
		return
	}
	for i, u := range p.people {
		for k := range p.accountsPer {
			if k > 0 && p.rng.Float64() < .5 {
				break
			}
			a := (i*p.accountsPer + k) % len(p.own)
			s.visits(p, a, u, i)
		}
	}
	if p.decoys {
		s.decoys(p)
	}
	s.covers(p)
}

// visits are the days on which an account tries a target.
func (s *simulation) visits(p *plan, a, u, nth int) {
	day := int64(24 * time.Hour)
	at := p.begins + p.rng.Int64N(max(int64(p.days), 1))*day + p.clock()
	switch {
	case p.hours > 0:
		at = p.begins + int64(p.windows[0])*int64(time.Hour) + p.rng.Int64N(int64(p.hours)*int64(time.Hour))
	case p.name == "slow":
		at = p.begins + int64(nth)*day + p.clock()
	}
	s.burst(p, a, u, at, record.Stranger)
	for p.rng.Float64() < p.returns {
		at += int64(between(p.rng, 1, 3))*day + int64(p.rng.NormFloat64()*float64(time.Hour))
		s.burst(p, a, u, at, record.Stranger)
	}
}

func (p *plan) clock() int64 {
	return int64(between2(p.rng, float64(p.windows[0]), float64(p.windows[1])) * float64(time.Hour))
}

// burst tries again and again, until it works or somebody answers.
func (s *simulation) burst(p *plan, a, u int, at int64, contact record.Contact) {
	for range p.tried(p.rng) {
		c := call{at: at, caller: p.own[a], callee: u, with: p.clients[a], contact: contact, ring: int32(between2(p.rng, p.ring[0], p.ring[1]) * 1000)}
		switch x := p.rng.Float64(); {
		case x < p.talks:
			c.outcome, c.talk = record.Answered, int32(about(p.rng, 4000, .8))
		case x < p.talks+.08:
			c.outcome = record.Cancelled
		case x < p.talks+.11:
			c.outcome, c.ring = record.Failed, 0
		case x < p.talks+.13:
			c.outcome = record.Declined
		default:
			c.outcome = record.Missed
			if p.hangsUp > 0 && p.rng.Float64() < p.hangsUp {
				c.outcome = record.Cancelled
			}
		}
		if !s.plan(p, c) {
			return
		}
		over := at + int64(c.ring)*int64(time.Millisecond)
		if p.rng.Float64() < p.callsBack {
			back := call{at: over + int64(about(p.rng, 900, 1)*float64(time.Second)), caller: u, callee: p.own[a], contact: contact, outcome: record.Answered, ring: 9000, talk: int32(about(p.rng, 3000, .5))}
			if p.rng.Float64() < .8 {
				back.outcome, back.talk = record.Missed, 0
			}
			s.place(back)
		}
		if c.outcome == record.Answered || p.rng.Float64() < p.works {
			return
		}
		at = over + int64(between2(p.rng, p.gap[0], p.gap[1])*float64(time.Second))
	}
}

// plan places a call of a campaign, if it is still in time.
func (s *simulation) plan(p *plan, c call) bool {
	if !s.place(c) {
		return false
	}
	first, ok := p.seen[c.callee]
	if !ok {
		first = [2]int64{c.at, c.at}
	}
	p.seen[c.callee] = [2]int64{min(first[0], c.at), max(first[1], c.at)}
	return true
}

func (s *simulation) place(c call) bool {
	h := int(c.at / int64(time.Hour))
	if c.at < 0 || h >= len(s.planned) {
		return false
	}
	c.number = 1<<30 + uint32(len(s.planned[h]))
	s.planned[h] = append(s.planned[h], c)
	return true
}

// decoys are calls among the accounts themselves, which are answered.
func (s *simulation) decoys(p *plan) {
	for range 3 * len(p.people) {
		a, b := p.rng.IntN(len(p.own)), p.rng.IntN(len(p.own))
		if a == b {
			continue
		}
		at := p.begins + p.rng.Int64N(int64(max(p.days, 1))*int64(24*time.Hour))
		s.place(call{at: at, caller: p.own[a], callee: p.own[b], with: p.clients[a], contact: record.Stranger, outcome: record.Answered, ring: 3000, talk: int32(about(p.rng, 60_000, 1))})
	}
}

// takeOver lets accounts of people, in other hands, call those who know them.
func (s *simulation) takeOver(p *plan) {
	for a, owner := range p.own {
		known := map[int]bool{}
		for range 60 {
			u := s.contact(owner, p.rng.Uint64())
			if u < 0 || u == owner || known[u] || slices.Contains(p.own, u) || len(known) >= 12 {
				continue
			}
			known[u] = true
			p.people = append(p.people, u)
			at := p.begins + p.rng.Int64N(int64(max(p.days, 1)))*int64(24*time.Hour) + p.clock()
			s.burst(p, a, u, at, record.Accepted)
		}
	}
	for _, u := range p.people[:len(p.people)/14] {
		p.civil[u] = true
	}
}
