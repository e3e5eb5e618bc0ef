package store

import (
	"context"
	_ "embed"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
)

//go:embed dry.sql
var dry string

// keepDrySpells is how long it is remembered that keys had run out after new
// ones came.
const keepDrySpells = 30 * 24 * time.Hour

// ranDry records that a one-time key was asked for and none was left. A spell
// that had ended makes room for the one that begins.
func ranDry(t *tx, device wire.ID, now time.Time) error {
	if _, err := t.exec("DELETE FROM dry_spells WHERE refilled <> 0 AND account = (SELECT id FROM accounts WHERE device = ?)", device[:]); err != nil {
		return err
	}
	_, err := t.exec(`INSERT INTO dry_spells (account, since, last, given, refilled) SELECT id, ?, ?, 1, 0 FROM accounts WHERE device = ?
		ON CONFLICT (account) DO UPDATE SET last = excluded.last, given = given + 1`, ns(now), ns(now), device[:])
	return err
}

// refilled records that a device has one-time keys again.
func refilled(t *tx, device wire.ID, now time.Time) error {
	_, err := t.exec("UPDATE dry_spells SET refilled = ? WHERE refilled = 0 AND account = (SELECT id FROM accounts WHERE device = ?)", ns(now), device[:])
	return err
}

// Dry returns a page of the accounts whose one-time keys have run out, newest
// spell first; of each account the last spell, until a month after its end.
func (s *Store) Dry(ctx context.Context, f guard.DryFilter, p guard.Page) ([]guard.DrySpell, error) {
	var w where
	if !f.Account.IsZero() {
		w.and("account = ?", f.Account[:])
	}
	if f.Now {
		w.and("refilled = 0")
	}
	tail, err := w.page(p)
	if err != nil {
		return nil, err
	}
	rows, err := s.read.QueryContext(ctx, "SELECT n, account, (SELECT name FROM accounts WHERE id = account), since, last, given, refilled FROM dry_spells"+tail, w.args...)
	return rowsOf(rows, err, readDrySpell)
}

func readDrySpell(r scanner) (d guard.DrySpell, err error) {
	err = r.Scan(&d.Number, fixed(d.Account[:]), &d.Name, (*stamp)(&d.Since), (*stamp)(&d.Last), &d.Given, (*stamp)(&d.Refilled))
	return d, err
}
