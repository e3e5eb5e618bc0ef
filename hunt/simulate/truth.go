package simulate

import (
	"cmp"
	"slices"
	"time"
)

// Truth is what really happened: truth.json.
type Truth struct {
	Seed       uint64      `json:"seed"`
	Campaigns  []Campaign  `json:"campaigns"`
	Lookalikes []Lookalike `json:"lookalikes"`
}

// Campaign is a campaign as it was.
type Campaign struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"` // of its kind
	Accounts []string `json:"accounts"`
	Targets  []Target `json:"targets"`
	Prints   []string `json:"prints"`
	Networks []string `json:"networks"`
}

// Target is somebody whom it tried.
type Target struct {
	ID    string    `json:"id"`
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
	Civil bool      `json:"civil"` // of civil society
}

// Lookalike is a crowd that looks like a campaign, and is none.
type Lookalike struct {
	Kind     string   `json:"kind"`
	Accounts []string `json:"accounts"`
}

func (s *simulation) truthOf(p *plan, id string) Campaign {
	c := Campaign{ID: id, Name: p.name, Accounts: []string{}, Targets: []Target{}, Prints: []string{}, Networks: []string{}}
	for i, a := range p.own {
		c.Accounts = append(c.Accounts, s.ID(a))
		c.Prints = append(c.Prints, p.clients[i].print)
		c.Networks = append(c.Networks, p.clients[i].network)
	}
	for u, when := range p.seen {
		c.Targets = append(c.Targets, Target{s.ID(u), s.from.Add(time.Duration(when[0])), s.from.Add(time.Duration(when[1])), p.civil[u]})
	}
	slices.SortFunc(c.Targets, func(a, b Target) int { return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.ID, b.ID)) })
	for _, list := range []*[]string{&c.Accounts, &c.Prints, &c.Networks} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return c
}
