package casefile

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/casefile/fact"
	"github.com/ringfence/ringfence/verify"
)

// house is a room with persons of every role.
type house struct {
	*testing.T
	dir   string
	room  *Room
	hands map[Role]*Hand
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{T: t, dir: filepath.Join(t.TempDir(), "cases"), hands: map[Role]*Hand{}}
	h.open()
	for _, role := range Roles {
		h.hands[role] = h.person(string(role)+".one", role)
	}
	return h
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *house) open() {
	h.Helper()
	var err error
	h.room, err = Open(h.dir, "ringfence test", time.Now)
	h.must(err)
	h.Cleanup(func() { _ = h.room.Close() })
}

func (h *house) person(name string, role Role) *Hand {
	h.Helper()
	secret, public, err := NewKey(name)
	h.must(err)
	_, err = h.room.Enroll(context.Background(), public, role)
	h.must(err)
	hand, err := ReadHand([]byte(secret))
	h.must(err)
	return hand
}

func (h *house) begin(title string) *Case {
	h.Helper()
	c, err := h.room.New(context.Background(), title, h.hands[Analyst])
	h.must(err)
	h.Cleanup(func() { _ = c.Close() })
	return c
}

func (h *house) add(c *Case, text string) Exhibit {
	h.Helper()
	x, err := c.Add(context.Background(), h.hands[Analyst], Exhibit{Name: "note.txt", Source: "phone of T-0001", Basis: "consent:C-1"}, strings.NewReader(text))
	h.must(err)
	return x
}

// faults verifies a case, and returns what is wrong by the name of the check.
func (h *house) faults(c *Case) map[string]string {
	h.Helper()
	all, err := c.Verify(context.Background(), func(int64) {})
	h.must(err)
	wrong := map[string]string{}
	for _, one := range all {
		if len(one.Faults) > 0 {
			wrong[one.Name] = strings.Join(one.Faults, "\n")
		}
	}
	return wrong
}

func TestExhibit(t *testing.T) {
	h := newHouse(t)
	c := h.begin("Calls of May")
	x := h.add(c, "what was found")
	sum := sha256.Sum256([]byte("what was found"))
	if x.ID != "E-0001" || x.SHA256 != hex.EncodeToString(sum[:]) || x.About != "T-0001" || x.Tier != Court {
		t.Errorf("%+v", x)
	}
	info, err := os.Stat(c.blobPath(x.Blob))
	h.must(err)
	if info.Mode().Perm()&0o222 != 0 {
		t.Errorf("the blob can be written: %v", info.Mode())
	}
	if b, err := os.ReadFile(c.blobPath(x.Blob)); err != nil || bytes.Contains(b, []byte("what was found")) {
		t.Errorf("the blob is not encrypted: %v", err)
	}
	path, err := c.WorkingCopy(context.Background(), h.hands[Lead], x.ID, t.TempDir(), "to read it")
	h.must(err)
	if b, err := os.ReadFile(path); err != nil || string(b) != "what was found" {
		t.Errorf("the copy is %q, %v", b, err)
	}
	if wrong := h.faults(c); len(wrong) > 0 {
		t.Errorf("%v", wrong)
	}
	if x, err = c.Exhibit(context.Background(), x.ID); err != nil || x.Proved.IsZero() {
		t.Errorf("it was proved, and does not say so: %v", err)
	}
}

