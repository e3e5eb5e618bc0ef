package store

import (
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
)

func verdict(at time.Time, data string) guard.Verdict {
	sum := sha256.Sum256([]byte(data))
	return guard.Verdict{At: at, Action: guard.Refuse, Severity: guard.High, Rules: []string{"R5", "R3"}, Kind: guard.Message, Account: wire.ID{1},
		Target: wire.ID{2}, Call: wire.ID{3}, Address: "203.0.113.9:4711", Build: 7, Clause: "a clause", Reason: "a reason", Offset: 3, Length: 4,
		Bytes: []byte(data), Size: len(data), SHA256: hex.EncodeToString(sum[:]), Count: 1}
}

func TestVerdictIsKept(t *testing.T) {
	s, _, _ := open(t)
	v := verdict(start, "what arrived")
	check(t, s.AddVerdicts(t.Context(), []guard.Verdict{v}))
	v.Number = 1
	got, err := s.Verdict(t.Context(), 1)
	check(t, err)
	if !reflect.DeepEqual(got, v) {
		t.Errorf("kept %+v\nof   %+v", got, v)
	}
	_, err = s.Verdict(t.Context(), 2)
	is(t, err, ErrNotFound)
}

func TestAlikeVerdictsAreOneLine(t *testing.T) {
	s, _, _ := open(t)
	ctx := t.Context()
	other := func(change func(*guard.Verdict)) guard.Verdict {
		v := verdict(start.Add(time.Second), "another")
		change(&v)
		return v
	}
	check(t, s.AddVerdicts(ctx, []guard.Verdict{
		verdict(start, "first"),
		other(func(v *guard.Verdict) { v.Address, v.Count = "203.0.113.9:9", 5 }),
		other(func(v *guard.Verdict) { v.At = start.Add(59 * time.Second); v.Rules = []string{"R5"} }),
		other(func(v *guard.Verdict) { v.At = start.Add(60 * time.Second) }), // a minute on: the second line
		other(func(v *guard.Verdict) { v.Address = "203.0.113.10:4711" }),
		other(func(v *guard.Verdict) { v.Account = wire.ID{9} }),
		other(func(v *guard.Verdict) { v.Call = wire.ID{9} }),
		other(func(v *guard.Verdict) { v.Kind = guard.Knock }),
		other(func(v *guard.Verdict) { v.Rules = []string{"R3", "R5"} }),
		other(func(v *guard.Verdict) { v.Range = true }),
	}))
	check(t, s.AddVerdicts(ctx, []guard.Verdict{verdict(start.Add(2*time.Second), "late")}))
	all, err := s.Verdicts(ctx, guard.Filter{}, guard.Newer(0, 100))
	check(t, err)
	var counts []int
	for _, v := range all {
		counts = append(counts, v.Count)
	}
	// The late one lies within a minute of the first and of the second line.
	if len(counts) != 8 || counts[0]+counts[1] != 9 || slices.Max(counts[2:]) != 1 {
		t.Errorf("counts %v", counts)
	}
	v, err := s.Verdict(ctx, 1)
	check(t, err)
	same(t, "bytes", string(v.Bytes), "first")
}

