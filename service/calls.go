package service

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"math"
	"sync"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
	"github.com/ringfence/ringfence/wire/ring"
)

const (
	ringTime  = ring.MaxTTL * time.Millisecond
	graceTime = 15 * time.Second // for a party that lost its connection
)

var moveOf = map[byte]guard.Move{
	call.TypeAccept: guard.Accept, call.TypeJoin: guard.Join, call.TypeDecline: guard.Decline,
	call.TypeCancel: guard.Cancel, call.TypeHangUp: guard.HangUp, call.TypeConnected: guard.Connected,
	call.TypeResume: guard.Resume, call.TypeAsk: guard.Ask, call.TypeRestart: guard.Restart,
}

// calls has the clocks of the calls that are going on; everything else of them
// is in the store. A call has one clock while it rings, and one for each party
// that has lost its connection.
type calls struct {
	ringing time.Duration // how long a phone rings
	grace   time.Duration // how long a lost party is waited for

	mu      sync.Mutex
	timers  map[clock]*time.Timer
	kept    map[clock][]byte // the latest that a lost party must be told
	stopped bool
}

type clock struct {
	call  wire.ID
	party wire.ID // zero: the clock of the ringing
}

func (c *calls) after(k clock, wait time.Duration, f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return
	}
	if old := c.timers[k]; old != nil {
		old.Stop()
	}
	c.timers[k] = time.AfterFunc(wait, f)
}

func (c *calls) cancel(clocks ...clock) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range clocks {
		if t := c.timers[k]; t != nil {
			t.Stop()
			delete(c.timers, k)
		}
		delete(c.kept, k)
	}
}

func (c *calls) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	for k, t := range c.timers {
		t.Stop()
		delete(c.timers, k)
	}
}

// offer is somebody who wants to call. The phone rings only for a contact, with
// a ring that is composed here.
func (s *Service) offer(d *device, m call.Message, b []byte) error {
	d.offers.Lock()
	defer d.offers.Unlock()
	ctx := context.Background()
	callee, err := s.store.Account(ctx, m.Callee)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	accepted, _, err := s.store.Related(ctx, m.Callee, d.account.ID)
	if err != nil {
		return err
	}
	c := store.Call{
		ID: s.id(), Caller: d.account.ID, CallerDevice: d.account.Device, Callee: m.Callee, CalleeDevice: callee.Device,
		Media: m.Media, State: guard.Ringing, CallerBuild: d.build, CallerPrint: d.print,
		CallerNetwork: d.origin.Network, CallerCountry: d.origin.Country, Offered: s.config.Now(), Range: d.account.Run != "",
	}
	c.Expires = c.Offered.Add(ringTime)
	v := s.judgeOffer(d, m, b, c, accepted && !callee.Blocked)
	if !v.Passed() {
		return s.offerRefused(ctx, d, m, c, v)
	}
	d.counter = max(d.counter, m.Counter)
	other, err := s.occupied(ctx, c)
	if err != nil || other != 0 {
		d.push(call.Message{Type: call.TypeRefused, Counter: m.Counter, Reason: other}.AppendTo(nil))
		return err
	}
	d.push(call.Message{Type: call.TypeRinging, Counter: m.Counter, Call: c.ID}.AppendTo(nil))
	if err := s.early(d, c); err != nil {
		return err
	}
	s.hub.send(c.Callee, s.composeRing(c, ring.MaxTTL, b))
	s.calls.after(clock{call: c.ID}, s.calls.ringing, s.isolated(eventOf(c), func() { s.expired(c) }))
	return nil
}

func (s *Service) judgeOffer(d *device, m call.Message, b []byte, c store.Call, contact bool) guard.Verdict {
	signed := append([]byte("ringfence offer v1\x00"), d.nonce[:]...)
	signed = binary.BigEndian.AppendUint64(signed, m.Counter)
	signed = append(append(signed, m.Callee[:]...), byte(m.Media))
	l := s.guard.Limits()
	ev := d.event(guard.Offer, b)
	ev.Target, ev.Call, ev.Contact = m.Callee, c.ID, contact
	ev.Fresh = m.Counter > d.counter
	ev.Campaign, ev.Evasion = s.campaignOf(c), s.evades(context.Background(), c, contact)
	ev.Signed = ed25519.Verify(d.account.Ed25519[:], signed, m.Signature[:])
	ev.Spends = []guard.Spend{
		{Name: "calls of an account", Key: c.Caller.String(), Limit: l.OffersPerMinute, Per: time.Minute},
		{Name: "calls of one account to another", Key: c.Caller.String() + c.Callee.String(), Limit: l.OffersPerPairMinute, Per: time.Minute},
		{Name: "calls to an account", Key: c.Callee.String(), Limit: l.OffersToCalleeMinute, Per: time.Minute},
	}
	return s.guard.Judge(&ev)
}

