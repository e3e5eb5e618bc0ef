package store

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/ringfence/ringfence/wire"
)

func TestRegister(t *testing.T) {
	s, c, _ := open(t)
	ctx := t.Context()
	alice := account(t, s, "alice")
	hash := [32]byte{1}
	check(t, s.AddInvite(ctx, Invite{Hash: hash, By: alice.ID, Expires: start.Add(time.Hour), Run: "r1"}))
	r := registration("alice")
	r.Invite = &hash
	_, _, err := s.Register(ctx, r)
	is(t, err, ErrNameTaken)
	_, err = s.InviteFor(ctx, hash)
	check(t, err)
	r.Name = "bob"
	bob, replaced, err := s.Register(ctx, r)
	check(t, err)
	if bob.InvitedBy != alice.ID || bob.Run != "r1" || !replaced.IsZero() || bob.ID != r.Account {
		t.Errorf("registered as %+v", bob)
	}
	id, device, err := s.Session(ctx, r.Session)
	check(t, err)
	same(t, "session", id == bob.ID && device == bob.Device, true)
	r = registration("carol")
	r.Invite = &hash
	_, _, err = s.Register(ctx, r)
	is(t, err, ErrInvite)
	check(t, s.AddInvite(ctx, Invite{Hash: [32]byte{2}, Expires: start.Add(time.Hour)}))
	c.pass(time.Hour)
	_, err = s.InviteFor(ctx, [32]byte{2})
	is(t, err, ErrInvite)
	_, _, err = s.Session(ctx, registration("x").Session)
	is(t, err, ErrNotFound)
	run, err := s.EndRun(ctx, "r1")
	check(t, err)
	n, err := s.CountAccounts(ctx)
	check(t, err)
	same(t, "left after the run", len(run) == 1 && run[0].ID == bob.ID && n == 1, true)
}

// An invite is good for one of many who come at once.
func TestOneRedeems(t *testing.T) {
	s, _, _ := open(t)
	hash := [32]byte{1}
	check(t, s.AddInvite(t.Context(), Invite{Hash: hash, Expires: start.Add(time.Hour)}))
	var wg sync.WaitGroup
	for i := range 30 {
		wg.Go(func() {
			r := registration(fmt.Sprintf("person_%d", i))
			r.Invite = &hash
			s.Register(t.Context(), r)
		})
	}
	wg.Wait()
	n, err := s.CountAccounts(t.Context())
	check(t, err)
	same(t, "accounts", n, 1)
}

func TestReplaceDevice(t *testing.T) {
	s, _, _ := open(t)
	ctx := t.Context()
	first := registration("alice")
	alice, _, err := s.Register(ctx, first)
	check(t, err)
	bob := account(t, s, "bob")
	befriend(t, s, bob, alice)
	token := [32]byte{7}
	check(t, s.AddToken(ctx, alice.ID, token, 0))
	_, err = s.AddOneTimeKeys(ctx, alice.Device, [][32]byte{{1}, {2}}, 100)
	check(t, err)
	check(t, s.SetEnvelopeKey(ctx, alice.Device, EnvelopeKey{ID: 1, Key: make([]byte, 1216)}))
	check(t, s.SetFallbackKey(ctx, alice.Device, FallbackKey{}))
	hash := [32]byte{1}
	check(t, s.AddInvite(ctx, Invite{Hash: hash, For: alice.ID, Expires: start.Add(time.Hour)}))
	r := registration("")
	r.Invite = &hash
	now, replaced, err := s.Register(ctx, r)
	check(t, err)
	if now.ID != alice.ID || now.Name != "alice" || now.Device != r.Device || now.Ed25519 != r.Ed25519 || replaced != alice.Device {
		t.Errorf("replaced %v by %+v", replaced, now)
	}
	_, _, err = s.Session(ctx, first.Session)
	is(t, err, ErrNotFound)
	_, _, err = s.Session(ctx, r.Session)
	check(t, err)
	_, err = s.Keys(ctx, alice.Device)
	is(t, err, ErrNotFound)
	_, _, ok := s.Recipient(token)
	same(t, "the old token leads somewhere", ok, false)
	is(t, s.AddSession(ctx, [32]byte{9}, alice.ID, alice.Device, start.Add(time.Hour)), ErrNotFound)
	accepted, _, err := s.Related(ctx, alice.ID, bob.ID)
	check(t, err)
	same(t, "still contacts", accepted, true)
}

