package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/guard"
)

const someday = 90 * 24 * time.Hour

func banOf(a Account) guard.Ban {
	return guard.Ban{Kind: guard.BanAccount, Value: a.ID.String(), Reason: "rang 400 strangers", Case: "K-2026-0001", Evidence: []string{"E-0001"}, By: []string{"mara"}, Until: start.Add(someday)}
}

func printBan(by ...string) guard.Ban {
	return guard.Ban{Kind: guard.BanPrint, Value: "c1-abcdefgh", Reason: "a client that rings strangers", By: by, Until: start.Add(someday)}
}

func added(t *testing.T, s *Store, b guard.Ban) guard.Ban {
	t.Helper()
	b, err := s.AddBan(t.Context(), b, false)
	check(t, err)
	return b
}

func blocked(t *testing.T, s *Store, a Account) bool {
	t.Helper()
	a, err := s.Account(t.Context(), a.ID)
	check(t, err)
	return a.Blocked
}

// A banned account is out at once, and in again when its ban is lifted or over;
// a block that was there before stays.
func TestBanOfAnAccount(t *testing.T) {
	s, c, _ := open(t)
	ctx := t.Context()
	a, b := account(t, s, "mallory"), account(t, s, "bob")
	hash := random[[32]byte]()
	check(t, s.AddToken(ctx, a.ID, hash, 5))
	one := added(t, s, banOf(a))
	same(t, "the id", one.ID, "B-2026-0001")
	same(t, "the name", one.Name, "mallory")
	same(t, "blocked", blocked(t, s, a) && !blocked(t, s, b), true)
	if _, _, ok := s.Recipient(hash); ok {
		t.Error("the delivery token of a banned account leads somewhere")
	}
	second := added(t, s, banOf(a))
	_, err := s.DoBan(ctx, one.ID, guard.BanLift, "noor", "it was another")
	check(t, err)
	same(t, "blocked by the other ban", blocked(t, s, a), true)
	c.pass(someday)
	all, err := s.Bans(ctx)
	check(t, err)
	check(t, s.SettleBans(ctx, all))
	same(t, "blocked when both are over", blocked(t, s, a), false)
	if _, _, ok := s.Recipient(hash); !ok {
		t.Error("the delivery token is not good again")
	}
	_, err = s.DoBan(ctx, second.ID, guard.BanLift, "noor", "late")
	is(t, err, guard.ErrBanOver)

	fourth := account(t, s, "fourth")
	lasting := banOf(fourth)
	lasting.Until = c.now().Add(someday)
	added(t, s, lasting)
	is(t, s.Lift(ctx, fourth.ID, "noor", "x"), guard.ErrBanned)
	check(t, s.Block(ctx, b.ID, "mara", "by hand"))
	third := banOf(b)
	third.Until = c.now().Add(someday)
	third = added(t, s, third)
	_, err = s.DoBan(ctx, third.ID, guard.BanLift, "noor", "enough")
	check(t, err)
	same(t, "the block by hand", blocked(t, s, b), true)
	_, err = s.AddBan(ctx, guard.Ban{Kind: guard.BanAccount, Value: strings.Repeat("ab", 16), Reason: "x", By: []string{"mara"}}, true)
	is(t, err, ErrNotFound)
}

