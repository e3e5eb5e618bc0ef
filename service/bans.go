package service

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/wire"
)

const (
	bansEvery  = 500 * time.Millisecond // how soon another process' act is seen
	bansTopic  = "bans.acts"
	bansAsked  = "bans.asked"
	bansAgain  = 10 * time.Minute // nodes ask each other anew: the bus keeps nothing
	actsAtOnce = 8                // in a message of the bus: each is up to 20 kB
)

// bans are those in force, in memory: who signs in and what is seen of a client
// is held against them. They are in the store, where another process, the command
// line, may add some; a look at the number of the newest act shows it.
type bans struct {
	mu      sync.Mutex       // one refresh at a time
	seen    int64            // number of the newest act that was seen
	expires time.Time        // when the next of them does; zero: none
	known   map[wire.ID]bool // those of accounts, by uid: whether in force
	inForce []guard.Ban
	reading sync.RWMutex
}

func (b *bans) all() []guard.Ban {
	b.reading.RLock()
	defer b.reading.RUnlock()
	return b.inForce
}

// startBans joins the other nodes and reads the bans before anybody is let in.
func (s *Service) startBans(ctx context.Context) error {
	if err := s.hearOfBans(ctx); err != nil {
		return err
	}
	if err := s.refreshBans(ctx); err != nil {
		return err
	}
	s.running.Go(func() { s.watchBans(ctx) })
	return nil
}

func (s *Service) watchBans(ctx context.Context) {
	look, ask := time.NewTicker(bansEvery), time.NewTicker(bansAgain)
	defer look.Stop()
	defer ask.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-look.C:
			err = s.refreshBans(ctx)
		case <-ask.C:
			err = s.bus.Publish(bansAsked, nil)
		}
		if err != nil && ctx.Err() == nil {
			s.config.Log.Error("bans could not be brought up to date; it is tried again", "why", err)
		}
	}
}

// refreshBans puts in force what has changed: accounts that are banned by now are
// out, and connected ones that are new are held against bans of prints and networks.
func (s *Service) refreshBans(ctx context.Context) error {
	s.bans.mu.Lock()
	defer s.bans.mu.Unlock()
	newest, err := s.store.LastBanAct(ctx)
	now := s.config.Now()
	expired := !s.bans.expires.IsZero() && !now.Before(s.bans.expires)
	if err != nil || newest == s.bans.seen && !expired {
		return err
	}
	all, err := s.store.Bans(ctx)
	if err != nil {
		return err
	}
	inForce, next := inForceAt(all, now)
	changed := s.bans.changed(all, now)
	s.bans.reading.Lock()
	s.bans.inForce = inForce
	s.bans.reading.Unlock()
	if err := s.store.SettleBans(ctx, changed); err != nil {
		return err
	}
	for _, b := range changed {
		if err := s.shutOut(ctx, b); err != nil {
			return err
		}
	}
	for _, d := range s.hub.list() {
		s.sighted(ctx, d)
	}
	if err := s.composeTerms(ctx); err != nil {
		return err
	}
	if err := s.announceBans(ctx, true); err != nil {
		return err
	}
	s.bans.seen, s.bans.expires = newest, next
	for _, b := range changed {
		s.bans.known[b.UID] = b.InForce(now)
	}
	return nil
}

// changed returns the bans of accounts that were not known to be, or not to be, in
// force.
func (b *bans) changed(all []guard.Ban, now time.Time) (changed []guard.Ban) {
	for _, one := range all {
		if was, known := b.known[one.UID]; one.Kind == guard.BanAccount && (!known || was != one.InForce(now)) {
			changed = append(changed, one)
		}
	}
	return changed
}

func inForceAt(all []guard.Ban, now time.Time) (inForce []guard.Ban, next time.Time) {
	for _, b := range all {
		if !b.InForce(now) {
			continue
		}
		inForce = append(inForce, b)
		if !b.Until.IsZero() && (next.IsZero() || b.Until.Before(next)) {
			next = b.Until
		}
	}
	return inForce, next
}

// shutOut ends what a banned account has open here.
func (s *Service) shutOut(ctx context.Context, b guard.Ban) error {
	id, err := wire.ParseID(b.Value)
	if err != nil || !b.InForce(s.config.Now()) {
		return nil
	}
	s.hub.end(id, "banned")
	return s.endCallOf(ctx, id)
}

// list returns the devices that are connected.
func (h *hub) list() []*device {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]*device, 0, len(h.devices))
	for _, d := range h.devices {
		all = append(all, d)
	}
	return all
}

