package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/ringfence/ringfence/wire"
)

// Notice tells a person what happened while the device was away; see
// docs/protocol.md, Device socket.
type Notice struct {
	Kind     string    // "missed", "held_back" and others
	Account  wire.ID   // whom it is about
	Name     string    // that account's name
	Media    string    // "sound", "video" or ""
	At       time.Time // of the last of those it stands for
	Count    int       // how many alike ones it stands for
	Call     wire.ID   // the last of those; zero for what is no call
	Reported bool      // this person reported that call
}

type noticeJSON struct {
	Kind     string  `json:"kind"`
	Account  wire.ID `json:"account"`
	Name     string  `json:"name"`
	Media    string  `json:"media"`
	At       int64   `json:"at"` // Unix ms
	Count    int     `json:"count"`
	Call     wire.ID `json:"call"`
	Reported bool    `json:"reported"`
}

// MarshalJSON writes the notice as it goes over the device socket.
func (n Notice) MarshalJSON() ([]byte, error) {
	return json.Marshal(noticeJSON{n.Kind, n.Account, n.Name, n.Media, n.At.UnixMilli(), n.Count, n.Call, n.Reported})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (n *Notice) UnmarshalJSON(b []byte) error {
	var j noticeJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*n = Notice{j.Kind, j.Account, j.Name, j.Media, time.UnixMilli(j.At).UTC(), j.Count, j.Call, j.Reported}
	return nil
}

const (
	maxNotices   = 500       // of a person; the oldest go
	noticeWithin = time.Hour // alike calls within it are one notice
)

const noticeColumns = "kind, account, name, media, at, count, call"

func readNotice(r scanner) (n Notice, err error) {
	err = r.Scan(n.fields()...)
	return n, err
}

func (n *Notice) fields() []any {
	return []any{&n.Kind, fixed(n.Account[:]), &n.Name, &n.Media, (*stamp)(&n.At), &n.Count, fixed(n.Call[:])}
}

// AddNotice adds a notice and returns it as it stands. Missed and held-back
// calls of one account and media within an hour are one notice, whose count
// grows. It returns ErrNotFound where the person does not exist.
func (s *Store) AddNotice(ctx context.Context, to wire.ID, n Notice) (now Notice, err error) {
	n.Count = max(1, n.Count)
	err = s.writer.do(ctx, func(t *tx) error {
		var there bool
		if err := t.row("SELECT EXISTS (SELECT 1 FROM accounts WHERE id = ?)", to[:]).Scan(&there); err != nil {
			return err
		}
		if !there {
			return ErrNotFound
		}
		if number, err := alikeNotice(t, to, n); err == nil {
			now, err = readNotice(t.row("UPDATE notices SET count = count + ?, at = max(at, ?), name = ?, call = ? WHERE n = ? RETURNING "+noticeColumns, n.Count, ns(n.At), n.Name, orNull(n.Call), number))
			return err
		} else if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		now, err = readNotice(t.row("INSERT INTO notices (owner, since, "+noticeColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING "+noticeColumns,
			to[:], ns(n.At), n.Kind, n.Account[:], n.Name, n.Media, ns(n.At), n.Count, orNull(n.Call)))
		if err != nil {
			return err
		}
		_, err := t.exec("DELETE FROM notices WHERE n IN (SELECT n FROM notices WHERE owner = ? ORDER BY at DESC, n DESC LIMIT -1 OFFSET ?)", to[:], maxNotices)
		return err
	})
	return now, err
}

// alikeNotice finds the notice that this one adds to.
func alikeNotice(t *tx, to wire.ID, n Notice) (number int64, err error) {
	if n.Kind != "missed" && n.Kind != "held_back" && n.Kind != "campaign" && n.Kind != "new_account" && n.Kind != "expired" {
		return 0, sql.ErrNoRows
	}
	err = t.row(`SELECT n FROM notices WHERE owner = ? AND kind = ? AND account = ? AND media = ? AND since BETWEEN ? AND ? ORDER BY n DESC LIMIT 1`,
		to[:], n.Kind, n.Account[:], n.Media, ns(n.At.Add(-noticeWithin)), ns(n.At.Add(noticeWithin))).Scan(&number)
	return number, err
}

// Notices returns a person's notices of a time and after, oldest first.
func (s *Store) Notices(ctx context.Context, account wire.ID, since time.Time) ([]Notice, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT "+noticeColumns+`,
		EXISTS (SELECT 1 FROM reports r WHERE r.reporter = notices.owner AND r.attempt = notices.call)
		FROM notices WHERE owner = ? AND at >= ? ORDER BY at, n`, account[:], ns(since))
	return rowsOf(rows, err, func(r scanner) (n Notice, err error) {
		err = r.Scan(append(n.fields(), &n.Reported)...)
		return n, err
	})
}