// A print or a network needs two persons and an end.
func TestBroadBansNeedTwo(t *testing.T) {
	s, c, _ := open(t)
	ctx := t.Context()
	b := added(t, s, printBan("mara"))
	same(t, "with one person", b.State(c.now()), "waiting")
	_, err := s.DoBan(ctx, b.ID, guard.BanSecond, " MARA ", "")
	is(t, err, guard.ErrSecond)
	b, err = s.DoBan(ctx, b.ID, guard.BanSecond, "noor", "")
	check(t, err)
	same(t, "with two", b.InForce(c.now()), true)
	_, err = s.DoBan(ctx, b.ID, guard.BanSecond, "omid", "")
	is(t, err, guard.ErrSecond)
	for _, wrong := range []func(*guard.Ban){
		func(b *guard.Ban) { b.Until = time.Time{} },
		func(b *guard.Ban) { b.Until = start },
		func(b *guard.Ban) { b.Until = start.Add(2 * guard.LongestWide) },
		func(b *guard.Ban) { b.By = []string{"mara", "Mara"} },
		func(b *guard.Ban) { b.By = nil },
		func(b *guard.Ban) { b.Reason = " " },
		func(b *guard.Ban) { b.Case = "case 1" },
		func(b *guard.Ban) { b.Evidence = []string{"E-1"} },
		func(b *guard.Ban) { b.Value = "<script>" },
		func(b *guard.Ban) { b.Terms = "2026-11" },
		func(b *guard.Ban) { b.Kind = "person" },
		func(b *guard.Ban) { b.Kind, b.Value = guard.BanNetwork, "0.0.0.0/0" },
	} {
		bad := printBan("mara", "noor")
		if wrong(&bad); bad.Check() == nil || func() error { _, err := s.AddBan(ctx, bad, true); return err }() == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}

// What was done is on disk when it is done, and can be neither changed nor deleted.
func TestBansStay(t *testing.T) {
	s, c, folder := open(t)
	ctx := t.Context()
	a := account(t, s, "mallory")
	b := added(t, s, banOf(a))
	_, err := s.DoBan(ctx, b.ID, guard.BanAppeal, "", "I rang my cousins.")
	check(t, err)
	_, err = s.DoBan(ctx, b.ID, guard.BanAppeal, "", "again")
	is(t, err, guard.ErrAppealed)
	_, err = s.DoBan(ctx, b.ID, guard.BanUphold, "noor", "they were no cousins")
	check(t, err)
	for _, q := range []string{"DELETE FROM ban_acts", "UPDATE ban_acts SET at = 0"} {
		if err := s.writer.do(ctx, func(t *tx) error { _, err := t.exec(q); return err }); err == nil {
			t.Errorf("%s went through", q)
		}
	}
	again, err := Open(folder, c.now) // without closing the first: as after a kill
	check(t, err)
	defer again.Close()
	b, acts, err := again.Ban(ctx, "B-2026-0001")
	check(t, err)
	same(t, "acts", len(acts), 3)
	same(t, "the appeal", b.Appeal.State, guard.AppealUpheld)
	same(t, "in force", b.InForce(c.now()), true)
	_, err = again.DoBan(ctx, "B-2026-0009", guard.BanLift, "noor", "x")
	is(t, err, ErrNotFound)
}

// Two nodes agree, in whatever order they hear of it and however often.
func TestBansOfTwoNodes(t *testing.T) {
	here, c, _ := open(t)
	there, _, _ := open(t)
	ctx := t.Context()
	a := account(t, here, "mallory")
	for range 2 {
		added(t, here, banOf(a))
	}
	own := added(t, there, printBan("omid", "mara"))
	_, err := here.DoBan(ctx, "B-2026-0002", guard.BanLift, "noor", "twice")
	check(t, err)
	acts, err := here.BanActs(ctx, true)
	check(t, err)
	for i := range acts { // the newest first: a lift comes before its ban
		_, err := there.ImportBanActs(ctx, acts[len(acts)-1-i:len(acts)-i])
		check(t, err)
	}
	fresh, err := there.ImportBanActs(ctx, append(acts, guard.BanAct{Do: guard.BanLift}))
	if fresh != 0 || err == nil {
		t.Errorf("%d acts are new, and what is not whole gives %v", fresh, err)
	}
	all, err := there.Bans(ctx)
	check(t, err)
	var ids []string
	for _, b := range all {
		ids = append(ids, b.ID+" "+b.State(c.now()))
	}
	same(t, "bans there", len(all), 3)
	if want := fmt.Sprintf("B-2026-0001-%x in force", all[0].UID[:4]); own.ID != "B-2026-0001" || !strings.Contains(strings.Join(ids, ","), "B-2026-0002 lifted") || !strings.Contains(strings.Join(ids, ",")+","+want, want) {
		t.Errorf("bans there: %q", ids)
	}
	local, err := there.BanActs(ctx, true)
	check(t, err)
	same(t, "acts of its own", len(local), 1)
	same(t, "acts of its own name the ban", local[0].New.ID, own.ID)
}

// A flag is raised once, decided once, and holds nothing back of who has
// ordinary relations.
func TestEvasions(t *testing.T) {
	s, c, _ := open(t)
	ctx := t.Context()
	b := added(t, s, printBan("mara", "noor"))
	fresh, old := account(t, s, "fresh"), account(t, s, "old")
	for i := range ordinaryContacts {
		befriend(t, s, old, account(t, s, fmt.Sprintf("friend%d", i)))
	}
	c.pass(ordinaryAge + time.Hour)
	for _, a := range []Account{fresh, old, fresh} {
		_, err := s.AddEvasion(ctx, guard.Evasion{Ban: b.ID, Account: a.ID, Kind: b.Kind, Value: b.Value, Shared: 2})
		check(t, err)
	}
	open := func() []guard.Evasion {
		all, err := s.Evasions(ctx, guard.EvasionFilter{Open: true}, guard.Page{Limit: 10})
		check(t, err)
		return all
	}
	all := open()
	same(t, "flags", len(all), 2)
	same(t, "that of the new one holds", all[0].Account == fresh.ID && all[0].Holding && all[0].InForce && all[0].Shared == 2, true)
	same(t, "that of the one with friends does not", all[1].Account == old.ID && !all[1].Holding, true)
	check(t, s.AppealEvasion(ctx, fresh.ID, "I bought this phone yesterday"))
	is(t, s.AppealEvasion(ctx, fresh.ID, "again"), ErrNotFound)
	check(t, s.DecideEvasion(ctx, all[0].Number, guard.EvasionLetGo, "mara", "another person"))
	is(t, s.DecideEvasion(ctx, all[0].Number, guard.EvasionBanned, "mara", "no"), guard.ErrDecided)
	is(t, s.DecideEvasion(ctx, 99, guard.EvasionBanned, "mara", "no"), ErrNotFound)
	same(t, "open flags", len(open()), 1)
	one, err := s.Evasion(ctx, all[0].Number)
	check(t, err)
	same(t, "what was said", one.Appeal, "I bought this phone yesterday")
	third := account(t, s, "third")
	_, err = s.AddEvasion(ctx, guard.Evasion{Ban: b.ID, Account: third.ID, Kind: b.Kind, Value: b.Value})
	check(t, err)
	check(t, s.DecideEvasion(ctx, open()[1].Number, guard.EvasionBanned, "mara", "the same voice"))
	bans, err := s.Bans(ctx)
	check(t, err)
	same(t, "the flagged account alone is banned", len(bans) == 2 && bans[1].Value == third.ID.String() && blocked(t, s, third) && !blocked(t, s, old), true)
	_, err = s.DoBan(ctx, b.ID, guard.BanLift, "noor", "too broad")
	check(t, err)
	same(t, "open flags of a ban that is over", len(open()), 0)
}

// Who shares a print is counted without those who are blocked, and bounded.
func TestSharing(t *testing.T) {
	s, c, _ := open(t)
	ctx := t.Context()
	var all []Account
	for i := range 4 {
		all = append(all, account(t, s, fmt.Sprintf("person%d", i)))
		check(t, s.Sight(ctx, guard.BanPrint, "c1-abcdefgh", all[i].ID))
	}
	for i := range 3 * maxSightings {
		check(t, s.Sight(ctx, guard.BanPrint, fmt.Sprintf("c1-%d", i), all[0].ID))
		c.pass(time.Second)
	}
	check(t, s.Sight(ctx, guard.BanPrint, "", all[0].ID))
	prints, err := s.PrintsOf(ctx, all[0].ID, guard.BanPrint)
	check(t, err)
	same(t, "prints of one account", len(prints), maxSightings)
	count := func() int {
		n, err := s.Sharing(ctx, guard.BanPrint, "c1-abcdefgh")
		check(t, err)
		return n
	}
	same(t, "without the one whose prints change", count(), 3)
	for i := range 2 {
		check(t, s.Sight(ctx, guard.BanPrint, "c1-abcdefgh", account(t, s, fmt.Sprintf("more%d", i)).ID))
	}
	_, err = s.AddBan(ctx, printBan("mara", "noor"), false)
	is(t, err, guard.ErrShared(5))
	_, err = s.AddBan(ctx, guard.Ban{Kind: guard.BanNetwork, Value: "203.0.113.0/24", Reason: "x", By: []string{"mara", "noor"}, Until: start.Add(someday)}, false)
	is(t, err, guard.ErrShared(-1))
	b, err := s.AddBan(ctx, printBan("mara", "noor"), true)
	check(t, err)
	same(t, "the number stands in the ban", b.Shared, 5)
	check(t, s.Block(ctx, all[1].ID, "mara", "x"))
	same(t, "without a blocked one", count(), 4)
	c.pass(keepSightings + time.Hour)
	check(t, s.Sweep(ctx))
	same(t, "after its time", count(), 0)
}

// Who knew somebody before, called, or invited is acquainted.
func TestAcquainted(t *testing.T) {
	s, c, _ := open(t)
	ctx := t.Context()
	a, b, d := account(t, s, "alice"), account(t, s, "fresh"), account(t, s, "dora")
	befriend(t, s, a, b)
	knows := func(p Account, before time.Time) bool {
		ok, err := s.Acquainted(ctx, p.ID, b.ID, before)
		check(t, err)
		return ok
	}
	same(t, "a contact from before", knows(a, c.now().Add(time.Second)), true)
	same(t, "a contact from after", knows(a, c.now().Add(-time.Second)), false)
	same(t, "a stranger", knows(d, c.now()), false)
	check(t, s.AddCall(ctx, Call{ID: random[[16]byte](), Caller: d.ID, Callee: b.ID, State: guard.Ended, Offered: start}))
	same(t, "who called", knows(d, c.now()), true)
}

func TestTerms(t *testing.T) {
	s, c, _ := open(t)
	ctx := t.Context()
	old := account(t, s, "old")
	v1, v2 := Terms{Version: "2026-11", Text: "Do not attack anybody."}, Terms{Version: "2026-12", Text: "Do not attack anybody at all."}
	is(t, s.AcceptTerms(ctx, old.ID, v1.SHA256()), ErrNotFound)
	check(t, s.ShowTerms(ctx, v1))
	c.pass(time.Hour)
	check(t, s.ShowTerms(ctx, v2))
	check(t, s.ShowTerms(ctx, v1))
	r := registration("fresh")
	sum := v1.SHA256()
	r.Terms = &sum
	fresh, _, err := s.Register(ctx, r)
	check(t, err)
	check(t, s.AcceptTerms(ctx, fresh.ID, v2.SHA256()))
	check(t, s.AcceptTerms(ctx, fresh.ID, v2.SHA256()))
	none, err := s.TermsOf(ctx, old.ID)
	check(t, err)
	same(t, "of who was there before", len(none), 0)
	_, err = s.DeleteAccount(ctx, fresh.ID)
	check(t, err)
	got, err := s.TermsOf(ctx, fresh.ID)
	check(t, err)
	same(t, "acceptances", len(got), 2)
	same(t, "the first", got[0].Version == "2026-11" && got[0].At.Equal(c.now()) && got[1].Version == "2026-12", true)
	r = registration("another")
	wrong := random[[32]byte]()
	if r.Terms = &wrong; !errors.Is(func() error { _, _, err := s.Register(ctx, r); return err }(), ErrNotFound) {
		t.Error("terms that were never shown are accepted")
	}
	shown, err := s.TermsShown(ctx)
	check(t, err)
	same(t, "terms shown", len(shown), 2)
}
