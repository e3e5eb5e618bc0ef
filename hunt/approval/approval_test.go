package approval

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/ringfence/ringfence/store"
)

// room is a store, its log, and persons who are enrolled.
type room struct {
	t      *testing.T
	folder string
	store  *store.Store
	book   *Book
	clock  time.Time
	keys   map[string]note.Signer
}

func newRoom(t *testing.T, names ...string) *room {
	t.Helper()
	r := &room{t: t, folder: t.TempDir(), clock: time.Date(2026, 11, 23, 8, 0, 0, 5, time.UTC), keys: map[string]note.Signer{}}
	r.open()
	for _, name := range names {
		r.must(r.enroll(name))
	}
	return r
}

func (r *room) now() time.Time { return r.clock }

func (r *room) open() {
	st, err := store.Open(r.folder, r.now)
	r.must(err)
	r.store, r.book = st, Open(st, r.now)
	r.t.Cleanup(func() { _ = st.Close() })
}

func (r *room) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *room) enroll(name string) error {
	secret, public, err := NewKey(name)
	r.must(err)
	if r.keys[name], err = note.NewSigner(secret); err != nil {
		return err
	}
	_, err = r.book.Enroll(context.Background(), public)
	return err
}

func (r *room) ask(q Query, as string) Pending {
	r.t.Helper()
	p, err := r.book.Ask(context.Background(), q, r.keys[as])
	r.must(err)
	return p
}

// approve signs what of says as a person, for the query with the id.
func (r *room) approve(id string, of Pending, as string) error {
	signed, err := Sign(of, r.keys[as])
	r.must(err)
	_, err = r.book.Approve(context.Background(), id, signed)
	return err
}

func (r *room) ran(id, as string) error {
	return r.book.Ran(context.Background(), id, 7, r.keys[as])
}

func (r *room) ready(id string) error { return r.book.Ready(context.Background(), id) }

func (r *room) want(got, want error) {
	r.t.Helper()
	if !errors.Is(got, want) {
		r.t.Errorf("%v, want %v", got, want)
	}
}

func (r *room) whole() {
	r.t.Helper()
	wrong, err := r.store.Verify(context.Background())
	r.must(err)
	more, err := r.book.Verify(context.Background())
	r.must(err)
	if len(wrong)+len(more) > 0 {
		r.t.Errorf("not whole: %v %v", wrong, more)
	}
}

var aimed = Query{Case: "K-2026-0001", Text: "from \"account:x\"\ndepth 2\n", Person: true}

func TestTwoPersonsApprove(t *testing.T) {
	r := newRoom(t, "amal", "basil", "chloe")
	p := r.ask(aimed, "amal")
	if p.ID != "Q-2026-0001" || p.Until.Sub(p.Asked) != Life {
		t.Errorf("%+v", p)
	}
	r.want(r.ready(p.ID), ErrApproval)
	r.want(r.ran(p.ID, "amal"), ErrApproval)
	r.must(r.approve(p.ID, p, "amal"))
	r.want(r.approve(p.ID, p, "amal"), ErrTwice)
	r.want(r.ready(p.ID), ErrApproval)
	r.must(r.approve(p.ID, p, "basil"))
	r.must(r.ready(p.ID))
	if again := r.ask(aimed, "amal"); again.ID != p.ID || len(again.Approved) != 2 {
		t.Errorf("the same query again is %+v", again)
	}
	r.want(r.ran(p.ID, "chloe"), ErrNotAsker)
	r.must(r.ran(p.ID, "amal"))
	r.want(r.ran(p.ID, "amal"), ErrRan)
	r.want(r.approve(p.ID, p, "chloe"), ErrRan)
	if next := r.ask(aimed, "amal"); next.ID != "Q-2026-0002" || len(next.Approved) != 0 {
		t.Errorf("after it ran the same query is %+v", next)
	}
	r.whole()
	r.must(r.store.Close())
	r.open()
	log, err := r.book.List(context.Background())
	r.must(err)
	all := log.Queries
	if len(all) != 2 || all[1].Results != 7 || all[1].Ran.IsZero() || all[1].By != "amal" {
		t.Errorf("%+v", all)
	}
}

