package store

import (
	"encoding/json"
	"errors"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
)

// However many ask at once, each gets a key of its own, and none comes back.
func TestOneTimeKeysAreHandedOutOnce(t *testing.T) {
	s, _, _ := open(t)
	ctx := t.Context()
	a := account(t, s, "alice")
	var keys [][32]byte
	for i := range 100 {
		keys = append(keys, [32]byte{byte(i), 1})
	}
	n, err := s.AddOneTimeKeys(ctx, a.Device, append(keys, keys...), 90)
	check(t, err)
	same(t, "keys", n, 90)
	var mu sync.Mutex
	seen := map[[32]byte]bool{}
	none := 0
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			key, ok, err := s.TakeOneTimeKey(ctx, a.Device)
			mu.Lock()
			defer mu.Unlock()
			if err != nil || seen[key] {
				t.Errorf("key %x again, or %v", key[:2], err)
			}
			if !ok {
				none++
				return
			}
			seen[key] = true
		})
	}
	wg.Wait()
	same(t, "handed out", len(seen), 90)
	same(t, "went without", none, 10)
	n, err = s.AddOneTimeKeys(ctx, a.Device, keys, 100)
	check(t, err)
	same(t, "only those never given before", n, 10)
	n, err = s.CountOneTimeKeys(ctx, a.Device)
	check(t, err)
	same(t, "counted", n, 10)
}

