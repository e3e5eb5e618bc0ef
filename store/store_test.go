package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/ringfence/ringfence/wire"
)

var start = time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC)

// clock is a time that a test moves.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.t }
func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func open(t *testing.T) (*Store, *clock, string) {
	t.Helper()
	folder, c := t.TempDir(), &clock{t: start}
	s, err := Open(folder, c.now)
	check(t, err)
	t.Cleanup(func() {
		wrong, err := s.Verify(context.Background())
		if len(wrong) > 0 || err != nil && !errors.Is(err, ErrClosed) && err.Error() != "store: reading all of it: sql: database is closed" {
			t.Errorf("the store is not whole: %q, %v", wrong, err)
		}
		check(t, s.Close())
	})
	return s, c, folder
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got the error %v, want %v", err, want)
	}
}

func same[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func random[T ~[16]byte | ~[32]byte | ~[64]byte]() (v T) {
	for i := range len(v) {
		var b [1]byte
		rand.Read(b[:])
		v[i] = b[0]
	}
	return v
}

func registration(name string) Registration {
	return Registration{Name: name, Account: random[wire.ID](), Device: random[wire.ID](), Ed25519: random[[32]byte](), Curve25519: random[[32]byte](),
		Signature: random[[64]byte](), Session: random[[32]byte](), Expires: start.Add(time.Hour)}
}

func account(t *testing.T, s *Store, name string) Account {
	t.Helper()
	a, _, err := s.Register(t.Context(), registration(name))
	check(t, err)
	return a
}

func befriend(t *testing.T, s *Store, a, b Account) {
	t.Helper()
	_, err := s.Knock(t.Context(), a.ID, b.ID, wire.ID{9})
	check(t, err)
	check(t, s.AcceptKnock(t.Context(), b.ID, a.ID))
}

// Closed and opened again, everything is there, and the file is the operator's
// alone.
func TestReopen(t *testing.T) {
	ctx := t.Context()
	folder := filepath.Join(t.TempDir(), "a folder? with #strange% name")
	now := func() time.Time { return start }
	s, err := Open(folder, now)
	check(t, err)
	a := account(t, s, "alice")
	hash := random[[32]byte]()
	check(t, s.AddToken(ctx, a.ID, hash, 1))
	check(t, s.Close())
	is(t, s.EndSessions(ctx, a.ID), ErrClosed)
	check(t, s.Close())
	s, err = Open(folder, now)
	check(t, err)
	defer s.Close()
	b, err := s.AccountByName(ctx, "alice")
	check(t, err)
	same(t, "account", b, a)
	_, device, ok := s.Recipient(hash)
	same(t, "token", ok && device == a.Device, true)
	newest, err := s.Newest(ctx)
	check(t, err)
	same(t, "newest", newest, start)
	info, err := os.Stat(filepath.Join(folder, fileName))
	check(t, err)
	if info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
		t.Errorf("others may open the file: %v", info.Mode())
	}
	var mode string
	var sync, fk, secure int
	check(t, s.writer.do(ctx, func(x *tx) error {
		return errors.Join(x.row("PRAGMA journal_mode").Scan(&mode), x.row("PRAGMA synchronous").Scan(&sync),
			x.row("PRAGMA foreign_keys").Scan(&fk), x.row("PRAGMA secure_delete").Scan(&secure))
	}))
	if mode != "wal" || sync != 2 || fk != 1 || secure != 1 {
		t.Errorf("journal %s, synchronous %d, foreign keys %d, secure delete %d", mode, sync, fk, secure)
	}
}

func TestNewerFileIsRefused(t *testing.T) {
	folder := t.TempDir()
	s, err := Open(folder, time.Now)
	check(t, err)
	check(t, s.writer.do(t.Context(), func(x *tx) error { _, err := x.exec("PRAGMA user_version = 99"); return err }))
	check(t, s.Close())
	if s, err := Open(folder, time.Now); err == nil {
		s.Close()
		t.Error("a file of a newer version was opened")
	}
}

