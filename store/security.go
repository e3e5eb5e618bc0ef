package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/notice"
)

//go:embed security.sql
var security string

// What a person can answer to a security notice. Each is no until it was answered,
// and the last answer counts.
const (
	Examination = "examination" // of the phone
	Counted     = "counted"     // without a name, in what is reported
	OptOut      = "opt_out"     // of further notices
)

// Answers are all that can be answered.
var Answers = []string{Examination, Counted, OptOut}

// Bounds of what one account has.
const (
	MaxSecurityNotices = 30
	maxSecurityAnswers = 200 // of one notice: nobody changes their mind more often
)

// SecurityText is what a number of people were told, and when it was told first.
type SecurityText struct {
	SHA256 [32]byte
	Notice notice.Notice // without ID and Code
	Since  time.Time
}

// SecurityNotice is a notice of one account.
type SecurityNotice struct {
	Account   wire.ID
	ID, Code  string
	SHA256    [32]byte // of its text
	Delivered time.Time
	Read      time.Time // zero: not yet
	Answers   []SecurityAnswer
}

// SecurityAnswer is an answer, one of Answers.
type SecurityAnswer struct {
	What string
	Yes  bool
	At   time.Time
}

// Last returns the answer that counts; false where there is none.
func (n SecurityNotice) Last(what string) bool {
	for _, a := range slices.Backward(n.Answers) {
		if a.What == what {
			return a.Yes
		}
	}
	return false
}

// SecurityTextHash is the hash that a text is found by: of what was signed.
func SecurityTextHash(n notice.Notice) ([32]byte, error) {
	text, err := n.Text()
	return sha256.Sum256([]byte(text)), err
}

// Deliver gives a security notice to an account; ErrNotFound where there is none,
// ErrTooMany where it has MaxSecurityNotices. Giving the same one again changes
// nothing. It implements telling.Messenger.
func (s *Store) Deliver(ctx context.Context, account string, n notice.Notice) error {
	id, err := wire.ParseID(account)
	if err != nil {
		return ErrNotFound
	}
	if err := n.Check(); err != nil {
		return err
	}
	sum, err := SecurityTextHash(n)
	if err != nil {
		return err
	}
	shared := n
	shared.ID, shared.Code = "", ""
	body, err := json.Marshal(shared)
	if err != nil {
		return err
	}
	return s.writer.do(ctx, func(t *tx) error {
		if err := s.mayDeliver(t, id, n, sum); err != nil {
			return err
		}
		at := ns(s.now())
		if _, err := t.exec("INSERT INTO security_texts (sha256, body, since) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", sum[:], string(body), at); err != nil {
			return err
		}
		_, err := t.exec("INSERT INTO security_notices (account, code, id, sha256, delivered) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", id[:], n.Code, n.ID, sum[:], at)
		return err
	})
}

func (s *Store) mayDeliver(t *tx, account wire.ID, n notice.Notice, sum [32]byte) error {
	var there bool
	if err := t.row("SELECT EXISTS (SELECT 1 FROM accounts WHERE id = ?)", account[:]).Scan(&there); err != nil {
		return err
	}
	if !there {
		return ErrNotFound
	}
	var id string
	var was [32]byte
	err := t.row("SELECT id, sha256 FROM security_notices WHERE account = ? AND code = ?", account[:], n.Code).Scan(&id, fixed(was[:]))
	switch {
	case err == nil && (id != n.ID || was != sum):
		return errors.New("the account has another notice of this code")
	case err == nil, !errors.Is(err, sql.ErrNoRows):
		return err
	}
	var count int
	if err := t.row("SELECT count(*) FROM security_notices WHERE account = ?", account[:]).Scan(&count); err != nil {
		return err
	}
	if count >= MaxSecurityNotices {
		return ErrTooMany
	}
	return nil
}

// SecurityNotices returns what an account was told, the oldest first.
func (s *Store) SecurityNotices(ctx context.Context, account wire.ID) ([]SecurityNotice, error) {
	return s.securityNotices(ctx, "account = ?", account[:])
}

// SecurityTold returns how it stands with everybody who was told a text.
func (s *Store) SecurityTold(ctx context.Context, text [32]byte) ([]SecurityNotice, error) {
	return s.securityNotices(ctx, "sha256 = ?", text[:])
}

// SecuritySince returns the accounts whose notices came after the one of a number,
// and the newest number: what a service that runs beside who delivers asks.
func (s *Store) SecuritySince(ctx context.Context, n int64) (accounts []wire.ID, newest int64, err error) {
	newest = n
	rows, err := s.read.QueryContext(ctx, "SELECT n, account FROM security_notices WHERE n > ? ORDER BY n LIMIT 1000", n)
	accounts, err = rowsOf(rows, err, func(r scanner) (id wire.ID, err error) {
		return id, r.Scan(&newest, fixed(id[:]))
	})
	return accounts, newest, err
}

