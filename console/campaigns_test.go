package console

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/hunt"
	"github.com/ringfence/ringfence/wire"
)

// memoryHunt is the hunt of a memory.
type memoryHunt struct{ *memory }

func (m memoryHunt) Campaigns(context.Context) ([]Campaign, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.hunt), nil
}

func (m memoryHunt) Campaign(_ context.Context, id string) (Campaign, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.hunt {
		if c.ID == id {
			return c, nil
		}
	}
	return Campaign{}, guard.ErrNotFound
}

func (m memoryHunt) Hold(_ context.Context, id string, on bool, by, reason string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.hunt {
		if c := &m.hunt[i]; c.ID == id {
			c.Holding, c.History = on, append(c.History, Decision{At: m.now(), By: by, Reason: reason, Hold: on})
			m.changed()
			return nil
		}
	}
	return guard.ErrNotFound
}

// Reports returns the newest reports first.
func (m *memory) Reports(_ context.Context, p guard.Page) ([]guard.Report, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := slices.Clone(m.reports)
	slices.Reverse(all)
	return all[:min(len(all), p.Limit)], nil
}

// hunts puts a campaign into a memory, of so many targets.
func (m *memory) hunts(id string, s hunt.Strength, targets int) {
	c := Campaign{Live: true, Holding: s == hunt.Strong, HeldBack: 4, Campaign: hunt.Campaign{
		ID: id, Strength: s, From: m.now().Add(-time.Hour), To: m.now(), Accounts: []string{"acc1", "acc2", "acc3"},
		Why: []string{"3 accounts tried people who did not know them"}, Against: []string{"a call centre looks like this"},
		Prints: []string{"c1-fork"}, Networks: []string{"AS64500"}, Countries: map[string]int{"MX": targets}, Outcomes: map[string]int{"missed": targets},
		Features: []hunt.Feature{{Name: "client print", Value: "c1-fork", ShareInCampaign: 1, ShareInAll: .001, Words: "all in the campaign, few in all"}},
	}}
	for i := range targets {
		at := m.now().Add(time.Duration(i-targets) * time.Minute)
		c.Targets = append(c.Targets, hunt.Target{ID: fmt.Sprintf("target%02d", i), Attempts: 2, First: at, Last: at, Country: "MX"})
		c.Attempts = append(c.Attempts, hunt.Attempt{Time: at, Account: "acc1", Target: fmt.Sprintf("target%02d", i), Outcome: "missed", RingMS: 2000})
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hunt = slices.DeleteFunc(m.hunt, func(o Campaign) bool { return o.ID == id })
	m.hunt = append(m.hunt, c)
	m.changed()
}

func TestCampaignsAreShown(t *testing.T) {
	w := signedInWindow(t)
	w.people2()
	if code, body := w.get("/campaigns"); code != 200 || !strings.Contains(body, "No campaign stands out") || !strings.Contains(body, "Nobody has reported") {
		t.Errorf("without a campaign: %d", code)
	}
	w.hunts("C-2026-0001", hunt.Strong, 30)
	w.memory.reports = append(w.memory.reports, guard.Report{Number: 1, At: w.now(), Reporter: person(2), Account: person(1), Call: wire.ID{7}})
	code, body := w.get("/campaigns")
	for _, want := range []string{"C-2026-0001", "strong", ">30<", "held back", "mallory", "reported by", "/campaigns/C-2026-0001"} {
		if code != 200 || !strings.Contains(body, want) {
			t.Errorf("the list: %d, without %q", code, want)
		}
	}
	code, body = w.get("/campaigns/C-2026-0001")
	for _, want := range []string{"target29", "target00", "acc1", "c1-fork", "a call centre looks like this", "Release this campaign"} {
		if code != 200 || !strings.Contains(body, want) {
			t.Errorf("the campaign: %d, without %q", code, want)
		}
	}
	if code, _ := w.get("/campaigns/C-2026-0099"); code != 404 {
		t.Errorf("a campaign that there is not: %d", code)
	}
}

// A decision needs a reason, and is kept with who made it.
func TestCampaignIsReleasedAndHeld(t *testing.T) {
	w := signedInWindow(t)
	w.hunts("C-2026-0001", hunt.Strong, 12)
	for _, reason := range []string{"", "  ", strings.Repeat("x", maxReason+1)} {
		if code, _ := w.post("/campaigns/C-2026-0001/release", "reason", reason); code != 422 {
			t.Errorf("reason %.10q: %d", reason, code)
		}
	}
	if code, _ := w.post("/campaigns/C-2026-0099/release", "reason", "x"); code != 404 {
		t.Errorf("a campaign that there is not: %d", code)
	}
	for _, act := range []string{"release", "hold"} {
		if code, _ := w.post("/campaigns/C-2026-0001/"+act, "reason", "it is <b>our</b> own test"); code != 303 {
			t.Errorf("%s: %d", act, code)
		}
	}
	c, err := memoryHunt{w.memory}.Campaign(t.Context(), "C-2026-0001")
	if err != nil || !c.Holding || len(c.History) != 2 || c.History[0].Hold || c.History[1].By != "mara" {
		t.Errorf("%v %+v", err, c.History)
	}
	if _, body := w.get("/campaigns/C-2026-0001"); strings.Contains(body, "<b>our") || !strings.Contains(body, "own test") {
		t.Error("the reason is not shown as it was written")
	}
}

// A page that is open sees a campaign grow, and that it was released.
func TestCampaignsAreLive(t *testing.T) {
	w := signedInWindow(t)
	w.hunts("C-2026-0001", hunt.Moderate, 9)
	list, _ := w.listen("/campaigns/live", "")
	one, _ := w.listen("/campaigns/C-2026-0001/live", "")
	type state struct {
		Rows   []campaignRow `json:"rows"`
		Newest []targetRow   `json:"newest"`
	}
	read := func(events <-chan sse) (s state) {
		e := next(t, events)
		if err := json.Unmarshal([]byte(e.data), &s); err != nil || e.name != "campaigns" {
			t.Fatalf("%v: %+v", err, e)
		}
		return s
	}
	if s := read(list); len(s.Rows) != 1 || s.Rows[0].Targets != 9 || s.Newest != nil {
		t.Errorf("the list begins with %+v", s)
	}
	if s := read(one); len(s.Rows) != 1 || len(s.Newest) != 9 || s.Newest[0].ID != "target08" {
		t.Errorf("the campaign begins with %+v", s)
	}
	w.hunts("C-2026-0001", hunt.Strong, 31)
	if s := read(list); s.Rows[0].Targets != 31 || s.Rows[0].Strength != "strong" || !s.Rows[0].Holding {
		t.Errorf("after it has grown the list has %+v", s)
	}
	if s := read(one); s.Rows[0].Targets != 31 || len(s.Newest) != newestRows {
		t.Errorf("after it has grown the campaign has %+v", s.Rows)
	}
}
