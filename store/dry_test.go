package store

import (
	"slices"
	"testing"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
)

func dryOf(t *testing.T, s *Store, f guard.DryFilter) []guard.DrySpell {
	t.Helper()
	all, err := s.Dry(t.Context(), f, guard.Newest(10))
	check(t, err)
	return all
}

// take asks for a one-time key and tells whether there was one.
func take(t *testing.T, s *Store, a Account) bool {
	t.Helper()
	_, ok, err := s.TakeOneTimeKey(t.Context(), a.Device)
	check(t, err)
	return ok
}

// Keys that ran out are remembered with since when and how often, over a
// restart, until a month after new ones came.
func TestDrySpells(t *testing.T) {
	s, c, folder := open(t)
	ctx := t.Context()
	alice, bob := account(t, s, "alice"), account(t, s, "bob")
	_, err := s.AddOneTimeKeys(ctx, alice.Device, [][32]byte{{1}}, 100)
	check(t, err)
	same(t, "a key was left", take(t, s, alice), true)
	same(t, "spells while there was one", len(dryOf(t, s, guard.DryFilter{})), 0)
	for range 3 {
		c.pass(time.Minute)
		same(t, "a key was left", take(t, s, alice), false)
	}
	c.pass(time.Minute)
	take(t, s, bob)
	check(t, s.Close())
	s, err = Open(folder, c.now)
	check(t, err)
	t.Cleanup(func() { check(t, s.Close()) })

	want := guard.DrySpell{Number: 1, Account: alice.ID, Name: "alice", Since: start.Add(time.Minute), Last: start.Add(3 * time.Minute), Given: 3}
	same(t, "alice's spell", dryOf(t, s, guard.DryFilter{Account: alice.ID})[0], want)
	_, err = s.AddOneTimeKeys(ctx, alice.Device, [][32]byte{{1}}, 100) // one that was used
	check(t, err)
	names := func(f guard.DryFilter) (names []string) {
		for _, d := range dryOf(t, s, f) {
			names = append(names, d.Name)
		}
		return names
	}
	if got := names(guard.DryFilter{Now: true}); !slices.Equal(got, []string{"bob", "alice"}) {
		t.Errorf("dry: %v", got)
	}
	_, err = s.AddOneTimeKeys(ctx, alice.Device, [][32]byte{{2}}, 100)
	check(t, err)
	want.Refilled = c.now()
	same(t, "alice's spell, ended", dryOf(t, s, guard.DryFilter{Account: alice.ID})[0], want)
	if got := names(guard.DryFilter{Now: true}); !slices.Equal(got, []string{"bob"}) {
		t.Errorf("dry after alice's new keys: %v", got)
	}
	newest, err := s.Newest(ctx)
	check(t, err)
	same(t, "newest", newest, c.now())

	c.pass(keepDrySpells + time.Second)
	check(t, s.Sweep(ctx))
	if got := names(guard.DryFilter{}); !slices.Equal(got, []string{"bob"}) {
		t.Errorf("a month later: %v", got)
	}
	_, err = s.DeleteAccount(ctx, bob.ID)
	check(t, err)
	same(t, "spells of nobody", len(dryOf(t, s, guard.DryFilter{})), 0)
	same(t, "a device that is not there", take(t, s, Account{Device: wire.ID{9}}), false)
}

// A second spell is another one: it begins anew and stands before the others.
func TestDrySpellsBeginAnew(t *testing.T) {
	s, c, _ := open(t)
	alice, bob := account(t, s, "alice"), account(t, s, "bob")
	take(t, s, alice)
	take(t, s, bob)
	_, err := s.AddOneTimeKeys(t.Context(), alice.Device, [][32]byte{{1}}, 100)
	check(t, err)
	take(t, s, alice)
	c.pass(time.Hour)
	take(t, s, alice)
	all := dryOf(t, s, guard.DryFilter{})
	same(t, "spells", len(all), 2)
	same(t, "the newest", all[0], guard.DrySpell{Number: 3, Account: alice.ID, Name: "alice", Since: c.now(), Last: c.now(), Given: 1})
	older, err := s.Dry(t.Context(), guard.DryFilter{}, guard.Older(all[0].Number, 10))
	check(t, err)
	same(t, "the page behind it", len(older) == 1 && older[0].Name == "bob", true)
}

// A file of the first version is brought up to this one, with what it holds.
func TestFirstVersionIsMigrated(t *testing.T) {
	all := migrations
	migrations = all[:1]
	defer func() { migrations = all }()
	s, c, folder := open(t)
	alice := account(t, s, "alice")
	check(t, s.Close())
	migrations = all
	s, err := Open(folder, c.now)
	check(t, err)
	t.Cleanup(func() { check(t, s.Close()) })
	same(t, "a key was left", take(t, s, alice), false)
	same(t, "spells", len(dryOf(t, s, guard.DryFilter{})), 1)
}
