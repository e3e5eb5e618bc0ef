package store

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"time"
)

//go:embed campaigns.sql
var campaigns string

// Campaign is a campaign that a hunt found, as it is kept.
type Campaign struct {
	ID       string
	Found    time.Time // the first time
	Seen     time.Time // the last time
	Strength string
	Body     []byte // JSON
}

// KeepCampaign keeps a campaign. One that has half of its accounts, or of those
// of the one that is kept, in common with a kept campaign is that campaign, and
// gets its id; another gets the next id of the year. Body makes what is kept of
// it, once its id is known.
func (s *Store) KeepCampaign(ctx context.Context, strength string, accounts []string, body func(id string) ([]byte, error)) (id string, err error) {
	now := s.now()
	err = s.writer.do(ctx, func(t *tx) error {
		if id, err = sameCampaign(t, accounts); err != nil {
			return err
		}
		if id == "" {
			if id, err = nextCampaign(t, now.UTC().Year()); err != nil {
				return err
			}
		}
		b, err := body(id)
		if err != nil {
			return err
		}
		if _, err := t.exec(`INSERT INTO campaigns (id, found, seen, strength, body) VALUES (?1, ?2, ?2, ?3, ?4)
			ON CONFLICT (id) DO UPDATE SET seen = ?2, strength = ?3, body = ?4`, id, ns(now), strength, b); err != nil {
			return err
		}
		for _, a := range accounts {
			if _, err := t.exec("INSERT INTO campaign_accounts (account, campaign) VALUES (?, ?) ON CONFLICT DO NOTHING", a, id); err != nil {
				return err
			}
		}
		return nil
	})
	return id, err
}

// sameCampaign returns the kept campaign that most of the accounts belong to, or
// "".
func sameCampaign(t *tx, accounts []string) (string, error) {
	shared := map[string]int{}
	for _, a := range accounts {
		var id string
		err := t.row("SELECT campaign FROM campaign_accounts WHERE account = ? ORDER BY campaign LIMIT 1", a).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return "", err
		}
		shared[id]++
	}
	best := ""
	for id, n := range shared {
		var all int
		if err := t.row("SELECT count(*) FROM campaign_accounts WHERE campaign = ?", id).Scan(&all); err != nil {
			return "", err
		}
		if 2*n >= min(len(accounts), all) && (best == "" || n > shared[best] || n == shared[best] && id < best) {
			best = id
		}
	}
	return best, nil
}

func nextCampaign(t *tx, year int) (string, error) {
	var last int
	prefix := fmt.Sprintf("C-%04d-", year)
	err := t.row("SELECT ifnull(max(CAST(substr(id, 8) AS INTEGER)), 0) FROM campaigns WHERE substr(id, 1, 7) = ?", prefix).Scan(&last)
	return fmt.Sprintf("%s%04d", prefix, last+1), err
}

const campaignColumns = "id, found, seen, strength, body"

func readCampaign(row scanner) (c Campaign, err error) {
	var found, seen int64
	err = row.Scan(&c.ID, &found, &seen, &c.Strength, &c.Body)
	c.Found, c.Seen = time.Unix(0, found).UTC(), time.Unix(0, seen).UTC()
	return c, err
}

// Campaigns returns the campaigns that are kept, the latest found first.
func (s *Store) Campaigns(ctx context.Context) ([]Campaign, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT "+campaignColumns+" FROM campaigns ORDER BY found DESC, id DESC")
	return rowsOf(rows, err, readCampaign)
}

// Campaign returns one, or ErrNotFound.
func (s *Store) Campaign(ctx context.Context, id string) (Campaign, error) {
	c, err := readCampaign(s.read.QueryRowContext(ctx, "SELECT "+campaignColumns+" FROM campaigns WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	return c, err
}