func TestApprovalIsForOneQueryAndCase(t *testing.T) {
	r := newRoom(t, "amal", "basil")
	p := r.ask(aimed, "amal")
	otherCase, otherText := aimed, aimed
	otherCase.Case, otherText.Text = "K-2026-0002", "from \"account:y\"\ndepth 2\n"
	for _, q := range []Query{otherCase, otherText} {
		o := r.ask(q, "amal")
		if o.ID == p.ID {
			t.Fatalf("%+v is %s", q, p.ID)
		}
		r.want(r.approve(p.ID, o, "basil"), ErrOther)
		r.must(r.approve(o.ID, o, "basil"))
		r.want(r.ready(p.ID), ErrApproval)
	}
	r.want(r.approve("Q-2026-0099", p, "basil"), ErrUnknown)
	plain := aimed
	plain.Person = false
	n := r.ask(plain, "basil")
	r.must(r.ready(n.ID))
	r.want(r.approve(n.ID, n, "amal"), ErrNoNeed)
	r.whole()
}

func TestApprovalExpires(t *testing.T) {
	r := newRoom(t, "amal", "basil")
	p := r.ask(aimed, "amal")
	r.must(r.approve(p.ID, p, "amal"))
	r.clock = r.clock.Add(Life + time.Second)
	r.want(r.approve(p.ID, p, "basil"), ErrExpired)
	r.want(r.ran(p.ID, "amal"), ErrExpired)
	p = r.ask(aimed, "amal")
	if p.ID != "Q-2026-0002" {
		t.Errorf("after a day it is %s", p.ID)
	}
	r.must(r.approve(p.ID, p, "amal"))
	r.must(r.approve(p.ID, p, "basil"))
	r.clock = r.clock.Add(Life + time.Second)
	r.want(r.ran(p.ID, "amal"), ErrExpired)
	r.clock = r.clock.Add(-2 * Life)
	r.want(r.ready(p.ID), ErrExpired) // a clock that was set back
	r.whole()
}

func TestWhoMayApprove(t *testing.T) {
	r := newRoom(t, "amal", "basil")
	p := r.ask(aimed, "amal")
	known := r.keys["basil"]
	secret, public, err := NewKey("basil")
	r.must(err)
	r.keys["stranger"], err = note.NewSigner(secret)
	r.must(err)
	r.want(r.approve(p.ID, p, "stranger"), ErrStranger) // of the same name
	_, err = r.book.Ask(context.Background(), aimed, r.keys["stranger"])
	r.want(err, ErrStranger)

	// The same key under another name is no second person.
	_, key, _ := strings.Cut(public, "+")
	_, key, _ = strings.Cut(key, "+")
	r.must(r.book.Withdraw(context.Background(), "basil"))
	_, err = r.book.Enroll(context.Background(), public)
	r.must(err)
	double, err := note.NewEd25519VerifierKey("basil2", []byte(mustKey(t, key)))
	r.must(err)
	if _, err := r.book.Enroll(context.Background(), double); err == nil || !strings.Contains(err.Error(), "enrolled as basil") {
		t.Errorf("the same key under two names: %v", err)
	}

	// What a person approved is void once the person's key is withdrawn.
	r.must(r.approve(p.ID, p, "stranger"))
	r.must(r.approve(p.ID, p, "amal"))
	r.must(r.ready(p.ID))
	r.must(r.book.Withdraw(context.Background(), "basil"))
	r.want(r.ready(p.ID), ErrApproval)
	r.keys["basil"] = known
	r.want(r.approve(p.ID, p, "basil"), ErrStranger)
	r.whole()
}

func mustKey(t *testing.T, text string) []byte {
	t.Helper()
	return keyOf("x+y+" + text)[1:] // without the algorithm
}

func TestBadQueries(t *testing.T) {
	r := newRoom(t, "amal")
	for _, q := range []Query{
		{Case: "", Text: "x\n"}, {Case: "K-1", Text: "x\n"}, {Case: "K-2026-0001\nby x", Text: "x\n"}, {Case: "K-2026-0001"},
		{Case: "K-2026-0001", Text: "x"}, {Case: "K-2026-0001", Text: "x\n\n— basil AAAA\n"}, {Case: "K-2026-0001", Text: "\x1b[2J\n"}, {Case: "K-2026-0001", Text: strings.Repeat("x", maxText) + "\n"},
	} {
		if p, err := r.book.Ask(context.Background(), q, r.keys["amal"]); err == nil {
			t.Errorf("%.40s is %+v", q.Text, p)
		}
	}
}

