package store

import (
	"cmp"
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
)

//go:embed bans.sql
var bans string

// clockSkew is how far the clock of another node may be ahead.
const clockSkew = 10 * time.Minute

// Bans returns all bans that there were, the oldest first.
func (s *Store) Bans(ctx context.Context) ([]guard.Ban, error) {
	acts, ids, err := s.banActs(ctx, false)
	if err != nil {
		return nil, err
	}
	return numbered(guard.Fold(acts), ids), nil
}

// Ban returns a ban with what was done about it, the oldest first, or ErrNotFound.
func (s *Store) Ban(ctx context.Context, id string) (guard.Ban, []guard.BanAct, error) {
	acts, ids, err := s.banActs(ctx, false)
	if err != nil {
		return guard.Ban{}, nil, err
	}
	var own []guard.BanAct
	for _, a := range acts {
		if ids[a.Ban] == id {
			own = append(own, a)
		}
	}
	all := numbered(guard.Fold(own), ids)
	if len(all) == 0 {
		return guard.Ban{}, nil, ErrNotFound
	}
	return all[0], own, nil
}

// numbered gives bans the ids that they have on this node.
func numbered(all []guard.Ban, ids map[wire.ID]string) []guard.Ban {
	for i := range all {
		all[i].ID = ids[all[i].UID]
	}
	slices.SortStableFunc(all, func(a, b guard.Ban) int { return cmp.Or(a.Asked.Compare(b.Asked), cmp.Compare(a.ID, b.ID)) })
	return all
}

// BanActs returns what was done about bans: on this node, or on any of a cluster.
func (s *Store) BanActs(ctx context.Context, here bool) ([]guard.BanAct, error) {
	acts, ids, err := s.banActs(ctx, here)
	for _, a := range acts {
		if a.New != nil && a.New.ID == "" {
			a.New.ID = ids[a.Ban]
		}
	}
	return acts, err
}

// LastBanAct returns the number of the newest act, 0 when there is none. Another
// process' act is seen by it.
func (s *Store) LastBanAct(ctx context.Context) (n int64, err error) {
	err = s.read.QueryRowContext(ctx, "SELECT ifnull(max(n), 0) FROM ban_acts").Scan(&n)
	return n, err
}

type banRow struct {
	id  string
	act guard.BanAct
}

func readBanRow(r scanner) (row banRow, err error) {
	var body string
	if err = r.Scan(&row.id, &body); err == nil {
		err = json.Unmarshal([]byte(body), &row.act)
	}
	return row, err
}

func (s *Store) banActs(ctx context.Context, here bool) (acts []guard.BanAct, ids map[wire.ID]string, err error) {
	rows, err := s.read.QueryContext(ctx, "SELECT ifnull(id, ''), body FROM ban_acts WHERE local OR NOT ?1 ORDER BY n", here)
	all, err := rowsOf(rows, err, readBanRow)
	acts, ids = splitActs(all)
	return acts, ids, err
}

func splitActs(all []banRow) (acts []guard.BanAct, ids map[wire.ID]string) {
	ids = map[wire.ID]string{}
	for _, row := range all {
		acts = append(acts, row.act)
		if row.id != "" {
			ids[row.act.Ban] = row.id
		}
	}
	return acts, ids
}

// AddBan adds a ban and returns it with its id. That of an account shuts it out
// at once, as Block does. One of a print or network that many ordinary accounts
// share, or nobody knows how many, is refused with guard.ErrShared, unless it is
// wanted although that is so. What guard.Ban.Check says against it is returned.
func (s *Store) AddBan(ctx context.Context, b guard.Ban, although bool) (added guard.Ban, err error) {
	b.Asked = s.now().UTC()
	if err := b.Check(); err != nil {
		return b, err
	}
	if b.Shared, err = s.sharing(ctx, b); err != nil {
		return b, err
	}
	if !although && (b.Shared < 0 || b.Shared >= guard.ManyShare) {
		return b, guard.ErrShared(b.Shared)
	}
	err = s.writer.do(ctx, func(t *tx) error {
		added, err = s.addBan(t, b)
		return err
	})
	return added, err
}

// sharing is how many ordinary accounts share what a ban names; -1: not known.
func (s *Store) sharing(ctx context.Context, b guard.Ban) (int, error) {
	switch {
	case !b.Broad():
		return 0, nil
	case strings.Contains(b.Value, "/"):
		return -1, nil
	}
	return s.Sharing(ctx, b.Kind, b.Value)
}

