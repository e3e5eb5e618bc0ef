package store

import (
	"context"
	"errors"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
)

const (
	keepSightings = 30 * 24 * time.Hour
	sightAgain    = 24 * time.Hour // a sighting is renewed after this
	maxSightings  = 8              // of one account and kind: prints are of the client's choosing
)

// Ordinary relations, by which a flag holds nothing back: so many accepted
// contacts, for so long.
const (
	ordinaryContacts = 3
	ordinaryAge      = 7 * 24 * time.Hour
)

// Sight keeps that an account showed a client print, or came from a network: once
// a day, of an account the newest eight, for thirty days. What is "" is not kept,
// and of the test range's accounts nothing.
func (s *Store) Sight(ctx context.Context, kind guard.BanKind, value string, account wire.ID) error {
	if value == "" {
		return nil
	}
	now := s.now()
	var fresh bool
	err := s.read.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM sightings WHERE kind = ? AND value = ? AND account = ? AND last > ?)",
		string(kind), value, account[:], ns(now.Add(-sightAgain))).Scan(&fresh)
	if err != nil || fresh {
		return err
	}
	return s.writer.do(ctx, func(t *tx) error {
		if _, err := t.exec(`INSERT INTO sightings (kind, value, account, last) SELECT ?1, ?2, id, ?4 FROM accounts WHERE id = ?3 AND run = ''
			ON CONFLICT DO UPDATE SET last = ?4`, string(kind), value, account[:], ns(now)); err != nil {
			return err
		}
		_, err := t.exec(`DELETE FROM sightings WHERE kind = ?1 AND account = ?2 AND value NOT IN
			(SELECT value FROM sightings WHERE kind = ?1 AND account = ?2 ORDER BY last DESC LIMIT ?3)`, string(kind), account[:], maxSightings)
		return err
	})
}

// Sharing counts the ordinary accounts that showed a print, or came from a network,
// in the last thirty days: those that are not blocked and of no campaign that was
// found. Of an address range only those are known that came since it was banned,
// because addresses are not kept.
func (s *Store) Sharing(ctx context.Context, kind guard.BanKind, value string) (n int, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT count(*) FROM sightings s WHERE kind = ? AND value = ?
		AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.account = s.account AND b.lifted = 0)
		AND NOT EXISTS (SELECT 1 FROM evasions e WHERE e.account = s.account AND e.decision <> 'let go')
		AND NOT EXISTS (SELECT 1 FROM campaign_accounts c WHERE c.account = lower(hex(s.account)))`, string(kind), value).Scan(&n)
	return n, err
}

// PrintsOf returns what clients an account showed and what networks it came from
// in the last thirty days, the newest first.
func (s *Store) PrintsOf(ctx context.Context, account wire.ID, kind guard.BanKind) ([]string, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT value FROM sightings WHERE account = ? AND kind = ? ORDER BY last DESC", account[:], string(kind))
	return rowsOf(rows, err, func(r scanner) (v string, err error) { return v, r.Scan(&v) })
}

// AddEvasion flags an account, once for each ban; one that was flagged before is
// left as it is. An account with ordinary relations is flagged and not held back.
func (s *Store) AddEvasion(ctx context.Context, e guard.Evasion) (fresh bool, err error) {
	now := s.now()
	err = s.writer.do(ctx, func(t *tx) error {
		var friends int
		if err := t.row("SELECT count(*) FROM contacts WHERE owner = ? AND accepted AND since < ?", e.Account[:], ns(now.Add(-ordinaryAge))).Scan(&friends); err != nil {
			return err
		}
		n, err := t.exec(`INSERT INTO evasions (ban, account, at, kind, value, shared, holding) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			e.Ban, e.Account[:], ns(now), string(e.Kind), e.Value, e.Shared, friends < ordinaryContacts)
		fresh = n == 1
		return err
	})
	return fresh && err == nil, err
}

const evasionColumns = "n, ban, account, at, kind, value, shared, holding, appeal, appealed, decided, decision, by, reason"

func readEvasion(r scanner) (e guard.Evasion, err error) {
	err = r.Scan(&e.Number, &e.Ban, fixed(e.Account[:]), (*stamp)(&e.At), &e.Kind, &e.Value, &e.Shared, &e.Holding, &e.Appeal, (*stamp)(&e.Appealed),
		(*stamp)(&e.Decided), &e.Verdict, &e.By, &e.Reason)
	return e, found(err)
}