// sighted holds a device against the bans of prints and networks, and keeps what
// it showed. What goes wrong is logged: nobody is kept from signing in by it.
func (s *Service) sighted(ctx context.Context, d *device) {
	if d.account.Run != "" {
		return // the test range is not among the people
	}
	err := s.flag(ctx, d)
	err = errors.Join(err, s.store.Sight(ctx, guard.BanPrint, d.print, d.account.ID), s.store.Sight(ctx, guard.BanNetwork, d.origin.Network, d.account.ID))
	if err != nil && ctx.Err() == nil {
		s.config.Log.Error("a client could not be held against the bans", "why", err)
	}
}

// flag flags a new account that shows what is banned. One that was there before
// the ban is left alone.
func (s *Service) flag(ctx context.Context, d *device) error {
	for _, b := range s.bans.all() {
		if !b.Meets(d.print, d.origin.Network, d.conn.Addr().Addr()) {
			continue
		}
		shared, err := s.store.Sharing(ctx, b.Kind, b.Value)
		if err != nil {
			return err
		}
		if err := s.store.Sight(ctx, b.Kind, b.Value, d.account.ID); err != nil {
			return err
		}
		if !d.account.Created.After(b.Since) {
			continue
		}
		fresh, err := s.store.AddEvasion(ctx, guard.Evasion{Ban: b.ID, Account: d.account.ID, Kind: b.Kind, Value: b.Value, Shared: shared})
		if err != nil {
			return err
		}
		if fresh {
			s.config.Log.Warn("a new account shows what is banned: decide on it in the console", "ban", b.ID, "ordinary", shared)
		}
	}
	return nil
}

// evades names the ban that a caller is flagged to evade, when the callee does
// not know the caller; "" else.
func (s *Service) evades(ctx context.Context, c store.Call, contact bool) string {
	flag, held := s.held(ctx, c.Caller)
	if c.Range && c.CallerBuild == guard.RangeEvader {
		flag, held = guard.Evasion{Ban: "of the test range"}, true
	}
	if !held {
		return ""
	}
	known := false
	if contact {
		var err error
		if known, err = s.store.Acquainted(ctx, c.Callee, c.Caller, flag.At); err != nil {
			s.config.Log.Error("whether a callee knows a caller could not be read; the call is held back", "why", err)
		}
	}
	if known {
		return ""
	}
	return flag.Ban
}

// held returns the flag that holds an account's calls back.
func (s *Service) held(ctx context.Context, account wire.ID) (guard.Evasion, bool) {
	broad := map[string]bool{}
	for _, b := range s.bans.all() {
		if b.Broad() {
			broad[b.ID] = true
		}
	}
	if len(broad) == 0 {
		return guard.Evasion{}, false
	}
	flags, err := s.store.Holding(ctx, account)
	if err != nil {
		s.config.Log.Error("the flags of an account could not be read", "why", err)
	}
	for _, f := range flags {
		if broad[f.Ban] {
			return f, true
		}
	}
	return guard.Evasion{}, false
}

// banOf returns the ban in force of an account.
func (s *Service) banOf(account wire.ID) (guard.Ban, bool) {
	for _, b := range s.bans.all() {
		if b.Kind == guard.BanAccount && b.Value == account.String() {
			return b, true
		}
	}
	return guard.Ban{}, false
}

// hearOfBans takes what other nodes tell of their bans, and tells them of ours.
func (s *Service) hearOfBans(ctx context.Context) error {
	if s.config.Cluster == "" {
		return nil
	}
	told, err := s.bus.Subscribe(bansTopic, func(b []byte) {
		var acts []guard.BanAct
		err := json.Unmarshal(b, &acts)
		fresh := 0
		if err == nil {
			fresh, err = s.store.ImportBanActs(ctx, acts)
		}
		if fresh > 0 {
			err = errors.Join(err, s.refreshBans(ctx))
		}
		if err != nil && ctx.Err() == nil {
			s.config.Log.Error("what another node told of bans was not taken whole", "why", err)
		}
	})
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, told)
	asked, err := s.bus.Subscribe(bansAsked, func([]byte) {
		if err := s.announceBans(ctx, false); err != nil && ctx.Err() == nil {
			s.config.Log.Error("other nodes could not be told of bans", "why", err)
		}
	})
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, asked)
	return s.bus.Publish(bansAsked, nil)
}

// announceBans tells the other nodes of what was done here, or of all that is known.
func (s *Service) announceBans(ctx context.Context, here bool) error {
	if s.config.Cluster == "" {
		return nil
	}
	acts, err := s.store.BanActs(ctx, here)
	for len(acts) > 0 && err == nil {
		n := min(len(acts), actsAtOnce)
		var b []byte
		if b, err = json.Marshal(acts[:n]); err == nil {
			err = s.bus.Publish(bansTopic, b)
		}
		acts = acts[n:]
	}
	return err
}

