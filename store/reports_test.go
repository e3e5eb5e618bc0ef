package store

import (
	"testing"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
)

func reported(t *testing.T, s *Store) []guard.Report {
	t.Helper()
	all, err := s.Reports(t.Context(), guard.Page{After: 0, Limit: 100})
	check(t, err)
	return all
}

// Only whom a call was for may report it, once, whether it rang or was held back.
func TestReports(t *testing.T) {
	s, c, _ := open(t)
	ctx := t.Context()
	a, b := account(t, s, "alice"), account(t, s, "mallory")
	rang, held := random[wire.ID](), random[wire.ID]()
	check(t, s.AddCall(ctx, Call{ID: rang, Caller: b.ID, Callee: a.ID, State: guard.Ringing, Offered: start}))
	_, err := s.AddNotice(ctx, a.ID, Notice{Kind: "held_back", Account: b.ID, Name: "mallory", Media: "sound", At: start, Call: held})
	check(t, err)
	is(t, s.ReportCall(ctx, b.ID, rang), ErrNotFound)
	is(t, s.ReportCall(ctx, b.ID, held), ErrNotFound)
	is(t, s.ReportCall(ctx, a.ID, random[wire.ID]()), ErrNotFound)
	is(t, s.ReportCall(ctx, a.ID, wire.ID{}), ErrNotFound)
	same(t, "reports of what is none", len(reported(t, s)), 0)

	check(t, s.ReportCall(ctx, a.ID, rang))
	c.pass(time.Minute)
	for range 3 {
		check(t, s.ReportCall(ctx, a.ID, held))
		check(t, s.ReportCall(ctx, a.ID, rang))
	}
	all := reported(t, s)
	same(t, "reports", len(all), 2)
	same(t, "the first", all[0], guard.Report{Number: all[0].Number, At: start, Reporter: a.ID, Account: b.ID, Call: rang})
	same(t, "the second", all[1].Call == held && all[1].At.Equal(start.Add(time.Minute)), true)
	newest, err := s.Reports(ctx, guard.Newest(1))
	check(t, err)
	same(t, "the newest", newest[0], all[1])

	// The notice says so, until it stands for another call.
	notices, err := s.Notices(ctx, a.ID, start)
	check(t, err)
	same(t, "the notice", notices[0].Reported && notices[0].Call == held, true)
	_, err = s.AddNotice(ctx, a.ID, Notice{Kind: "held_back", Account: b.ID, Name: "mallory", Media: "sound", At: start, Call: random[wire.ID]()})
	check(t, err)
	notices, err = s.Notices(ctx, a.ID, start)
	check(t, err)
	same(t, "the notice of another call", notices[0].Reported || notices[0].Count != 2, false)
}

func TestReportsOfKnocks(t *testing.T) {
	s, _, _ := open(t)
	ctx := t.Context()
	a, b := account(t, s, "alice"), account(t, s, "mallory")
	_, err := s.ReportKnock(ctx, a.ID, b.ID)
	is(t, err, ErrNotFound)
	for n := range 2 { // refused and made again, it is another knock
		knock := random[wire.ID]()
		_, err = s.Knock(ctx, b.ID, a.ID, knock)
		check(t, err)
		list, err := s.Contacts(ctx, a.ID)
		check(t, err)
		same(t, "reported", list[0].Reported, false)
		for range 2 {
			of, err := s.ReportKnock(ctx, a.ID, b.ID)
			check(t, err)
			same(t, "the knock", of, knock)
		}
		list, err = s.Contacts(ctx, a.ID)
		check(t, err)
		same(t, "reported", list[0].Reported, true)
		all := reported(t, s)
		same(t, "reports", len(all), n+1)
		same(t, "whose, and no call", all[n].Account == b.ID && all[n].Call.IsZero(), true)
		_, err = s.RemoveContact(ctx, a.ID, b.ID)
		check(t, err)
	}
}

// Reports are evidence: they outlive both accounts, and go after a year. Those of
// the test range are not shown, and go with its run.
func TestReportsStay(t *testing.T) {
	s, c, _ := open(t)
	ctx := t.Context()
	a, b := account(t, s, "alice"), account(t, s, "mallory")
	hash := random[[32]byte]()
	check(t, s.AddInvite(ctx, Invite{Hash: hash, Expires: start.Add(time.Hour), Run: "run"}))
	r := registration("ranger")
	r.Invite = &hash
	ranger, _, err := s.Register(ctx, r)
	check(t, err)
	for _, who := range []Account{a, ranger} {
		_, err := s.Knock(ctx, b.ID, who.ID, random[wire.ID]())
		check(t, err)
		_, err = s.ReportKnock(ctx, who.ID, b.ID)
		check(t, err)
	}
	count := func() (n int) {
		check(t, s.read.QueryRowContext(ctx, "SELECT count(*) FROM reports").Scan(&n))
		return n
	}
	same(t, "kept", count(), 2)
	same(t, "shown", len(reported(t, s)), 1)
	_, err = s.EndRun(ctx, "run")
	check(t, err)
	same(t, "kept without the run", count(), 1)
	for _, gone := range []Account{a, b} {
		_, err := s.DeleteAccount(ctx, gone.ID)
		check(t, err)
	}
	c.pass(keepReports - time.Hour)
	check(t, s.Sweep(ctx))
	same(t, "evidence", len(reported(t, s)), 1)
	newest, err := s.Newest(ctx)
	check(t, err)
	same(t, "newest", newest.IsZero(), false)
	c.pass(2 * time.Hour)
	check(t, s.Sweep(ctx))
	same(t, "after a year", count(), 0)
}

// In a file from before there were reports, knocks can be reported; its notices
// name no call.
func TestReportsAfterMigration(t *testing.T) {
	all := migrations
	migrations = all[:5]
	defer func() { migrations = all }()
	s, c, folder := open(t)
	a, b := account(t, s, "alice"), account(t, s, "mallory")
	check(t, s.writer.do(t.Context(), func(x *tx) error {
		if _, err := x.exec("INSERT INTO contacts (owner, other, accepted, since) VALUES (?, ?, 0, ?)", a.ID[:], b.ID[:], ns(start)); err != nil {
			return err
		}
		_, err := x.exec("INSERT INTO notices (owner, kind, account, name, media, since, at, count) VALUES (?, 'missed', ?, 'mallory', 'sound', ?3, ?3, 1)", a.ID[:], b.ID[:], ns(start))
		return err
	}))
	check(t, s.Close())
	migrations = all
	s, err := Open(folder, c.now)
	check(t, err)
	t.Cleanup(func() { check(t, s.Close()) })
	notices, err := s.Notices(t.Context(), a.ID, start)
	check(t, err)
	same(t, "the notice", len(notices) == 1 && notices[0].Call.IsZero() && !notices[0].Reported, true)
	is(t, s.ReportCall(t.Context(), a.ID, notices[0].Call), ErrNotFound)
	knock, err := s.ReportKnock(t.Context(), a.ID, b.ID)
	check(t, err)
	same(t, "the knock has no id", knock.IsZero(), false)
	same(t, "reports", len(reported(t, s)), 1)
}
