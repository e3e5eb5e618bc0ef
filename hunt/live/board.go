package live

import (
	"github.com/ringfence/ringfence/hunt"
)

// board shows the campaigns as they are, and what became of them.
type board struct {
	groups   *groups
	open     map[string]standing
	found    []hunt.Campaign   // when it was last looked
	released map[string]string // reason by campaign
	forced   map[string]bool   // held back, whatever their strength
	held     *holds
	bases    [2]base
	puts     int   // since the bases were worked out
	whole    int64 // hour of the latest comparison of everybody
	due      bool
	made     map[Value]made // when it was last looked
}

// made is what became of a group.
type made struct {
	key      uint64
	campaign hunt.Campaign
	ok       bool
}

// standing is what was last said of a campaign.
type standing struct {
	accounts, targets int
	strength          hunt.Strength
}

func newBoard(partitions int) *board {
	return &board{groups: newGroups(partitions), open: map[string]standing{}, released: map[string]string{}, forced: map[string]bool{}, held: &holds{}}
}

const (
	freshBases = 256  // accounts that change until the population is counted again
	mostOpen   = 1000 // campaigns that are shown
	mostFreed  = 4096 // campaigns of which it is remembered that they were released
)

// put takes an account as it is now, and looks at what it shares.
func (b *board) put(h uint64, a *Account) {
	b.groups.put(h, a)
	if b.puts%freshBases == 0 {
		b.bases[0], b.bases[1] = b.groups.bases()
	}
	b.puts++
	if a == nil {
		return
	}
	for _, v := range b.groups.of[h].values {
		m := b.groups.members[v]
		if len(m.of) < 3 || m.puts < m.look {
			continue
		}
		e := b.groups.judge(v, &m.tally, len(m.of), &b.bases[0], &b.bases[1])
		if b.groups.standing[v] || e.enough() {
			b.groups.standing[v] = true
			b.due = true
		}
	}
}

const hour = day / 24

// events compares again what may have changed, and returns what did.
func (b *board) events(now int64) (all []Event) {
	whole := now/hour > b.whole
	if !b.due && !whole {
		return nil
	}
	if whole {
		b.whole = now / hour
	}
	return b.happened(now, whole)
}

// happened compares, and returns what has become of the campaigns.
func (b *board) happened(now int64, whole bool) (all []Event) {
	b.due = false
	found := b.look(whole)
	say := func(k Kind, c hunt.Campaign) { all = append(all, Event{Kind: k, Time: when(now), Campaign: c}) }
	is := map[string]bool{}
	for _, c := range found {
		is[c.ID] = true
		was, open := b.open[c.ID]
		b.open[c.ID] = standing{len(c.Accounts), len(c.Targets), c.Strength}
		switch {
		case !open:
			say(Opened, c)
		case rank(c.Strength) > rank(was.strength):
			say(Strengthened, c)
		case rank(c.Strength) < rank(was.strength):
			say(Weakened, c)
		case len(c.Accounts) > was.accounts || len(c.Targets) > was.targets:
			say(Grew, c)
		}
	}
	for id := range b.open {
		if !is[id] {
			delete(b.open, id)
			say(Closed, hunt.Campaign{ID: id})
		}
	}
	return all
}

// look works out the campaigns, and what is to be held back.
func (b *board) look(whole bool) (found []hunt.Campaign) {
	groups := b.groups.find(whole)
	all, _ := b.groups.bases()
	h := newHolds()
	last := b.made
	b.made = make(map[Value]made, len(groups))
	for i := range groups {
		g := &groups[i]
		one, same := last[g.tie]
		if whole || !same || g.key == 0 || one.key != g.key {
			one.key = g.key
			one.campaign, one.ok = campaignOf(g, all.everybody)
		}
		b.made[g.tie] = one
		c := one.campaign
		if !one.ok {
			continue
		}
		found = append(found, c)
		if _, free := b.released[c.ID]; !free && (c.Strength != hunt.Weak || b.forced[c.ID]) {
			h.add(&c, g.tie, share(len(g.members), g.having))
		}
	}
	b.held = h
	sortCampaigns(found)
	b.found = found[:min(len(found), mostOpen)]
	return b.found
}

// restore takes what had been said before.
func (b *board) restore(s *state) {
	b.whole = s.Whole
	for id, o := range s.Open {
		b.open[id] = standing{o.Accounts, o.Targets, hunt.Strength(o.Strength)}
	}
	for id, reason := range s.Released {
		b.released[id] = reason
	}
}

func (b *board) campaigns() []hunt.Campaign { return b.look(true) }

// hold holds a campaign back from the next comparison on, also a weak one.
func (b *board) hold(campaign string) {
	delete(b.released, campaign)
	if len(b.forced) < mostFreed {
		b.forced[campaign] = true
	}
	b.due = true
}

func (b *board) release(campaign, reason string) {
	delete(b.forced, campaign)
	if len(b.released) < mostFreed {
		b.released[campaign] = reason
	}
	b.held.release(campaign)
}

// holds are the accounts and values whose calls are held back.
type holds struct {
	Accounts map[uint64]string // campaign
	Values   map[Value]string
}

func newHolds() *holds { return &holds{map[uint64]string{}, map[Value]string{}} }

// ownShare is how much of a value must be a campaign's for a caller to be held
// back who has nothing else in common with it.
const ownShare = 0.5

func (h *holds) add(c *hunt.Campaign, tie Value, own float64) {
	for _, a := range c.Accounts {
		h.Accounts[hash(a)] = c.ID
	}
	if own >= ownShare && tie.kind() < counted && tie.kind() != byMismatch {
		h.Values[tie] = c.ID
	}
}

func (h *holds) release(campaign string) {
	for a, c := range h.Accounts {
		if c == campaign {
			delete(h.Accounts, a)
		}
	}
	for v, c := range h.Values {
		if c == campaign {
			delete(h.Values, v)
		}
	}
}

func (h *holds) held(caller, print, network string) (campaign string, held bool) {
	if campaign, held = h.Accounts[hash(caller)]; held {
		return campaign, true
	}
	attributes(known(print), 0, known(network), func(v Value) {
		if c, ok := h.Values[v]; ok && !held {
			campaign, held = c, true
		}
	})
	return campaign, held
}
