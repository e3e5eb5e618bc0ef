package live

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/ringfence/ringfence/bus"
)

var campaignID = regexp.MustCompile(`^L-[0-9a-f]{14}$`)

// merger holds the groups, of what all partitions tell.
type merger struct {
	runner  *Runner
	board   *board
	seq     map[string]uint64 // for which a value stands
	changed bool
	now     int64 // the latest time of a record
	last    []byte
	waiting int // kinds of values that have not all been received once
}

// value is one value that was told.
type value struct {
	key  string
	data []byte
}

const compareDue = 100 * time.Millisecond

// merge compares the accounts of all partitions, until the context ends. All it
// needs is in the values, so that any machine can go on with it.
func (r *Runner) merge(ctx context.Context) error {
	m := &merger{runner: r, board: newBoard(r.stream.Partitions()), seq: map[string]uint64{}}
	for _, c := range r.Campaigns() {
		m.board.open[c.ID] = standing{len(c.Accounts), len(c.Targets), c.Strength}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	values, failed := make(chan value, 1024), make(chan error, 3)
	for _, pattern := range []string{accountKey + ">", crowdKey + ">", releasedKey + ">"} {
		m.waiting++
		go func() {
			failed <- r.values.Watch(ctx, pattern, func(key string, data []byte, _ uint64) {
				select {
				case values <- value{key, data}:
				case <-ctx.Done():
				}
			})
		}()
	}
	soon, whole := time.NewTicker(compareDue), time.NewTicker(r.spread.Compare)
	defer soon.Stop()
	defer whole.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case err = <-failed:
		case v := <-values:
			err = m.take(v)
		case <-soon.C:
			err = m.compare(ctx, false)
		case <-whole.C:
			err = m.compare(ctx, true)
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// take takes what a partition tells.
func (m *merger) take(v value) error {
	if v.key == "" {
		m.waiting--
		m.board.due = true
		return nil
	}
	if id, ok := strings.CutPrefix(v.key, releasedKey); ok {
		if string(v.data) == heldAgain {
			m.board.hold(id)
		} else {
			m.board.release(id, strings.TrimPrefix(string(v.data), releasedBy))
		}
		m.changed = true
		return nil
	}
	var s stands
	if err := json.Unmarshal(v.data, &s); err != nil {
		return fmt.Errorf("value %s of the live hunt: %w", v.key, err)
	}
	if s.Seq < m.seq[v.key] {
		return nil
	}
	m.seq[v.key] = s.Seq
	m.changed = true
	if of, ok := strings.CutPrefix(v.key, crowdKey); ok {
		p, err := strconv.Atoi(of)
		if err != nil || p < 0 || p >= len(m.board.groups.crowds) || s.Crowd == nil {
			return fmt.Errorf("value %s of the live hunt is of no partition", v.key)
		}
		m.board.groups.crowds[p] = s.Crowd
		m.now = max(m.now, s.Time.UnixNano())
		return nil
	}
	h, err := strconv.ParseUint(v.key[strings.LastIndexByte(v.key, '.')+1:], 16, 64)
	if err != nil || s.Account != nil && s.Account.Hash != h {
		return fmt.Errorf("value %s of the live hunt is of no account", v.key)
	}
	if s.Account == nil {
		delete(m.seq, v.key)
	} else {
		m.now = max(m.now, s.Account.Last)
	}
	m.board.put(h, s.Account)
	return nil
}

// compare tells all machines what there is now, and what has happened.
func (m *merger) compare(ctx context.Context, whole bool) error {
	if m.waiting > 0 || !m.changed || !whole && !m.board.due {
		return nil
	}
	if whole {
		m.changed = false
	}
	events := m.board.happened(m.now, whole)
	for _, e := range events {
		data, err := json.Marshal(e)
		if err == nil && len(data) > bus.MaxMessage {
			e.Campaign.Attempts = nil // they are in Campaigns
			data, err = json.Marshal(e)
		}
		if err == nil {
			err = m.runner.bus.Publish(eventTopic, data)
		}
		if err != nil {
			m.runner.spread.Log.Warn("an event of a campaign was not published", "campaign", e.Campaign.ID, "error", err)
		}
	}
	return m.publish(ctx)
}

// publish gives the campaigns and what is held back to all machines.
func (m *merger) publish(ctx context.Context) error {
	data, err := json.Marshal(published{Campaigns: m.board.found, Holds: *m.board.held})
	if err != nil {
		return fmt.Errorf("campaigns of the live hunt: %w", err)
	}
	if bytes.Equal(data, m.last) {
		return nil
	}
	v := m.runner.values
	was, revision, err := v.Get(ctx, campaignKey)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%s.campaigns.%d", m.runner.name, revision)
	if err := v.Save(ctx, name, data); err != nil {
		return err
	}
	if _, err := v.Set(ctx, campaignKey, []byte(name), revision); err != nil {
		if errors.Is(err, bus.ErrChanged) {
			return errors.Join(errors.New("another machine compares the accounts, too"), v.Drop(ctx, name))
		}
		return err
	}
	m.last = data
	if len(was) > 0 && string(was) != name {
		return v.Drop(ctx, string(was))
	}
	return nil
}

// listen keeps what the groups' machine tells, on every machine.
func (r *Runner) listen(ctx context.Context) error {
	r.watchValue(ctx, campaignKey, func(_ string, data []byte) {
		saved, err := r.values.Load(ctx, string(data))
		if err != nil {
			return // a newer one has taken its place, and comes next
		}
		var p published
		if err := json.Unmarshal(saved, &p); err != nil {
			r.spread.Log.Error("the campaigns of the live hunt are not readable", "error", err)
			return
		}
		r.change(func(now *published) { now.Campaigns, now.Holds = p.Campaigns, p.Holds })
	})
	r.watchValue(ctx, releasedKey+">", func(key string, data []byte) {
		r.change(func(now *published) {
			now.released = maps.Clone(now.released)
			now.released[strings.TrimPrefix(key, releasedKey)] = string(data) != heldAgain
		})
	})
	if r.spread.Events == nil {
		return nil
	}
	cancel, err := r.bus.Subscribe(eventTopic, func(data []byte) {
		var e Event
		if json.Unmarshal(data, &e) == nil {
			r.spread.Events(e)
		}
	})
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, cancel)
	return nil
}

// change changes what is published, from several goroutines.
func (r *Runner) change(by func(*published)) {
	for {
		old := r.held.Load()
		now := *old
		by(&now)
		if r.held.CompareAndSwap(old, &now) {
			return
		}
	}
}

// watchValue watches until the context ends, whatever happens.
func (r *Runner) watchValue(ctx context.Context, pattern string, receive func(key string, data []byte)) {
	r.tasks.Go(func() {
		for ctx.Err() == nil {
			err := r.values.Watch(ctx, pattern, func(key string, data []byte, _ uint64) {
				if key != "" {
					receive(key, data)
				}
			})
			if ctx.Err() == nil {
				r.spread.Log.Warn("watching values of the live hunt has ended and begins again", "error", err)
			}
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	})
}
