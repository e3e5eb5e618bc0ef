package console

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/wire"
)

// memory is a desk that keeps everything in memory and follows the contract of
// desk.go to the letter. The tests of the pages run on it; those that need the
// store are with the service.
type memory struct {
	mu       sync.Mutex
	now      func() time.Time
	verdicts []guard.Verdict
	people   map[wire.ID]guard.Person
	blocks   []guard.Block
	links    map[string]memoryLink
	sessions map[string]guard.Analyst
	watchers map[chan struct{}]bool
	dry      []guard.DrySpell
	config   guard.Config
	hunt     []Campaign
	reports  []guard.Report
	cases    *casefile.Room
	bans     *store.Store // a real one
	down     bool         // the ledger cannot be read
}

type memoryLink struct {
	name string
	made time.Time
	used bool
}

func newMemory(now func() time.Time) *memory {
	return &memory{now: now, people: map[wire.ID]guard.Person{}, links: map[string]memoryLink{},
		sessions: map[string]guard.Analyst{}, watchers: map[chan struct{}]bool{}, config: guard.DefaultConfig()}
}

func (m *memory) desk() Desk {
	return Desk{Ledger: m, People: m, Blocks: memoryBlocks{m}, Doors: m, Keys: m, Rules: m, Cases: m.cases, Hunt: memoryHunt{m}, Reports: m, Bans: m.bans, Flags: m.bans, Prints: m.bans}
}

func (m *memory) add(v guard.Verdict) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	v.Number = int64(len(m.verdicts) + 1)
	m.verdicts = append(m.verdicts, v)
	m.changed()
	return v.Number
}

func (m *memory) recount(number int64, n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.verdicts[number-1].Count = n
	m.changed()
}

func (m *memory) changed() {
	for c := range m.watchers {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

func (m *memory) Verdicts(_ context.Context, f guard.Filter, p guard.Page) (found []guard.Verdict, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down {
		return nil, errors.New("the disk is gone")
	}
	for _, v := range m.verdicts {
		if f.Match(v) && (p.After >= 0 && v.Number > p.After || p.After < 0 && (p.Before == 0 || v.Number < p.Before)) {
			v.Bytes = nil
			found = append(found, v)
		}
	}
	if p.After < 0 {
		slices.Reverse(found)
	}
	return found[:min(len(found), p.Limit)], nil
}

func (m *memory) Verdict(_ context.Context, number int64) (guard.Verdict, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if number < 1 || number > int64(len(m.verdicts)) {
		return guard.Verdict{}, guard.ErrNotFound
	}
	return m.verdicts[number-1], nil
}

func (m *memory) Tally(_ context.Context, f guard.Filter) (all []guard.Tally, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, v := range m.verdicts {
		if !f.Match(v) || len(v.Rules) == 0 {
			continue
		}
		i := slices.IndexFunc(all, func(t guard.Tally) bool {
			return t.Rule == v.Rules[0] && t.Kind == v.Kind && t.Action == v.Action
		})
		if i < 0 {
			i = len(all)
			all = append(all, guard.Tally{Rule: v.Rules[0], Kind: v.Kind, Action: v.Action})
		}
		all[i].Verdicts++
		all[i].Events += v.Count
	}
	return all, nil
}

func (m *memory) Watch(ctx context.Context) <-chan struct{} {
	c := make(chan struct{}, 1)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.watchers[c] = true
	context.AfterFunc(ctx, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.watchers, c)
	})
	return c
}

func (m *memory) Person(_ context.Context, id wire.ID) (guard.Person, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.person(id)
}

func (m *memory) person(id wire.ID) (guard.Person, error) {
	p, ok := m.people[id]
	if !ok {
		return guard.Person{}, guard.ErrNotFound
	}
	p.Blocked = m.inForce(id) != nil
	return p, nil
}