// The filter in SQL and guard.Filter.Match let the same verdicts through, page
// by page, and tally the same.
func TestFilterIsMatch(t *testing.T) {
	s, _, _ := open(t)
	ctx := t.Context()
	r := rand.New(rand.NewPCG(1, 2))
	id := func() wire.ID { return wire.ID{byte(r.IntN(4))} }
	rules := []string{"R1", "R11", "R2", "R22", ""}
	kinds := []guard.Kind{guard.Message, guard.Offer, guard.Packet, ""}
	actions := []guard.Action{guard.Allow, guard.Drop, guard.Refuse, ""}
	moment := func() time.Time { return start.Add(time.Duration(r.IntN(20))*time.Hour + time.Duration(r.IntN(2))) }
	var all []guard.Verdict
	for i := range 400 {
		v := verdict(moment(), "x")
		v.Severity = gravities[r.IntN(5)]
		v.Rules = append([]string{}, rules[r.IntN(4)], rules[r.IntN(4)])[:1+r.IntN(2)]
		v.Account, v.Target, v.Call, v.Kind, v.Action, v.Range = id(), id(), id(), kinds[r.IntN(3)], actions[r.IntN(3)], r.IntN(2) == 0
		v.Address = strings.Repeat("a", i) // none alike
		v.Count, v.Number = 1+r.IntN(3), int64(i+1)
		all = append(all, v)
	}
	check(t, s.AddVerdicts(ctx, all))
	some := 0
	for range 600 {
		f := guard.Filter{Account: id(), Call: id()}
		if r.IntN(2) == 0 {
			f.Rule, f.Kind = rules[r.IntN(5)], kinds[r.IntN(4)]
		}
		if r.IntN(2) == 0 {
			f.Action, f.Severity = actions[r.IntN(4)], append(gravities, "")[r.IntN(6)]
		}
		f.Origin = []guard.Origin{guard.FromAnyone, guard.FromRange, guard.FromPeople}[r.IntN(3)]
		if r.IntN(2) == 0 {
			f.From, f.Until = moment(), moment()
		}
		if r.IntN(4) == 0 {
			f.Until = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
		}
		var want []int64
		events := 0
		for _, v := range all {
			if f.Match(v) {
				want = append(want, v.Number)
				events += v.Count
			}
		}
		some += len(want)
		var got []int64
		for after := int64(0); ; {
			page, err := s.Verdicts(ctx, f, guard.Newer(after, 7))
			check(t, err)
			if len(page) == 0 {
				break
			}
			for _, v := range page {
				got = append(got, v.Number)
			}
			after = got[len(got)-1]
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%+v: SQL gives %v, Match %v", f, got, want)
		}
		tally, err := s.Tally(ctx, f)
		check(t, err)
		for _, line := range tally {
			events -= line.Events
		}
		same(t, "events that the tally misses", events, 0)
	}
	if some < 1000 {
		t.Fatalf("the filters let only %d through: they show nothing", some)
	}
	page, err := s.Verdicts(ctx, guard.Filter{}, guard.Older(11, 3))
	check(t, err)
	same(t, "older", len(page) == 3 && page[0].Number == 10 && page[2].Number == 8, true)
	page, err = s.Verdicts(ctx, guard.Filter{}, guard.Newest(1))
	check(t, err)
	same(t, "newest", len(page) == 1 && page[0].Number == 400, true)
}

// A flood of small things pushes out small things only, and leaves their count.
func TestFullLedger(t *testing.T) {
	s, _, _ := open(t)
	ctx := t.Context()
	s.maxVerdicts = 10
	add := func(n int, severity guard.Severity, ranged bool) {
		for i := range n {
			v := verdict(start.Add(time.Duration(i)*time.Hour), "x")
			v.Severity, v.Range, v.Rules = severity, ranged, []string{"R" + string(severity)}
			check(t, s.AddVerdicts(ctx, []guard.Verdict{v}))
		}
	}
	add(4, guard.High, false)
	add(5, guard.Low, true)
	add(50, guard.Low, false)
	add(3, guard.Info, false)
	left := map[guard.Severity]int{}
	all, err := s.Verdicts(ctx, guard.Filter{Origin: guard.FromPeople}, guard.Newest(100))
	check(t, err)
	for _, v := range all {
		left[v.Severity]++
	}
	if left[guard.High] != 4 || left[guard.Low] != 6 || len(all) != 10 {
		t.Errorf("left: %v", left)
	}
	all, err = s.Verdicts(ctx, guard.Filter{Origin: guard.FromRange}, guard.Newest(100))
	check(t, err)
	same(t, "of the range", len(all), 5)
	var lines, events int
	check(t, s.read.QueryRow("SELECT sum(lines), sum(events) FROM verdicts_dropped").Scan(&lines, &events))
	if lines != 47 || events != 47 {
		t.Errorf("dropped %d lines, %d events", lines, events)
	}
}

func TestVerifySees(t *testing.T) {
	s, _, _ := open(t)
	ctx := t.Context()
	check(t, s.AddVerdicts(ctx, []guard.Verdict{verdict(start, "first")}))
	check(t, s.AddCall(ctx, Call{ID: wire.ID{1}, State: guard.Ringing}))
	spoil := func(query string) {
		t.Helper()
		check(t, s.writer.do(ctx, func(x *tx) error { _, err := x.exec(query); return err }))
	}
	found := func(want int) {
		t.Helper()
		wrong, err := s.Verify(ctx)
		check(t, err)
		if len(wrong) != want {
			t.Errorf("found %q, want %d faults", wrong, want)
		}
	}
	found(0)
	spoil("UPDATE verdicts SET bytes = x'66697273aa'")
	found(1)
	spoil("UPDATE calls SET state = 'flying'")
	found(2)
	spoil("UPDATE verdicts SET bytes = 'first'; UPDATE calls SET state = 'ended'")
	found(0)
}