// SecurityNewest is the number of the newest notice, for SecuritySince.
func (s *Store) SecurityNewest(ctx context.Context) (n int64, err error) {
	return n, s.read.QueryRowContext(ctx, "SELECT ifnull(max(n), 0) FROM security_notices").Scan(&n)
}

func (s *Store) securityNotices(ctx context.Context, where string, arg any) ([]SecurityNotice, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT account, id, code, sha256, delivered, read FROM security_notices WHERE "+where+" ORDER BY n", arg)
	all, err := rowsOf(rows, err, func(r scanner) (n SecurityNotice, err error) {
		return n, r.Scan(fixed(n.Account[:]), &n.ID, &n.Code, fixed(n.SHA256[:]), (*stamp)(&n.Delivered), (*stamp)(&n.Read))
	})
	if err != nil {
		return nil, err
	}
	type key struct {
		account wire.ID
		code    string
	}
	at := make(map[key]int, len(all))
	for i, n := range all {
		at[key{n.Account, n.Code}] = i
	}
	rows, err = s.read.QueryContext(ctx, "SELECT s.account, s.code, a.what, a.yes, a.at FROM security_answers a JOIN security_notices s ON s.n = a.notice WHERE s."+where+" ORDER BY a.n", arg)
	_, err = rowsOf(rows, err, func(r scanner) (_ struct{}, err error) {
		var k key
		var a SecurityAnswer
		if err = r.Scan(fixed(k.account[:]), &k.code, &a.What, &a.Yes, (*stamp)(&a.At)); err != nil {
			return struct{}{}, err
		}
		if i, ok := at[k]; ok { // it may have come in between
			all[i].Answers = append(all[i].Answers, a)
		}
		return struct{}{}, nil
	})
	return all, err
}

// SecurityTexts returns all that people were ever told, the newest first.
func (s *Store) SecurityTexts(ctx context.Context) ([]SecurityText, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT sha256, body, since FROM security_texts ORDER BY since DESC, sha256")
	return rowsOf(rows, err, readSecurityText)
}

// SecurityText returns a text by its hash in lower-case hex, or ErrNotFound.
func (s *Store) SecurityText(ctx context.Context, hash string) (SecurityText, error) {
	sum, err := hex.DecodeString(hash)
	if err != nil || len(sum) != sha256.Size {
		return SecurityText{}, ErrNotFound
	}
	t, err := readSecurityText(s.read.QueryRowContext(ctx, "SELECT sha256, body, since FROM security_texts WHERE sha256 = ?", sum))
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	return t, err
}

func readSecurityText(r scanner) (t SecurityText, err error) {
	var body []byte
	if err = r.Scan(fixed(t.SHA256[:]), &body, (*stamp)(&t.Since)); err == nil {
		err = json.Unmarshal(body, &t.Notice)
	}
	return t, err
}

// ReadSecurity keeps when a person opened a notice, the first time; ErrNotFound for
// one that the account does not have.
func (s *Store) ReadSecurity(ctx context.Context, account wire.ID, code string) error {
	return s.writer.do(ctx, func(t *tx) error {
		n, err := securityNumber(t, account, code)
		if err == nil {
			_, err = t.exec("UPDATE security_notices SET read = ? WHERE n = ? AND read = 0", ns(s.now()), n)
		}
		return err
	})
}

// AnswerSecurity keeps an answer; the same one again changes nothing. ErrNotFound
// for a notice that the account does not have, ErrTooMany after very many.
func (s *Store) AnswerSecurity(ctx context.Context, account wire.ID, code, what string, yes bool) error {
	if !slices.Contains(Answers, what) {
		return fmt.Errorf("store: nobody is asked about %.20q", what)
	}
	return s.writer.do(ctx, func(t *tx) error {
		n, err := securityNumber(t, account, code)
		if err != nil {
			return err
		}
		var last bool
		err = t.row("SELECT yes FROM security_answers WHERE notice = ? AND what = ? ORDER BY n DESC LIMIT 1", n, what).Scan(&last)
		if err != nil && !errors.Is(err, sql.ErrNoRows) || last == yes {
			return errNoRows(err)
		}
		var count int
		if err := t.row("SELECT count(*) FROM security_answers WHERE notice = ?", n).Scan(&count); err != nil {
			return err
		}
		if count >= maxSecurityAnswers && yes { // a no is always taken
			return ErrTooMany
		}
		_, err = t.exec("INSERT INTO security_answers (notice, what, yes, at) VALUES (?, ?, ?, ?)", n, what, yes, ns(s.now()))
		return err
	})
}

func errNoRows(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}

func securityNumber(t *tx, account wire.ID, code string) (n int64, err error) {
	err = t.row("SELECT n FROM security_notices WHERE account = ? AND code = ?", account[:], code).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	return n, err
}