// Evasions returns a page of flags. Whether the bans that they hang on are in
// force is filled in.
func (s *Store) Evasions(ctx context.Context, f guard.EvasionFilter, p guard.Page) ([]guard.Evasion, error) {
	inForce, err := s.bansInForce(ctx)
	if err != nil {
		return nil, err
	}
	var w where
	if !f.Account.IsZero() {
		w.and("account = ?", f.Account[:])
	}
	if f.Ban != "" {
		w.and("ban = ?", f.Ban)
	}
	if f.Open {
		w.and("decided = 0")
		w.among("ban", inForce)
	}
	tail, err := w.page(p)
	if err != nil {
		return nil, err
	}
	rows, err := s.read.QueryContext(ctx, "SELECT "+evasionColumns+" FROM evasions"+tail, w.args...)
	all, err := rowsOf(rows, err, readEvasion)
	for i := range all {
		all[i].InForce = inForce[all[i].Ban]
	}
	return all, err
}

func (s *Store) bansInForce(ctx context.Context) (map[string]bool, error) {
	all, err := s.Bans(ctx)
	in := map[string]bool{}
	for _, b := range all {
		if b.InForce(s.now()) {
			in[b.ID] = true
		}
	}
	return in, err
}

// among asks that a column has one of these values.
func (w *where) among(column string, values map[string]bool) {
	condition, args := column+" IN (''", []any{}
	for v := range values {
		condition += ", ?"
		args = append(args, v)
	}
	w.and(condition+")", args...)
}

// Evasion returns a flag, or ErrNotFound.
func (s *Store) Evasion(ctx context.Context, number int64) (guard.Evasion, error) {
	e, err := readEvasion(s.read.QueryRowContext(ctx, "SELECT "+evasionColumns+" FROM evasions WHERE n = ?", number))
	if err != nil {
		return e, err
	}
	inForce, err := s.bansInForce(ctx)
	e.InForce = inForce[e.Ban]
	return e, err
}

// DecideEvasion decides on a flag, once: guard.ErrDecided where it is. Banned adds
// a ban of this one account, for this reason, in the case of the ban that it evades;
// the exhibits of that one are not about this account. An account that is gone is not banned, and the flag is decided all the same.
func (s *Store) DecideEvasion(ctx context.Context, number int64, d guard.EvasionDecision, by, reason string) error {
	if err := guard.CheckDecision(by, reason); err != nil {
		return err
	}
	return s.writer.do(ctx, func(t *tx) error {
		e, err := readEvasion(t.row("SELECT "+evasionColumns+" FROM evasions WHERE n = ?", number))
		if err == nil && !e.Decided.IsZero() {
			err = guard.ErrDecided
		}
		if err == nil && d == guard.EvasionBanned {
			err = s.banEvader(t, e, by, reason)
		}
		if err != nil && !errors.Is(err, errGone) {
			return err
		}
		_, err = t.exec("UPDATE evasions SET decided = ?, decision = ?, by = ?, reason = ? WHERE n = ?", ns(s.now()), string(d), by, reason, number)
		return err
	})
}

var errGone = errors.New("the account is gone")

func (s *Store) banEvader(t *tx, e guard.Evasion, by, reason string) error {
	ban, err := readID(t.row("SELECT ban FROM ban_acts WHERE id = ?", e.Ban))
	if err != nil {
		return err
	}
	evaded, err := banIn(t, ban)
	if err != nil {
		return err
	}
	_, err = s.addBan(t, guard.Ban{
		Kind: guard.BanAccount, Value: e.Account.String(), Reason: reason, Case: evaded.Case, By: []string{by}, Until: s.now().Add(guard.BanDefault),
	})
	if errors.Is(err, ErrNotFound) {
		return errGone
	}
	return err
}

// Holding returns the flags of an account that hold its calls back, if the bans
// that they hang on are in force.
func (s *Store) Holding(ctx context.Context, account wire.ID) ([]guard.Evasion, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT "+evasionColumns+" FROM evasions WHERE account = ? AND decided = 0 AND holding ORDER BY n", account[:])
	return rowsOf(rows, err, readEvasion)
}

// AppealEvasion keeps what a flagged person says, once, on all its flags that are
// open; ErrNotFound where there is none.
func (s *Store) AppealEvasion(ctx context.Context, account wire.ID, text string) error {
	return s.writer.do(ctx, func(t *tx) error {
		n, err := t.exec("UPDATE evasions SET appeal = ?, appealed = ? WHERE account = ? AND decided = 0 AND appealed = 0", text, ns(s.now()), account[:])
		if err == nil && n == 0 {
			err = ErrNotFound
		}
		return err
	})
}

// Acquainted tells whether a person knew an account before a time, called it, or
// one invited the other: whether it is no stranger, whatever a flag says.
func (s *Store) Acquainted(ctx context.Context, person, account wire.ID, before time.Time) (known bool, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM contacts WHERE owner = ?1 AND other = ?2 AND accepted AND since < ?3)
		OR EXISTS (SELECT 1 FROM calls WHERE caller = ?1 AND callee = ?2)
		OR EXISTS (SELECT 1 FROM accounts WHERE id = ?2 AND invited_by = ?1 OR id = ?1 AND invited_by = ?2)`,
		person[:], account[:], ns(before)).Scan(&known)
	return known, err
}