func TestWhoMay(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	if _, err := h.room.New(ctx, "x", h.hands[Reviewer]); !errors.Is(err, ErrNotYours) {
		t.Errorf("a reviewer begins a case: %v", err)
	}
	c := h.begin("Calls of May")
	x := h.add(c, "secret")
	secret, _, err := NewKey("stranger")
	h.must(err)
	stranger, err := ReadHand([]byte(secret))
	h.must(err)
	if _, err := c.Add(ctx, stranger, Exhibit{Name: "a", Source: "b", Basis: "c"}, strings.NewReader("x")); !errors.Is(err, ErrStranger) {
		t.Errorf("a stranger adds: %v", err)
	}
	// A key of the same name that is not the enrolled one.
	secret, _, err = NewKey(h.hands[Lead].Name)
	h.must(err)
	mallory, err := ReadHand([]byte(secret))
	h.must(err)
	if _, err := c.WorkingCopy(ctx, mallory, x.ID, t.TempDir(), "x"); !errors.Is(err, ErrStranger) {
		t.Errorf("another key of the name reads: %v", err)
	}
	if _, err := c.WorkingCopy(ctx, h.hands[Partner], x.ID, t.TempDir(), "x"); err == nil {
		t.Error("a partner who was not admitted reads")
	}
	h.must(c.Admit(ctx, h.hands[Lead], h.hands[Partner].Name, "the lab looks at it"))
	if _, err := c.WorkingCopy(ctx, h.hands[Partner], x.ID, t.TempDir(), "x"); err != nil {
		t.Errorf("a partner who was admitted: %v", err)
	}
	other := h.begin("Another")
	if _, err := other.WorkingCopy(ctx, h.hands[Partner], h.add(other, "y").ID, t.TempDir(), "x"); err == nil {
		t.Error("a partner reads another case")
	}
	h.must(h.room.Withdraw(ctx, h.hands[Lead].Name))
	if err := c.Export(ctx, h.hands[Lead], "court", "", ""); !errors.Is(err, ErrStranger) {
		t.Errorf("keys that were withdrawn: %v", err)
	}
	if wrong := h.faults(c); len(wrong) > 0 {
		t.Errorf("what was signed before the withdrawal counts no more: %v", wrong)
	}
	if err := c.MayExport(ctx, h.hands[Analyst]); !errors.Is(err, ErrNotYours) {
		t.Errorf("an analyst exports: %v", err)
	}
}

func TestRecords(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	c := h.begin("Calls of May")
	x := h.add(c, "a")
	person, err := NewRecord(fact.Person{Class: "civil society", KnownBy: "said so, 12 May", Country: "MA"}, x.ID)
	h.must(err)
	put, err := c.Put(ctx, h.hands[Analyst], person, person)
	h.must(err)
	if put[0].ID != "T-0001" || put[1].ID != "T-0002" || put[0].About != "T-0001" {
		t.Errorf("%+v", put)
	}
	put[0].Body = []byte(`{"class":"other","attempts":3}`)
	_, err = c.Put(ctx, h.hands[Analyst], put[0])
	h.must(err)
	now, err := c.Records(ctx, fact.KindPerson)
	h.must(err)
	if len(now) != 2 || !strings.Contains(string(now[0].Body), "other") {
		t.Errorf("%+v", now)
	}
	was, err := c.History(ctx, fact.KindPerson, "T-0001")
	h.must(err)
	if len(was) != 2 || !strings.Contains(string(was[0].Body), "civil") {
		t.Errorf("%+v", was)
	}
	for _, bad := range []string{`{"class":"spy"}`, `{"class":"civil society"}`, `{"class":"other","name":"Amina"}`, `{"class":"other"} x`} {
		if _, err := c.Put(ctx, h.hands[Analyst], Record{Kind: fact.KindPerson, Body: []byte(bad)}); err == nil {
			t.Errorf("%s was recorded", bad)
		}
	}
}

// Whatever is changed of a case is found, and named.
func TestChanged(t *testing.T) {
	for what, change := range map[string]struct {
		do    func(h *house, c *Case, x Exhibit)
		check string
		says  string
	}{
		"a blob": {func(h *house, c *Case, x Exhibit) {
			h.must(os.Chmod(c.blobPath(x.Blob), 0o600))
			b, err := os.ReadFile(c.blobPath(x.Blob))
			h.must(err)
			b[len(b)/2] ^= 1
			h.must(os.WriteFile(c.blobPath(x.Blob), b, 0o600))
		}, "exhibits", "E-0001"},
		"a blob is gone": {func(h *house, c *Case, x Exhibit) { h.must(os.Remove(c.blobPath(x.Blob))) }, "exhibits", "missing"},
		"a field": {func(h *house, c *Case, _ Exhibit) {
			h.sql(c.dir, ledgerName, "DROP TRIGGER entries_are; UPDATE entries SET open = replace(open, 'phone of T-0001', 'phone of T-0002') WHERE n = 1")
		}, "ledger", `entry 1: the field "source"`},
		"a signature": {func(h *house, c *Case, _ Exhibit) {
			h.sql(c.dir, ledgerName, "DROP TRIGGER entries_are; UPDATE entries SET note = '' WHERE n = 1")
		}, "ledger", "entry 1: its signature"},
		"the last entry is gone": {func(h *house, c *Case, _ Exhibit) {
			h.sql(c.dir, ledgerName, "DROP TRIGGER entries_stay; DELETE FROM entries WHERE n = 1")
		}, "ledger", "entries are gone"},
		"a hash": {func(h *house, c *Case, _ Exhibit) {
			h.sql(c.dir, ledgerName, "DROP TRIGGER hashes_are; UPDATE hashes SET hash = zeroblob(32) WHERE at = 1")
		}, "ledger", "the hashes that are kept"},
		"who is enrolled": {func(h *house, c *Case, _ Exhibit) {
			h.sql(h.dir, "service.db", "DROP TRIGGER entries_are; UPDATE entries SET open = replace(open, 'analyst.one', 'analyst.two') WHERE n = 0")
		}, "service", "entry 0"},
		"the service's log is cut": {func(h *house, c *Case, _ Exhibit) {
			h.sql(h.dir, "service.db", "DROP TRIGGER entries_stay; DELETE FROM entries WHERE n = (SELECT max(n) FROM entries)")
		}, "service", "entries are gone"},
		"events": {func(h *house, c *Case, _ Exhibit) {
			h.sql(c.dir, ledgerName, "INSERT INTO events VALUES ('E-0001', 1, 1, 'a', 'b', '{}')")
		}, "events", "E-0001"},
	} {
		t.Run(what, func(t *testing.T) {
			h := newHouse(t)
			c := h.begin("Calls of May")
			x := h.add(c, strings.Repeat("what was found ", 1000))
			change.do(h, c, x)
			if wrong := h.faults(c); !strings.Contains(wrong[change.check], change.says) {
				t.Errorf("found %q, want %q in %s", wrong, change.says, change.check)
			}
		})
	}
}