// Bans returns all bans that there were.
func (s *Service) Bans(ctx context.Context) ([]guard.Ban, error) { return s.store.Bans(ctx) }

// Ban returns a ban with what was done about it, or guard.ErrNotFound.
func (s *Service) Ban(ctx context.Context, id string) (guard.Ban, []guard.BanAct, error) {
	return s.store.Ban(ctx, id)
}

// AddBan adds a ban and puts it in force; see store.Store.AddBan.
func (s *Service) AddBan(ctx context.Context, b guard.Ban, although bool) (guard.Ban, error) {
	b, err := s.store.AddBan(ctx, b, although)
	if err != nil {
		return b, err
	}
	return b, s.refreshBans(ctx)
}

// DoBan does something else about a ban, at once; see store.Store.DoBan.
func (s *Service) DoBan(ctx context.Context, id string, do guard.BanDeed, by, text string) (guard.Ban, error) {
	b, err := s.store.DoBan(ctx, id, do, by, text)
	if err != nil {
		return b, err
	}
	return b, s.refreshBans(ctx)
}

// DecideEvasion decides on a flag, at once; see store.Store.DecideEvasion.
func (s *Service) DecideEvasion(ctx context.Context, number int64, d guard.EvasionDecision, by, reason string) error {
	if err := s.store.DecideEvasion(ctx, number, d, by, reason); err != nil {
		return err
	}
	return s.refreshBans(ctx)
}

// Evasions returns a page of flags.
func (s *Service) Evasions(ctx context.Context, f guard.EvasionFilter, p guard.Page) ([]guard.Evasion, error) {
	return s.store.Evasions(ctx, f, p)
}

// Evasion returns a flag, or guard.ErrNotFound.
func (s *Service) Evasion(ctx context.Context, number int64) (guard.Evasion, error) {
	return s.store.Evasion(ctx, number)
}

// Sharing counts the ordinary accounts that share a print or a network.
func (s *Service) Sharing(ctx context.Context, kind guard.BanKind, value string) (int, error) {
	return s.store.Sharing(ctx, kind, value)
}

// refusal is what a banned person is told who proves whose account it is: neutral,
// and how to object.
func refusal(b guard.Ban) *problem {
	until := "without an end"
	if !b.Until.IsZero() {
		until = "until " + b.Until.UTC().Format(time.DateOnly)
	}
	p := &problem{403, "banned", "this account was closed by the operators of this server, by decision " + b.ID + ", " + until, ""}
	switch b.Appeal.State {
	case guard.AppealAsked:
		p.code, p.hint = "banned_appealed", "your objection was received on "+b.Appeal.At.UTC().Format(time.DateOnly)+"; a person will read it"
	case guard.AppealUpheld:
		p.code, p.hint = "banned_appealed", "your objection was decided on "+b.Appeal.Decided.UTC().Format(time.DateOnly)+": the decision stays"
	default:
		p.hint = "you can object, once, in up to 2000 characters; a person will read it"
	}
	return p
}

// refusedFor answers a genuine sign-in to an account that is shut out, and takes
// the objection that came with it.
func (r *request) refusedFor(account wire.ID, appeal string) error {
	r.event.Bytes = []byte("POST /v1/session account=" + account.String()) // what somebody objects goes into no verdict
	b, banned := r.s.banOf(account)
	if !banned { // perhaps another process has just added it
		if err := r.s.refreshBans(r.Context()); err != nil {
			return err
		}
		if b, banned = r.s.banOf(account); !banned {
			return r.judge(errUnproven)
		}
	}
	if err := r.judge(errUnproven); !errors.Is(err, errUnproven) {
		return err
	}
	if strings.TrimSpace(appeal) == "" {
		if now, _, err := r.s.store.Ban(r.Context(), b.ID); err == nil {
			b = now
		}
		return refusal(b)
	}
	after, err := r.s.DoBan(r.Context(), b.ID, guard.BanAppeal, "", appeal)
	switch {
	case errors.Is(err, guard.ErrAppealed):
		return refusal(after)
	case errors.Is(err, guard.ErrBanOver):
		return errUnproven
	case err != nil && (guard.BanAct{UID: b.UID, Ban: account, At: b.Asked, Do: guard.BanAppeal, Text: appeal}).Check() != nil:
		return errAppeal
	case err != nil:
		return err
	}
	return refusal(after)
}

var errAppeal = &problem{422, "appeal", "an objection has 1 to 2000 characters", "write it shorter"}