func (m *memory) inForce(id wire.ID) *guard.Block {
	for i := range m.blocks {
		if m.blocks[i].Account == id && m.blocks[i].Lifted.IsZero() {
			return &m.blocks[i]
		}
	}
	return nil
}

func (m *memory) Find(_ context.Context, name string) (guard.Person, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, p := range m.people {
		if p.Name == name {
			return m.person(id)
		}
	}
	return guard.Person{}, guard.ErrNotFound
}

// memoryBlocks keeps the method Blocks apart from the field.
type memoryBlocks struct{ m *memory }

func (b memoryBlocks) Block(_ context.Context, id wire.ID, by, reason string) error {
	b.m.mu.Lock()
	defer b.m.mu.Unlock()
	p, err := b.m.person(id)
	if err != nil || p.Blocked {
		return err
	}
	b.m.blocks = append(b.m.blocks, guard.Block{Number: int64(len(b.m.blocks) + 1), Account: id, Name: p.Name, Since: b.m.now(), By: by, Reason: reason})
	return nil
}

func (b memoryBlocks) Lift(_ context.Context, id wire.ID, by, reason string) error {
	b.m.mu.Lock()
	defer b.m.mu.Unlock()
	block := b.m.inForce(id)
	if block == nil {
		return guard.ErrNotFound
	}
	block.Lifted, block.LiftedBy, block.LiftReason = b.m.now(), by, reason
	return nil
}

func (b memoryBlocks) Blocks(_ context.Context, f guard.BlockFilter, p guard.Page) (found []guard.Block, _ error) {
	b.m.mu.Lock()
	defer b.m.mu.Unlock()
	for _, k := range b.m.blocks {
		if (f.Account.IsZero() || f.Account == k.Account) && (!f.InForce || k.Lifted.IsZero()) && (p.Before == 0 || k.Number < p.Before) {
			found = append(found, k)
		}
	}
	slices.SortFunc(found, func(a, b guard.Block) int { return cmp.Compare(b.Number, a.Number) })
	return found[:min(len(found), p.Limit)], nil
}

func (m *memory) Dry(_ context.Context, f guard.DryFilter, p guard.Page) (found []guard.DrySpell, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range m.dry {
		if (f.Account.IsZero() || f.Account == d.Account) && (!f.Now || d.Refilled.IsZero()) && (p.Before == 0 || d.Number < p.Before) {
			d.Name = m.people[d.Account].Name
			found = append(found, d)
		}
	}
	slices.SortFunc(found, func(a, b guard.DrySpell) int { return cmp.Compare(b.Number, a.Number) })
	return found[:min(len(found), p.Limit)], nil
}

func newToken() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func (m *memory) NewSignIn(name string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	token := newToken()
	m.links[token] = memoryLink{name: name, made: m.now()}
	return token
}

func (m *memory) Redeem(_ context.Context, token string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l, ok := m.links[token]
	switch {
	case !ok:
		return "", guard.ErrNotFound
	case l.used:
		return "", guard.ErrLinkUsed
	case m.now().Sub(l.made) > 10*time.Minute:
		return "", guard.ErrLinkExpired
	}
	l.used = true
	m.links[token] = l
	session := newToken()
	m.sessions[session] = guard.Analyst{Name: l.name, Since: m.now(), Expires: m.now().Add(12 * time.Hour)}
	return session, nil
}

func (m *memory) Analyst(_ context.Context, session string) (guard.Analyst, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, ok := m.sessions[session]
	if !ok || !m.now().Before(a.Expires) {
		return guard.Analyst{}, guard.ErrNotFound
	}
	return a, nil
}

func (m *memory) Enter(_ context.Context, name string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	session := newToken()
	m.sessions[session] = guard.Analyst{Name: name, Since: m.now(), Expires: m.now().Add(12 * time.Hour)}
	return session, nil
}

func (m *memory) End(_ context.Context, session string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.sessions, session)
	return nil
}

func (m *memory) Config() guard.Config {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.config
}
