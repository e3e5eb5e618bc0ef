package telling

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/fact"
	"github.com/ringfence/ringfence/casefile/notice"
	wire "github.com/ringfence/ringfence/wire/notice"
)

// office is a case with targets, and persons who work on it.
type office struct {
	*testing.T
	c     *casefile.Case
	hands map[string]*casefile.Hand
	now   time.Time
}

func newOffice(t *testing.T, targets int) *office {
	t.Helper()
	o := &office{T: t, hands: map[string]*casefile.Hand{}, now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	room, err := casefile.Open(filepath.Join(t.TempDir(), "cases"), "ringfence test", func() time.Time { return o.now })
	o.must(err)
	t.Cleanup(func() { _ = room.Close() })
	for name, role := range map[string]casefile.Role{"lena": casefile.Lead, "cass": casefile.Counsel, "omar": casefile.Reviewer, "nora": casefile.Reviewer} {
		secret, public, err := casefile.NewKey(name)
		o.must(err)
		languages := []string(nil)
		if role == casefile.Reviewer {
			languages = notice.Languages()
		}
		_, err = room.Enroll(context.Background(), public, role, languages...)
		o.must(err)
		o.hands[name], err = casefile.ReadHand([]byte(secret))
		o.must(err)
	}
	o.c, err = room.New(context.Background(), "The calls of May", o.hands["lena"])
	o.must(err)
	t.Cleanup(func() { _ = o.c.Close() })
	campaign, err := casefile.NewRecord(fact.Campaign{From: o.now.AddDate(0, 0, -10), Until: o.now.AddDate(0, 0, -2), Summary: "calls", Strength: "strong", Calls: 9, HeldBack: 9, Targets: targets})
	o.must(err)
	records := []casefile.Record{campaign}
	for i := range targets {
		b, err := json.Marshal(fact.Identity{Account: fmt.Sprintf("account-%d", i)})
		o.must(err)
		sealed, err := o.c.Seal(b)
		o.must(err)
		r, err := casefile.NewRecord(fact.Person{Class: "not known", Country: "DE", Sealed: sealed})
		o.must(err)
		records = append(records, r)
	}
	_, err = o.c.Put(context.Background(), o.hands["lena"], records...)
	o.must(err)
	return o
}

func (o *office) must(err error) {
	o.Helper()
	if err != nil {
		o.Fatal(err)
	}
}

func (o *office) as(name string) *Desk {
	return &Desk{Case: o.c, Hand: o.hands[name], Now: func() time.Time { return o.now },
		Config: Config{Issuer: "chat.example", Page: "chat.example/notices", LeadHours: 24, Helplines: []notice.Helpline{{Name: "Example Helpline", Region: "world", Daily: 100}}}}
}

// mailbox keeps what was brought, and reads it as a device does.
type mailbox struct {
	known []note.Verifier
	got   map[string]wire.Notice
	fail  map[string]bool
}

func (m *mailbox) Deliver(_ context.Context, account string, n wire.Notice) error {
	if m.fail[account] {
		return errors.New("the disk is full")
	}
	if _, err := n.Verify(m.known); err != nil {
		return err
	}
	m.got[account] = n
	return nil
}

func (o *office) mailbox() *mailbox {
	o.Helper()
	m := &mailbox{got: map[string]wire.Notice{}, fail: map[string]bool{}}
	persons, err := o.c.Room().Persons(context.Background())
	o.must(err)
	for _, p := range persons {
		v, err := note.NewVerifier(p.Key)
		o.must(err)
		m.known = append(m.known, v)
	}
	return m
}

// A notice is drafted, reviewed in each language, approved by two, the helpline is
// told a day before, and then it goes to everybody, once.
func TestTelling(t *testing.T) {
	o, ctx := newOffice(t, 60), context.Background()
	p, err := o.as("lena").Draft(ctx, notice.Blocked)
	o.must(err)
	send := func() (Sent, error) {
		return o.as("lena").Send(ctx, p.ID, notice.DefaultPace(o.now.Add(-48*time.Hour)), o.mailbox())
	}
	if _, err := send(); !errors.Is(err, notice.ErrRefused) {
		t.Errorf("a draft is sent: %v", err)
	}
	if _, err := o.as("lena").Carry(ctx, p.ID, "T-0003", "ar"); err == nil {
		t.Error("a partner hands over what nobody has approved")
	}
	if _, err := o.as("lena").Review(ctx, p.ID, "ar"); !errors.Is(err, notice.ErrRefused) {
		t.Errorf("somebody who is not fluent reviews: %v", err)
	}
	for _, tag := range notice.Languages() {
		_, err := o.as("omar").Review(ctx, p.ID, tag)
		o.must(err)
	}
	_, err = o.as("lena").Approve(ctx, p.ID)
	o.must(err)
	if _, err := send(); !errors.Is(err, notice.ErrRefused) {
		t.Errorf("with one approval it is sent: %v", err)
	}
	_, err = o.as("cass").Approve(ctx, p.ID)
	o.must(err)
	if _, err := send(); !errors.Is(err, notice.ErrRefused) {
		t.Errorf("before the helpline was told it is sent: %v", err)
	}
	_, err = o.as("lena").Tell(ctx, p.ID, "Example Helpline", "2026-11-24")
	o.must(err)
	o.now = o.now.Add(25 * time.Hour)
	box := o.mailbox()
	box.fail["account-7"] = true
	pace := notice.DefaultPace(o.now.Add(-100 * time.Hour))
	sent, err := o.as("lena").Send(ctx, p.ID, pace, box)
	o.must(err)
	if sent.Now+sent.Undelivered+sent.Waiting != 60 || sent.Undelivered > 1 {
		t.Errorf("%+v", sent)
	}
	box.fail = nil
	for range 30 {
		if sent, err = o.as("lena").Send(ctx, p.ID, pace, box); sent.Waiting == 0 && sent.Undelivered == 0 {
			break
		}
		o.must(err)
		o.now = o.now.Add(3 * time.Hour)
	}
	if len(box.got) != 60 {
		t.Errorf("%d of 60 have it", len(box.got))
	}
	codes := map[string]bool{}
	for _, n := range box.got {
		codes[n.Code] = true
	}
	if len(codes) != 60 {
		t.Errorf("%d codes for 60 persons", len(codes))
	}
	persons, err := o.c.Records(ctx, fact.KindPerson)
	o.must(err)
	for _, r := range persons {
		if !strings.Contains(string(r.Body), `"notified"`) {
			t.Errorf("%s is not recorded as told", r.ID)
		}
	}
	list, err := o.as("lena").Roster(ctx, p.ID)
	o.must(err)
	text, err := o.as("lena").Carry(ctx, p.ID, "T-0003", "ar")
	o.must(err)
	if i := 2; list.Targets[i].Pseudonym != "T-0003" || !strings.Contains(text, list.Targets[i].Code) {
		t.Errorf("what a partner hands over has not the person's code: %s", text)
	}
	// Whoever reads the ledger learns no account.
	checks, err := o.c.Verify(ctx, func(int64) {})
	o.must(err)
	for _, one := range checks {
		if len(one.Faults) > 0 {
			t.Errorf("%s: %v", one.Name, one.Faults)
		}
	}
	entries, err := o.c.Log(ctx, 0, 0)
	o.must(err)
	for _, e := range entries {
		line, err := e.Line()
		o.must(err)
		if bytes.Contains(line, []byte("account-")) {
			t.Errorf("entry %d has an account: %s", e.N, line)
		}
	}
}

func TestRosterIsForLeads(t *testing.T) {
	o, ctx := newOffice(t, 3), context.Background()
	p, err := o.as("lena").Draft(ctx, notice.Possible)
	o.must(err)
	if _, err := o.as("omar").Roster(ctx, p.ID); err == nil {
		t.Error("a reviewer reads who is told")
	}
	list, err := o.as("cass").Roster(ctx, p.ID)
	o.must(err)
	if len(list.Targets) != 3 {
		t.Errorf("%+v", list)
	}
	o.must(o.as("lena").List(ctx, p.ID))
	again, err := o.as("lena").Roster(ctx, p.ID)
	o.must(err)
	if again.Seed != list.Seed || again.Targets[0].Code != list.Targets[0].Code {
		t.Error("bringing the list up to date gave people other codes")
	}
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte(`{"issuer":"chat.example","page":"chat.example/notices","lead_hours":24,"risk":["AE"]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := ReadConfig(b); err == nil && c.LeadHours < 0 {
			t.Error("time goes backwards")
		}
	})
}