func TestSignedKeys(t *testing.T) {
	s, _, _ := open(t)
	ctx := t.Context()
	a := account(t, s, "alice")
	want := Keys{EnvelopeKey{4_000_000_000, []byte{1, 2, 3}, [64]byte{4}}, FallbackKey{[32]byte{5}, [64]byte{6}}}
	check(t, s.SetEnvelopeKey(ctx, a.Device, EnvelopeKey{Key: []byte{9}}))
	check(t, s.SetEnvelopeKey(ctx, a.Device, want.Envelope))
	_, err := s.Keys(ctx, a.Device)
	is(t, err, ErrNotFound)
	check(t, s.SetFallbackKey(ctx, a.Device, want.Fallback))
	got, err := s.Keys(ctx, a.Device)
	check(t, err)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestCalls(t *testing.T) {
	s, _, _ := open(t)
	ctx := t.Context()
	a, b, c := wire.ID{1}, wire.ID{2}, wire.ID{3}
	call := Call{ID: wire.ID{9}, Caller: a, Callee: b, CallerDevice: wire.ID{4}, CalleeDevice: wire.ID{5}, Media: wire.Video, State: guard.Ringing,
		Offered: start, Expires: start.Add(time.Minute), CallerBuild: 7, Range: true}
	check(t, s.AddCall(ctx, call))
	is(t, s.AddCall(ctx, Call{ID: wire.ID{8}, Caller: c, Callee: a, State: guard.Ringing}), ErrBusy)
	is(t, s.AddCall(ctx, Call{ID: wire.ID{8}, Caller: b, Callee: c, State: guard.Ringing}), ErrBusy)
	got, err := s.LiveCall(ctx, b)
	check(t, err)
	same(t, "live call", got, call)
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if ok, err := s.MoveCall(ctx, call.ID, guard.Ringing, guard.Answered, start.Add(time.Second)); err != nil {
				t.Error(err)
			} else if ok {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	same(t, "moved", won.Load(), 1)
	ok, err := s.MoveCall(ctx, call.ID, guard.Answered, guard.Ended, start.Add(time.Minute))
	check(t, err)
	same(t, "ended", ok, true)
	got, err = s.Call(ctx, call.ID)
	check(t, err)
	same(t, "answered", got.Answered, start.Add(time.Second))
	_, err = s.LiveCall(ctx, b)
	is(t, err, ErrNotFound)
	live, err := s.LiveCalls(ctx)
	check(t, err)
	same(t, "live", len(live), 0)
	check(t, s.AddCall(ctx, Call{ID: wire.ID{8}, Caller: b, Callee: c, State: guard.Ringing}))
	check(t, s.writer.do(ctx, func(x *tx) error { _, err := x.exec("DELETE FROM calls"); return err }))
	// Of many that two make to each other at once, one comes about.
	won.Store(0)
	for i := range 20 {
		wg.Go(func() {
			err := s.AddCall(ctx, Call{ID: wire.ID{byte(i), 1}, Caller: []wire.ID{a, b}[i%2], Callee: []wire.ID{b, a}[i%2], State: guard.Ringing})
			if err == nil {
				won.Add(1)
			} else if !errors.Is(err, ErrBusy) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	same(t, "calls", won.Load(), 1)
}

func TestRecords(t *testing.T) {
	s, _, _ := open(t)
	ctx := t.Context()
	text, yes, days := "AS64500", true, int32(3)
	want := []Record{
		{Time: start, Call: wire.ID{1}, Caller: wire.ID{2}, Callee: wire.ID{3}, Outcome: "missed", RingMS: 5, TalkMS: 6, Rules: []string{}},
		{Time: start.Add(1), Call: wire.ID{4}, CallerPrint: &text, CallerVersion: &text, CallerNetwork: &text, CallerCountry: &text, CalleeCountry: &text,
			Outcome: "blocked", Contact: &yes, CallerAgeDays: &days, Rules: []string{"R15", "knock"}},
	}
	for _, r := range want {
		check(t, s.AddRecord(ctx, r))
	}
	var got []Record
	check(t, s.Records(ctx, func(r Record) error { got = append(got, r); return nil }))
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	stop := errors.New("stop")
	is(t, s.Records(ctx, func(Record) error { return stop }), stop)
	n, err := s.ExpireRecords(ctx, start.Add(1))
	check(t, err)
	same(t, "expired", n, 1)
}

func TestNotices(t *testing.T) {
	s, _, _ := open(t)
	ctx := t.Context()
	a := account(t, s, "alice")
	add := func(kind string, after time.Duration, media string) Notice {
		t.Helper()
		n, err := s.AddNotice(ctx, a.ID, Notice{Kind: kind, Account: wire.ID{1}, Name: "bob", Media: media, At: start.Add(after)})
		check(t, err)
		return n
	}
	add("missed", 0, "video")
	if n := add("missed", 50*time.Minute, "video"); n.Count != 2 || !n.At.Equal(start.Add(50*time.Minute)) {
		t.Errorf("merged into %+v", n)
	}
	same(t, "more than an hour after the first", add("missed", 61*time.Minute, "video").Count, 1)
	same(t, "other media", add("missed", time.Minute, "sound").Count, 1)
	same(t, "other kind", add("held_back", time.Minute, "video").Count, 1)
	add("knock", 0, "")
	same(t, "knocks", add("knock", 0, "").Count, 1)
	all, err := s.Notices(ctx, a.ID, start.Add(time.Minute))
	check(t, err)
	same(t, "since", len(all), 4)
	for i := range maxNotices {
		add("knock", time.Duration(i+2)*time.Hour, "")
	}
	all, err = s.Notices(ctx, a.ID, time.Time{})
	check(t, err)
	same(t, "at most", len(all), maxNotices)
	same(t, "the oldest went", all[0].At, start.Add(2*time.Hour))
	_, err = s.AddNotice(ctx, wire.ID{9}, Notice{Kind: "missed", At: start})
	is(t, err, ErrNotFound)
	b, err := json.Marshal(Notice{"missed", wire.ID{1}, "bob", "video", start, 2, wire.ID{3}, true})
	check(t, err)
	same(t, "JSON", string(b), `{"kind":"missed","account":"01000000000000000000000000000000","name":"bob","media":"video","at":1795370400000,"count":2,"call":"03000000000000000000000000000000","reported":true}`)
}

func TestBlocks(t *testing.T) {
	s, c, _ := open(t)
	ctx := t.Context()
	r := registration("alice")
	a, _, err := s.Register(ctx, r)
	check(t, err)
	is(t, s.Lift(ctx, a.ID, "mara", ""), ErrNotFound)
	is(t, s.Block(ctx, wire.ID{1}, "mara", ""), ErrNotFound)
	check(t, s.Block(ctx, a.ID, "mara", "first"))
	check(t, s.Block(ctx, a.ID, "noor", "second"))
	_, _, err = s.Session(ctx, r.Session)
	is(t, err, ErrNotFound)
	is(t, s.AddSession(ctx, [32]byte{1}, a.ID, a.Device, start.Add(time.Hour)), ErrNotFound)
	p, err := s.Find(ctx, "alice")
	check(t, err)
	same(t, "blocked", p, guard.Person{Account: a.ID, Name: "alice", Created: start, Blocked: true})
	c.pass(time.Minute)
	check(t, s.Lift(ctx, a.ID, "noor", "a mistake"))
	check(t, s.Block(ctx, a.ID, "noor", "again"))
	list, err := s.Blocks(ctx, guard.BlockFilter{}, guard.Newest(10))
	check(t, err)
	same(t, "blocks", len(list), 2)
	same(t, "the first", list[1], guard.Block{Number: 1, Account: a.ID, Name: "alice", Since: start, By: "mara", Reason: "first",
		Lifted: start.Add(time.Minute), LiftedBy: "noor", LiftReason: "a mistake"})
	list, err = s.Blocks(ctx, guard.BlockFilter{Account: a.ID, InForce: true}, guard.Newer(0, 10))
	check(t, err)
	same(t, "in force", len(list) == 1 && list[0].Number == 2, true)
}

func TestDoors(t *testing.T) {
	s, c, _ := open(t)
	ctx := t.Context()
	token, err := s.NewSignIn(ctx, "mara")
	check(t, err)
	late, err := s.NewSignIn(ctx, "mara")
	check(t, err)
	session, err := s.Redeem(ctx, token)
	check(t, err)
	_, err = s.Redeem(ctx, token)
	is(t, err, guard.ErrLinkUsed)
	_, err = s.Redeem(ctx, session)
	is(t, err, ErrNotFound)
	c.pass(10 * time.Minute)
	_, err = s.Redeem(ctx, late)
	is(t, err, guard.ErrLinkExpired)
	who, err := s.Analyst(ctx, session)
	check(t, err)
	same(t, "analyst", who, guard.Analyst{Name: "mara", Since: start, Expires: start.Add(12 * time.Hour)})
	same(t, "lengths", len(token) == 43 && len(session) == 43, true)
	check(t, s.End(ctx, session))
	_, err = s.Analyst(ctx, session)
	is(t, err, ErrNotFound)
}

func TestSerial(t *testing.T) {
	s, _, _ := open(t)
	for i, step := range []struct {
		digest byte
		want   uint64
	}{{1, 1}, {1, 1}, {2, 2}, {1, 3}, {1, 3}} {
		got, err := s.Serial(t.Context(), [32]byte{step.digest})
		check(t, err)
		if got != step.want {
			t.Errorf("step %d: serial %d, want %d", i, got, step.want)
		}
	}
}