// What is deleted is gone from the file and from the log, byte for byte, among
// many others that come and go.
func TestDeletedBytesAreGone(t *testing.T) {
	s, _, folder := open(t)
	ctx := t.Context()
	var all []Account
	var keys [][]byte
	for i := range 120 {
		a := account(t, s, fmt.Sprintf("person_%03d_zz", i))
		key, spent := random[[32]byte](), random[[32]byte]()
		_, err := s.AddOneTimeKeys(ctx, a.Device, [][32]byte{spent, key, random[[32]byte]()}, 100)
		check(t, err)
		_, ok, err := s.TakeOneTimeKey(ctx, a.Device)
		check(t, err)
		same(t, "took one", ok, true)
		envelope := bytes.Repeat(key[:], 38)
		check(t, s.SetEnvelopeKey(ctx, a.Device, EnvelopeKey{ID: 1, Key: envelope}))
		check(t, s.SetFallbackKey(ctx, a.Device, FallbackKey{Key: random[[32]byte]()}))
		all, keys = append(all, a), append(keys, key[:], spent[:])
	}
	for i, a := range all[1:] {
		befriend(t, s, a, all[0])
		_, err := s.AddNotice(ctx, all[i].ID, Notice{Kind: "missed", Account: a.ID, Name: a.Name, At: start})
		check(t, err)
	}
	file := filepath.Join(folder, fileName)
	if there(t, file, []byte("person_077_zz")) == 0 {
		t.Fatal("the test cannot see what it looks for")
	}
	contacts, err := s.DeleteAccount(ctx, all[0].ID)
	check(t, err)
	same(t, "contacts", len(contacts), len(all)-1)
	for i := 1; i < len(all); i++ {
		if i%10 != 0 {
			_, err := s.DeleteAccount(ctx, all[i].ID)
			check(t, err)
		}
	}
	for i, a := range all {
		if i > 0 && i%10 == 0 {
			continue
		}
		for _, b := range [][]byte{[]byte(a.Name), a.Ed25519[:], a.Curve25519[:], a.Device[:], keys[2*i], keys[2*i+1]} {
			if n := there(t, file, b); n > 0 {
				t.Fatalf("%q of the deleted account %d is there %d times", b, i, n)
			}
		}
	}
	_, err = s.DeleteAccount(ctx, all[0].ID)
	is(t, err, ErrNotFound)
}

// there counts how often some bytes stand in the database and its log.
func there(t *testing.T, file string, what []byte) (n int) {
	t.Helper()
	for _, f := range []string{file, file + "-wal"} {
		b, err := os.ReadFile(f)
		check(t, err)
		n += bytes.Count(b, what)
	}
	return n
}

func TestContacts(t *testing.T) {
	s, _, _ := open(t)
	ctx := t.Context()
	a, b := account(t, s, "alice"), account(t, s, "bob")
	knock := func(from, to wire.ID, want bool) {
		t.Helper()
		fresh, err := s.Knock(ctx, from, to, wire.ID{9})
		check(t, err)
		same(t, "fresh", fresh, want)
	}
	knock(a.ID, b.ID, true)
	knock(a.ID, b.ID, false)
	knock(b.ID, a.ID, true)
	accepted, knocked, err := s.Related(ctx, b.ID, a.ID)
	check(t, err)
	same(t, "knocks both ways", !accepted && knocked, true)
	check(t, s.AcceptKnock(ctx, b.ID, a.ID))
	is(t, s.AcceptKnock(ctx, b.ID, a.ID), ErrNotFound)
	knock(b.ID, a.ID, false)
	for _, x := range [][2]Account{{a, b}, {b, a}} {
		list, err := s.Contacts(ctx, x[0].ID)
		check(t, err)
		same(t, "contacts", len(list) == 1 && list[0] == Contact{x[1].ID, x[1].Name, true, start, false}, true)
	}
	was, err := s.RemoveContact(ctx, a.ID, b.ID)
	check(t, err)
	same(t, "was accepted", was, true)
	was, err = s.RemoveContact(ctx, a.ID, b.ID)
	check(t, err)
	same(t, "was accepted", was, false)
	list, err := s.Contacts(ctx, b.ID)
	check(t, err)
	same(t, "contacts", len(list), 0)
	_, err = s.Knock(ctx, a.ID, wire.ID{1}, wire.ID{9})
	is(t, err, ErrNotFound)
}

func TestTokens(t *testing.T) {
	s, _, _ := open(t)
	ctx := t.Context()
	a, b := account(t, s, "alice"), account(t, s, "bob")
	check(t, s.AddToken(ctx, a.ID, [32]byte{1}, 1))
	check(t, s.AddToken(ctx, a.ID, [32]byte{1}, 1))
	is(t, s.AddToken(ctx, a.ID, [32]byte{2}, 1), ErrTooMany)
	is(t, s.AddToken(ctx, b.ID, [32]byte{1}, 1), ErrTokenTaken)
	befriend(t, s, a, b)
	check(t, s.AddToken(ctx, a.ID, [32]byte{2}, 1))
	leads := func(n byte, want bool) {
		t.Helper()
		_, _, ok := s.Recipient([32]byte{n})
		same(t, fmt.Sprint("token ", n), ok, want)
	}
	leads(2, true)
	check(t, s.RemoveToken(ctx, b.ID, [32]byte{2}))
	leads(2, true)
	check(t, s.RemoveToken(ctx, a.ID, [32]byte{2}))
	leads(2, false)
	check(t, s.Block(ctx, a.ID, "mara", "harassment"))
	leads(1, false)
	check(t, s.Lift(ctx, a.ID, "mara", "a mistake"))
	leads(1, true)
	_, err := s.DeleteAccount(ctx, a.ID)
	check(t, err)
	leads(1, false)
}