// heldKind is the kind of notice of a contact's call that was held back, by the rule.
var heldKind = map[string]string{"R25": "campaign", "R26": "new_account"}

// offerRefused tells the caller no more than that, keeps a record, and tells the
// callee whose call was held back, and of a contact that it was a campaign's. The range's strangers are
// shown to the range's own accounts only.
func (s *Service) offerRefused(ctx context.Context, d *device, m call.Message, c store.Call, v guard.Verdict) error {
	reason := call.Refused
	if v.Rules[0] == "R13" {
		reason = call.TooMany
	}
	d.push(call.Message{Type: call.TypeRefused, Counter: m.Counter, Reason: reason}.AppendTo(nil))
	record := s.record(c, "blocked")
	record.Rules = v.Rules
	if err := s.keep(ctx, record); err != nil {
		return err
	}
	if v.Action == guard.Quarantine && !c.CalleeDevice.IsZero() {
		kind := "held_back"
		if of, ok := heldKind[v.Rules[0]]; ok {
			kind = of
		}
		n := store.Notice{Kind: kind, Account: c.Caller, Name: d.account.Name, Media: c.Media.String(), Call: c.ID}
		if err := s.tell(ctx, c.Callee, n); err != nil {
			return err
		}
	}
	return d.refused()
}

// occupied stores the call if both sides are free, and says why not otherwise.
func (s *Service) occupied(ctx context.Context, c store.Call) (call.Reason, error) {
	err := s.store.AddCall(ctx, c)
	if !errors.Is(err, store.ErrBusy) {
		return 0, err
	}
	if mine, err := s.store.LiveCall(ctx, c.Caller); err == nil {
		if mine.Caller == c.Callee && mine.State == guard.Ringing {
			return call.Glare, nil // their ring is on its way, or on the screen
		}
		return call.Busy, nil
	}
	record := s.record(c, "failed")
	if err := s.keep(ctx, record); err != nil {
		return call.Busy, err
	}
	return call.Busy, s.tell(ctx, c.Callee, s.noticeOf(ctx, c, "missed"))
}