func (s *Store) addBan(t *tx, b guard.Ban) (added guard.Ban, err error) {
	a := guard.BanAct{UID: newUID(), At: s.now().UTC(), Do: guard.BanAdd, By: strings.Join(b.By, ", "), Text: b.Reason, New: &b}
	a.Ban, b.ID = a.UID, ""
	if err := a.Check(); err != nil {
		return b, err
	}
	if b.Kind == guard.BanAccount {
		id, _ := wire.ParseID(b.Value) // checked
		acc, err := readAccount(t.row("SELECT "+accountColumns+" FROM accounts WHERE id = ?", id[:]))
		if err != nil {
			return b, err
		}
		b.Name = acc.Name
	}
	id, err := addBanAct(t, a, true)
	if err != nil {
		return b, err
	}
	added = numbered(guard.Fold([]guard.BanAct{a}), map[wire.ID]string{a.Ban: id})[0]
	return added, s.keepBlock(t, added)
}

func newUID() (id wire.ID) {
	_, _ = rand.Read(id[:]) // never fails
	return id
}

// addBanAct adds an act, and returns the id of the ban that it adds.
func addBanAct(t *tx, a guard.BanAct, local bool) (id string, err error) {
	body, err := json.Marshal(a)
	if err != nil {
		return "", err
	}
	var stored any
	if a.Do == guard.BanAdd {
		if id, err = nextBan(t, a); err != nil {
			return "", err
		}
		stored = id
	}
	_, err = t.exec("INSERT INTO ban_acts (uid, ban, id, at, local, body) VALUES (?, ?, ?, ?, ?, ?)", a.UID[:], a.Ban[:], stored, ns(a.At), local, string(body))
	return id, err
}

// nextBan is the next id of the year. One that was added on another node keeps
// the id that it has there, unless that one is taken here: then something of its
// own is added to it.
func nextBan(t *tx, a guard.BanAct) (string, error) {
	if there := a.New.ID; there != "" {
		var taken bool
		err := t.row("SELECT EXISTS (SELECT 1 FROM ban_acts WHERE id = ?)", there).Scan(&taken)
		if taken {
			there = fmt.Sprintf("%s-%x", there, a.Ban[:4])
		}
		return there, err
	}
	var last int
	year := a.At.UTC().Year()
	err := t.row("SELECT ifnull(max(CAST(substr(id, 8) AS INTEGER)), 0) FROM ban_acts WHERE id GLOB ?", fmt.Sprintf("B-%d-*", year)).Scan(&last)
	return fmt.Sprintf("B-%d-%04d", year, last+1), err
}

// keepBlock shuts out the account that a ban is of, when it has one here and is
// not shut out yet.
func (s *Store) keepBlock(t *tx, b guard.Ban) error {
	id, err := wire.ParseID(b.Value)
	if b.Kind != guard.BanAccount || err != nil || !b.InForce(s.now()) {
		return nil
	}
	a, err := readAccount(t.row("SELECT "+accountColumns+" FROM accounts WHERE id = ?", id[:]))
	if errors.Is(err, ErrNotFound) {
		return nil // it is on another node
	}
	if err != nil || a.Blocked {
		return err
	}
	return s.block(t, a, strings.Join(b.By, ", "), b.BlockReason())
}

// DoBan does something about a ban other than adding it. What guard.Ban.Apply and
// guard.BanAct.Check say against it is returned, or ErrNotFound.
func (s *Store) DoBan(ctx context.Context, id string, do guard.BanDeed, by, text string) (after guard.Ban, err error) {
	a := guard.BanAct{UID: newUID(), At: s.now().UTC(), Do: do, By: by, Text: text}
	err = s.writer.do(ctx, func(t *tx) error {
		if a.Ban, err = readID(t.row("SELECT ban FROM ban_acts WHERE id = ?", id)); err != nil {
			return err
		}
		// Behind all that is known of this ban, whatever the clocks of nodes say.
		var last time.Time
		if err = t.row("SELECT max(at) FROM ban_acts WHERE ban = ?", a.Ban[:]).Scan((*stamp)(&last)); err != nil {
			return err
		}
		if !a.At.After(last) {
			a.At = last.Add(1)
		}
		if err = a.Check(); err != nil {
			return err
		}
		if after, err = banIn(t, a.Ban); err != nil {
			return err
		}
		if err = after.Apply(a); err != nil {
			return err
		}
		if _, err = addBanAct(t, a, true); err != nil {
			return err
		}
		return s.endBlock(t, after)
	})
	return after, err
}