// The error of one write undoes that one alone, whatever shares its transaction.
func TestAnErrorUndoesItself(t *testing.T) {
	s, _, _ := open(t)
	broken := errors.New("broken")
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			err := s.writer.do(t.Context(), func(x *tx) error {
				_, err := x.exec("INSERT INTO settings (serial, digest) VALUES (?, x'00')", i+1)
				if i%2 == 1 {
					return broken
				}
				return err
			})
			if (i%2 == 1) != errors.Is(err, broken) || i%2 == 0 && err != nil {
				t.Errorf("write %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	var n, odd int
	check(t, s.read.QueryRow("SELECT count(*), sum(serial % 2 = 0) FROM settings").Scan(&n, &odd))
	if n != 100 || odd != 0 {
		t.Errorf("%d writes stand, %d of them with an error", n, odd)
	}
	_, err := s.read.Exec("DELETE FROM settings")
	if err == nil {
		t.Error("a reader could write")
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	is(t, s.EndSessions(gone, wire.ID{}), context.Canceled)
}

// A second process writes to the same file.
func TestTwoWriters(t *testing.T) {
	s, c, folder := open(t)
	other, err := Open(folder, c.now)
	check(t, err)
	defer other.Close()
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			st := s
			if i%2 == 0 {
				st = other
			}
			if err := st.AddInvite(t.Context(), Invite{Hash: sha256.Sum256([]byte{byte(i)}), Expires: start.Add(time.Hour)}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i := range 40 {
		_, err := s.InviteFor(t.Context(), sha256.Sum256([]byte{byte(i)}))
		check(t, err)
	}
}

func TestSweep(t *testing.T) {
	s, c, _ := open(t)
	ctx := t.Context()
	r := registration("alice")
	a, _, err := s.Register(ctx, r)
	check(t, err)
	check(t, s.AddInvite(ctx, Invite{Hash: [32]byte{1}, Expires: start.Add(time.Minute)}))
	_, err = s.AddNotice(ctx, a.ID, Notice{Kind: "missed", Account: wire.ID{1}, At: start})
	check(t, err)
	check(t, s.AddRecord(ctx, Record{Time: start, Outcome: "missed"}))
	c.pass(2 * time.Hour)
	_, _, err = s.Session(ctx, r.Session)
	is(t, err, ErrNotFound)
	check(t, s.Sweep(ctx))
	rest := func() string {
		var text string
		check(t, s.read.QueryRow(`SELECT (SELECT count(*) FROM sessions) || (SELECT count(*) FROM invites) || (SELECT count(*) FROM notices) || (SELECT count(*) FROM records)`).Scan(&text))
		return text
	}
	same(t, "left after two hours", rest(), "0011")
	c.pass(15 * 24 * time.Hour)
	check(t, s.Sweep(ctx))
	same(t, "left after 15 days", rest(), "0010")
	c.pass(16 * 24 * time.Hour)
	check(t, s.Sweep(ctx))
	same(t, "left after 31 days", rest(), "0000")
}

// A full disk refuses writes and spoils none: what was answered stands, and
// when there is room again it goes on.
func TestFullDisk(t *testing.T) {
	s, _, _ := open(t)
	ctx := t.Context()
	a := account(t, s, "alice")
	check(t, s.writer.do(ctx, func(x *tx) error { _, err := x.Exec("PRAGMA max_page_count = 1"); return err })) // no page more
	err := s.SetEnvelopeKey(ctx, a.Device, EnvelopeKey{Key: make([]byte, 1<<20)})
	if err == nil {
		t.Fatal("a write went through without room for it")
	}
	_, err = s.Account(ctx, a.ID)
	check(t, err)
	check(t, s.writer.do(ctx, func(x *tx) error { _, err := x.Exec("PRAGMA max_page_count = 1000000"); return err }))
	_, _, err = s.Register(ctx, registration("bob"))
	check(t, err)
	check(t, s.SetEnvelopeKey(ctx, a.Device, EnvelopeKey{Key: make([]byte, 1<<20)}))
}
