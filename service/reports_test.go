package service

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
)

// heard is who watches: it keeps what it was told.
type heard struct {
	mu       sync.Mutex
	records  []store.Record
	reported []wire.ID
	hold     bool
}

func (h *heard) Held(store.Record) (string, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return "C-1", h.hold
}
func (h *heard) Saw(r store.Record) { h.mu.Lock(); h.records = append(h.records, r); h.mu.Unlock() }
func (h *heard) Reported(_ string, reporter, attempt wire.ID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reported = append(h.reported, reporter, attempt)
}

func (p *phone) report(what string, id wire.ID) int {
	p.w.t.Helper()
	status, _ := p.w.do("POST", "/v1/reports", p.token, map[string]any{what: id})
	return status
}

func (w *world) reports() []guard.Report {
	w.t.Helper()
	all, err := w.s.Store().Reports(w.t.Context(), guard.Page{Limit: 100})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// What came at a person, that person may report, once, in each way in which a
// call ends; the hunt is told under the names that the records have.
func TestReports(t *testing.T) {
	watch := &heard{}
	w := newWatchedWorld(t, watch)
	a, b := w.register("alice"), w.register("mallory")
	w.befriend(b, a)
	a.connect()
	b.connect()
	var calls []wire.ID
	for _, with := range []byte{call.TypeDecline, call.TypeCancel, call.TypeHangUp} {
		b.write(b.offer(a.account, wire.Sound))
		ring := a.await(call.TypeRing)
		id := wire.ID(ring[2:18])
		calls = append(calls, id)
		who := a
		switch with {
		case call.TypeCancel:
			who = b
		case call.TypeHangUp:
			a.write(a.accept(id))
			a.await(call.TypeGranted)
		}
		who.write(call.Message{Type: with, Call: id}.AppendTo(nil))
		a.await(call.TypeEnded)
		a.await(call.TypeNotice)
	}
	stranger := w.register("stranger").connect()
	stranger.write(stranger.offer(a.account, wire.Video))
	a.await(call.TypeNotice)

	_, out := w.do("GET", "/v1/notices", a.token, nil)
	var kinds []string
	for _, n := range out["notices"].([]any) {
		n := n.(map[string]any)
		kinds = append(kinds, n["kind"].(string))
		id, err := wire.ParseID(n["call"].(string))
		if err != nil || id.IsZero() || n["reported"] != false {
			t.Errorf("the notice %v has no call, or is reported", n)
		}
		if n["kind"] == "held_back" {
			calls = append(calls, id)
		}
	}
	if want := []string{"declined", "missed", "answered", "held_back"}; !slices.Equal(kinds, want) {
		t.Fatalf("notices %v, want %v", kinds, want)
	}
	for _, id := range calls {
		for _, other := range []*phone{b, stranger} {
			if status := other.report("call", id); status != 404 {
				t.Errorf("%s reports a call that was not at them: %d", other.name, status)
			}
		}
		for range 2 {
			if status := a.report("call", id); status != 204 {
				t.Errorf("report: %d", status)
			}
		}
	}
	all := w.reports()
	if len(all) != 4 || all[0].Account != b.account || all[3].Account != stranger.account || all[0].Reporter != a.account {
		t.Errorf("kept: %+v", all)
	}
	watch.mu.Lock()
	defer watch.mu.Unlock()
	for i, r := range watch.records[1:] { // the first was the knock of befriend
		if r.Call != calls[i] || watch.reported[4*i] != a.account || watch.reported[4*i+1] != r.Call {
			t.Errorf("the hunt heard %v of the record %+v", watch.reported, r)
		}
	}
}

func TestReportsOfKnocks(t *testing.T) {
	watch := &heard{}
	w := newWatchedWorld(t, watch)
	a, b := w.register("alice"), w.register("mallory")
	a.connect()
	if status := a.report("knock", b.account); status != 404 {
		t.Errorf("a knock that there was not is reported: %d", status)
	}
	w.do("POST", "/v1/knock", b.token, map[string]string{"name": "alice"})
	a.await(call.TypeNotice)
	if status := a.report("knock", b.account); status != 204 {
		t.Errorf("report: %d", status)
	}
	_, out := w.do("GET", "/v1/contacts", a.token, nil)
	if c := out["contacts"].([]any)[0].(map[string]any); c["reported"] != true {
		t.Errorf("the contacts say %v", c)
	}
	if all := w.reports(); len(all) != 1 || !all[0].Call.IsZero() || all[0].Account != b.account {
		t.Errorf("kept: %+v", all)
	}
	watch.mu.Lock()
	defer watch.mu.Unlock()
	if len(watch.reported) != 2 || watch.reported[1] != watch.records[0].Call {
		t.Errorf("the hunt heard %v of %+v", watch.reported, watch.records)
	}
}

// A report names one thing, by somebody who is signed in, and tries are few.
func TestReportsAreStrict(t *testing.T) {
	w := newWorld(t)
	a := w.register("alice")
	id := wire.ID{1}
	for _, body := range []any{
		map[string]any{}, map[string]any{"call": id, "knock": id}, map[string]any{"call": "", "knock": ""}, map[string]any{"call": "x"},
		map[string]any{"call": id, "text": "and what was said"}, []any{}, []byte(`{"call":`),
	} {
		if status, _ := w.do("POST", "/v1/reports", a.token, body); status != 422 {
			t.Errorf("the body %v: %d", body, status)
		}
	}
	if status, _ := w.do("POST", "/v1/reports", "", map[string]any{"call": id}); status != 401 {
		t.Errorf("nobody reports: %d", status)
	}
	w.limits(func(l *guard.Limits) { l.ReportsPerDay = 3 })
	for i := range 5 {
		want := 404
		if i >= 3 {
			want = 429
		}
		if status := a.report("call", wire.ID{byte(i), 1}); status != want {
			t.Errorf("try %d: %d, want %d", i, status, want)
		}
	}
	if len(w.reports()) != 0 {
		t.Error("something was kept")
	}
}

// Whose call is held back because it is a campaign's is told so: of a contact it
// would be wrong to say that nobody knows them. It can be reported as any other.
func TestHeldBackOfACampaign(t *testing.T) {
	watch := &heard{}
	w := newWatchedWorld(t, watch)
	a, b := w.register("alice"), w.register("mallory")
	w.befriend(b, a)
	a.connect()
	b.connect()
	watch.mu.Lock()
	watch.hold = true
	watch.mu.Unlock()
	for range 2 {
		b.write(b.offer(a.account, wire.Sound))
		a.await(call.TypeNotice)
	}
	stranger := w.register("stranger").connect()
	stranger.write(stranger.offer(a.account, wire.Sound))
	a.await(call.TypeNotice)
	all, err := w.s.Store().Notices(t.Context(), a.account, time.Time{})
	if err != nil || len(all) != 2 || all[0].Kind != "campaign" || all[0].Count != 2 || all[1].Kind != "held_back" {
		t.Fatalf("notices %+v, %v", all, err)
	}
	if status := a.report("call", all[0].Call); status != 204 {
		t.Errorf("report: %d", status)
	}
}