// ringWaiting rings a device that has just connected, for what is left of the
// time, in whole seconds.
func (s *Service) ringWaiting(d *device) error {
	c, err := s.store.LiveCall(context.Background(), d.account.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil || c.Callee != d.account.ID || c.State != guard.Ringing {
		return err
	}
	left := c.Expires.Sub(s.config.Now()).Truncate(time.Second)
	if left > 0 {
		d.push(s.composeRing(c, uint32(min(left, ringTime).Milliseconds()), nil))
	}
	return nil
}

// expired ends a call that nobody answered.
func (s *Service) expired(c store.Call) {
	if err := s.end(context.Background(), c, guard.Ringing, call.Missed, "missed"); err != nil {
		s.config.Log.Error("a call that nobody answered could not be ended", "call", c.ID, "why", err)
	}
}

// end ends a call that stands in a state, tells both sides, and keeps its
// record. A call that has moved on meanwhile is left alone.
func (s *Service) end(ctx context.Context, c store.Call, from guard.State, why call.Reason, outcome string) error {
	moved, err := s.store.MoveCall(ctx, c.ID, from, guard.Ended, s.config.Now())
	if err != nil || !moved {
		return err
	}
	s.calls.cancel(clock{call: c.ID}, clock{c.ID, c.Caller}, clock{c.ID, c.Callee})
	if s.relay != nil {
		s.relay.Close(c.ID)
	}
	over := call.Message{Type: call.TypeEnded, Call: c.ID, Reason: why}.AppendTo(nil)
	s.hub.send(c.Caller, over)
	s.hub.send(c.Callee, over)
	if err := s.keep(ctx, s.record(c, outcome)); err != nil {
		return err
	}
	if kind := noticed[outcome]; kind != "" {
		return s.tell(ctx, c.Callee, s.noticeOf(ctx, c, kind))
	}
	return nil
}

// noticed is the kind of notice that a call which rang leaves with the callee.
var noticed = map[string]string{"missed": "missed", "cancelled": "missed", "answered": "answered", "declined": "declined"}

func (s *Service) noticeOf(ctx context.Context, c store.Call, kind string) store.Notice {
	return store.Notice{Kind: kind, Account: c.Caller, Name: s.nameOf(ctx, c.Caller), Media: c.Media.String(), At: c.Offered, Call: c.ID}
}

// record is the line of a call for the hunt: no content.
func (s *Service) record(c store.Call, outcome string) store.Record {
	now := s.config.Now()
	r := store.Record{Time: c.Offered, Call: c.ID, Caller: c.Caller, Callee: c.Callee, Outcome: outcome, Rules: []string{}}
	if c.CallerBuild > 0 {
		v := buildName(c.CallerBuild)
		r.CallerVersion = &v
	}
	if c.CallerPrint != "" {
		r.CallerPrint = &c.CallerPrint
	}
	if c.CallerNetwork != "" {
		r.CallerNetwork = &c.CallerNetwork
	}
	if c.CallerCountry != "" {
		r.CallerCountry = &c.CallerCountry
	}
	if d := s.hub.of(c.Callee); d != nil && d.origin.Country != "" {
		r.CalleeCountry = &d.origin.Country
	}
	ctx := context.Background()
	if a, err := s.store.Account(ctx, c.Caller); err == nil {
		age := int32(now.Sub(a.Created) / day)
		r.CallerAgeDays, r.Run = &age, a.Run
	}
	if accepted, _, err := s.store.Related(ctx, c.Callee, c.Caller); err == nil {
		r.Contact = &accepted
	}
	switch {
	case !c.Answered.IsZero():
		r.RingMS, r.TalkMS = milliseconds(c.Answered.Sub(c.Offered)), milliseconds(now.Sub(c.Answered))
	case outcome != "blocked":
		r.RingMS = milliseconds(now.Sub(c.Offered))
	}
	return r
}

// milliseconds are never below 0, whatever happened to the clock meanwhile, and
// fit into a record.
func milliseconds(d time.Duration) int32 { return int32(min(max(0, d.Milliseconds()), math.MaxInt32)) }

func (s *Service) nameOf(ctx context.Context, id wire.ID) string {
	a, err := s.store.Account(ctx, id)
	if err != nil {
		return ""
	}
	return a.Name
}

// eventOf is an event about a call that nobody sent just now.
func eventOf(c store.Call) guard.Event {
	return guard.Event{Kind: guard.Step, At: c.Offered, Account: c.Caller, Target: c.Callee, Call: c.ID, Range: c.Range}
}

// finish ends a call in whatever state it is.
func (s *Service) finish(ctx context.Context, id wire.ID, why call.Reason) {
	for range moveTries {
		c, err := s.store.Call(ctx, id)
		if err != nil || c.State == guard.Ended {
			return
		}
		outcome := "failed"
		switch {
		case !c.Answered.IsZero():
			outcome = "answered"
		case c.State == guard.Ringing && why == call.Failed:
			outcome = "cancelled"
		}
		if err := s.end(ctx, c, c.State, why, outcome); err != nil {
			s.config.Log.Error("a call could not be ended", "call", id, "why", err)
			return
		}
	}
}

// endCallOf ends the call that an account has, because the account ends.
func (s *Service) endCallOf(ctx context.Context, account wire.ID) error {
	c, err := s.store.LiveCall(ctx, account)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err == nil {
		s.finish(ctx, c.ID, call.Failed)
	}
	return err
}

// endLeftCalls ends the calls that a stop or a crash left: their relay is gone.
func (s *Service) endLeftCalls(ctx context.Context) error {
	left, err := s.store.LiveCalls(ctx)
	for _, c := range left {
		s.finish(ctx, c.ID, call.Failed)
	}
	return err
}

// Silent is what the relay calls when a leg has sent nothing for long.
func (s *Service) Silent(id wire.ID) { s.finish(context.Background(), id, call.Failed) }