// Whatever line is changed or deleted, it shows, and nothing runs any more.
func TestTamperedLog(t *testing.T) {
	for name, change := range map[string]string{
		"text":     "UPDATE queries SET note = replace(note, 'account:x', 'account:y') WHERE n = 3",
		"case":     "UPDATE queries SET case_id = 'K-2026-0009' WHERE n = 3",
		"results":  "UPDATE queries SET results = 0 WHERE n = 6",
		"time":     "UPDATE queries SET at = at + 1 WHERE n = 4",
		"person":   "UPDATE queries SET person = 'basil' WHERE n = 4",
		"within":   "DELETE FROM queries WHERE n = 4",
		"last":     "DELETE FROM queries WHERE n = 6",
		"all":      "DELETE FROM queries",
		"inserted": "INSERT INTO queries SELECT 7, at, what, query, case_id, person, note, results, hash FROM queries WHERE n = 6",
	} {
		r := newRoom(t, "amal", "basil")
		p := r.ask(aimed, "amal")
		r.must(r.approve(p.ID, p, "amal"))
		r.must(r.approve(p.ID, p, "basil"))
		r.must(r.ran(p.ID, "amal"))
		r.whole()
		db, err := sql.Open("sqlite", filepath.Join(r.folder, "ringfence.db"))
		r.must(err)
		if _, err := db.Exec(change); err == nil && name != "inserted" {
			t.Errorf("%s: the store let a line be changed", name)
		}
		for _, q := range []string{"DROP TRIGGER queries_stay", "DROP TRIGGER queries_are", change} {
			if _, err := db.Exec(q); err != nil && name != "inserted" {
				t.Fatal(err)
			}
		}
		r.must(db.Close())
		if wrong, err := r.store.Verify(context.Background()); err != nil || len(wrong) != 1 || !strings.Contains(wrong[0], "log of queries") {
			t.Errorf("%s: %v %v", name, wrong, err)
		}
		if _, err := r.book.Ask(context.Background(), aimed, r.keys["amal"]); !errors.Is(err, store.ErrQueries) {
			t.Errorf("%s: a query is taken all the same: %v", name, err)
		}
	}
}

// Of many who ask at once, in two programs, each gets a query of its own.
func TestAtOnce(t *testing.T) {
	r := newRoom(t, "amal", "basil")
	other, err := store.Open(r.folder, r.now)
	r.must(err)
	defer other.Close()
	books := []*Book{r.book, Open(other, r.now)}
	var wait sync.WaitGroup
	for i := range 16 {
		wait.Go(func() {
			q := aimed
			q.Text = fmt.Sprintf("from \"account:%d\"\n", i)
			if _, err := books[i%2].Ask(context.Background(), q, r.keys["amal"]); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	l, err := r.book.List(context.Background())
	r.must(err)
	if len(l.Queries) != 16 || l.Queries[0].ID != "Q-2026-0016" || l.Lines != 18 {
		t.Errorf("%d queries, %d lines", len(l.Queries), l.Lines)
	}
	r.whole()
}

// Whoever can write the store can chain anything anew, but not sign it: a run
// without its approvals shows.
func TestForgedLog(t *testing.T) {
	r := newRoom(t, "amal", "basil")
	p := r.ask(aimed, "amal")
	_, err := r.store.AddQuery(context.Background(), func(all []store.QueryLine, now time.Time) (store.QueryLine, error) {
		signed, err := note.Sign(&note.Note{Text: ranText(p.ID, 7, now, all[len(all)-1].Hash)}, r.keys["amal"])
		return store.QueryLine{What: "run", Query: p.ID, Case: p.Case, Person: "amal", Note: string(signed), Results: 7}, err
	})
	r.must(err)
	wrong, err := r.book.Verify(context.Background())
	r.must(err)
	if len(wrong) != 1 || !strings.Contains(wrong[0], "line 4") || !strings.Contains(wrong[0], ErrApproval.Error()) {
		t.Errorf("%q", wrong)
	}
	r.want(r.approve(p.ID, p, "basil"), store.ErrQueries)
}

func FuzzText(f *testing.F) {
	p := Pending{Query: aimed, ID: "Q-2026-0001", By: "amal", Asked: time.Unix(1e9, 0).UTC(), Until: time.Unix(1e9, 0).UTC().Add(Life)}
	f.Add(p.text([32]byte{1}))
	f.Add("ringfence query \n\n")
	f.Fuzz(func(t *testing.T, text string) {
		p, _, err := parse(text)
		if err == nil && (p.Sign != text || p.check() != nil || strings.Contains(p.ID+p.By, "\n")) {
			t.Errorf("%q is %+v", text, p)
		}
	})
}