func banIn(t *tx, ban wire.ID) (guard.Ban, error) {
	rows, err := t.Query("SELECT ifnull(id, ''), body FROM ban_acts WHERE ban = ? ORDER BY n", ban[:])
	all, err := rowsOf(rows, err, readBanRow)
	if err != nil {
		return guard.Ban{}, err
	}
	acts, ids := splitActs(all)
	if found := numbered(guard.Fold(acts), ids); len(found) == 1 {
		return found[0], nil
	}
	return guard.Ban{}, ErrNotFound
}

// endBlock lets an account in again whose ban is over. A block that was there
// before the ban stays.
func (s *Store) endBlock(t *tx, b guard.Ban) error {
	id, err := wire.ParseID(b.Value)
	if b.Kind != guard.BanAccount || err != nil || b.InForce(s.now()) {
		return nil
	}
	by, reason := b.LiftedBy, b.LiftReason
	if b.Lifted.IsZero() {
		by, reason = "Ringfence", "the ban has expired"
	}
	prefix := guard.BlockReason(b.ID)
	n, err := t.exec("UPDATE blocks SET lifted = ?, lifted_by = ?, lift_reason = ? WHERE account = ? AND lifted = 0 AND substr(reason, 1, ?) = ?",
		ns(s.now()), by, reason, id[:], len(prefix), prefix)
	if err != nil || n == 0 {
		return err
	}
	if other, err := s.otherBan(t, b.Value, b.UID); err != nil || other.ID != "" {
		return errors.Join(err, s.keepBlock(t, other))
	}
	return s.learnTokens(t, id)
}

// otherBan is a ban in force of an account, other than this; its id is "" for none.
func (s *Store) otherBan(t *tx, account string, than wire.ID) (guard.Ban, error) {
	rows, err := t.Query("SELECT ifnull(id, ''), body FROM ban_acts ORDER BY n")
	all, err := rowsOf(rows, err, readBanRow)
	acts, ids := splitActs(all)
	for _, b := range numbered(guard.Fold(acts), ids) {
		if b.Kind == guard.BanAccount && b.Value == account && b.UID != than && b.InForce(s.now()) {
			return b, err
		}
	}
	return guard.Ban{}, err
}

// banned tells whether a ban of an account is in force.
func (s *Store) banned(t *tx, account wire.ID) (bool, error) {
	b, err := s.otherBan(t, account.String(), wire.ID{})
	return b.ID != "", err
}

// ImportBanActs takes what was done about bans on other nodes, each act once, and
// returns how many were new. An act that is not whole is refused, and the others
// are taken. Bans of accounts that are here take effect.
func (s *Store) ImportBanActs(ctx context.Context, acts []guard.BanAct) (fresh int, err error) {
	var wrong error
	err = s.writer.do(ctx, func(t *tx) error {
		fresh = 0
		touched := map[wire.ID]bool{}
		for _, a := range acts {
			err := a.Check()
			if err == nil && a.At.After(s.now().Add(clockSkew)) {
				err = errors.New("an act about a ban is of the future; set the clocks of the nodes right")
			}
			if err != nil {
				wrong = errors.Join(wrong, err)
				continue
			}
			var known bool
			if err := t.row("SELECT EXISTS (SELECT 1 FROM ban_acts WHERE uid = ?)", a.UID[:]).Scan(&known); err != nil {
				return err
			}
			if known {
				continue
			}
			if _, err := addBanAct(t, a, false); err != nil {
				return err
			}
			fresh++
			touched[a.Ban] = true
		}
		return s.settleBans(t, touched)
	})
	return fresh, errors.Join(err, wrong)
}

// settleBans puts the blocks of accounts right that these bans are of.
func (s *Store) settleBans(t *tx, which map[wire.ID]bool) error {
	for ban := range which {
		b, err := banIn(t, ban)
		if errors.Is(err, ErrNotFound) {
			continue // what added it has not come yet
		}
		if err == nil {
			err = errors.Join(s.keepBlock(t, b), s.endBlock(t, b))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// SettleBans puts the blocks of these bans right, which have begun, ended or expired
// since, perhaps by another process: also in the memory of this one.
func (s *Store) SettleBans(ctx context.Context, changed []guard.Ban) error {
	return s.writer.do(ctx, func(t *tx) error {
		touched := map[wire.ID]bool{}
		for _, b := range changed {
			if id, err := wire.ParseID(b.Value); b.Kind == guard.BanAccount && err == nil {
				touched[id] = true
			}
		}
		t.after(func() { s.forgetTokensOf(touched) })
		for _, b := range changed {
			if err := errors.Join(s.keepBlock(t, b), s.endBlock(t, b)); err != nil {
				return err
			}
		}
		for id := range touched {
			if err := s.learnTokens(t, id); err != nil {
				return err
			}
		}
		return nil
	})
}