// sql does to a database what Ringfence never does.
func (h *house) sql(dir, name, text string) {
	h.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, name))
	h.must(err)
	_, err = db.Exec(text)
	h.must(errors.Join(err, db.Close()))
}

// A ledger that its owner made anew is not the one in the service's log.
func TestMadeAnew(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	c := h.begin("Calls of May")
	h.add(c, "inconvenient")
	kept := filepath.Join(h.TempDir(), "kept")
	h.must(os.CopyFS(kept, os.DirFS(c.dir)))
	h.add(c, "and more")
	h.must(c.Close())
	h.must(os.RemoveAll(c.dir))
	h.must(os.CopyFS(c.dir, os.DirFS(kept)))
	c, err := h.room.Case(ctx, c.ID)
	h.must(err)
	defer c.Close()
	_, err = c.Add(ctx, h.hands[Analyst], Exhibit{Name: "n", Source: "s", Basis: "b"}, strings.NewReader("convenient"))
	h.must(err)
	if wrong := h.faults(c); !strings.Contains(wrong["ledger"], "not the one in the service's log") {
		t.Errorf("%v", wrong)
	}
}

// What was taken in just before a crash, and not yet put into the service's log, is
// put there when the case is opened again.
func TestCatchesUp(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	c := h.begin("Calls of May")
	h.must(errors.Join(c.Close(), h.room.Close()))
	before, err := os.ReadFile(filepath.Join(h.dir, "service.db"))
	h.must(err)
	h.open()
	c, err = h.room.Case(ctx, c.ID)
	h.must(err)
	h.add(c, "a")
	h.must(errors.Join(c.Close(), h.room.Close(), os.WriteFile(filepath.Join(h.dir, "service.db"), before, 0o600)))
	h.open()
	c, err = h.room.Case(ctx, c.ID)
	h.must(err)
	defer c.Close()
	heads, err := c.heads(ctx)
	h.must(err)
	if len(heads) != 2 {
		t.Errorf("%v", heads)
	}
}

func TestEndsEarly(t *testing.T) {
	h := newHouse(t)
	c := h.begin("Calls of May")
	broken := errors.New("the cable came off")
	_, err := c.Add(context.Background(), h.hands[Analyst], Exhibit{Name: "n", Source: "s", Basis: "b"}, io.MultiReader(strings.NewReader("half"), failing{broken}))
	if !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	if all, err := c.Exhibits(context.Background(), 0, 0); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
	if wrong := h.faults(c); len(wrong) > 0 {
		t.Error(wrong)
	}
}

type failing struct{ error }

func (f failing) Read([]byte) (int, error) { return 0, f.error }

func TestTiers(t *testing.T) {
	e := verify.Entry{Open: map[string]verify.Opening{"tier": {Value: []byte(`"sealed"`)}}}
	if shownFrom(e, "sha256") != Sealed || shownFrom(e, "action") != Public || shownFrom(e, "nonsense") != Sealed {
		t.Error("what is of a sealed exhibit is shown")
	}
}
