package notice

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	mrand "math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	wire "github.com/ringfence/ringfence/wire/notice"
)

func roster(t testing.TB, n int) *Roster {
	t.Helper()
	r, err := NewRoster(planID, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		one := Target{Pseudonym: fmt.Sprintf("T-%04d", i+1), Country: "XB", Channel: InApp, High: i%10 == 0}
		if i%4 == 0 {
			one.Country = "XA" // whose people turn to the regional helpline
		}
		if err := r.Add(one, rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func TestRoster(t *testing.T) {
	r := roster(t, 50)
	if err := r.Check(); err != nil {
		t.Fatal(err)
	}
	first := r.Targets[0]
	if err := r.Add(Target{Pseudonym: first.Pseudonym, Class: CivilSociety, KnownBy: "person", Channel: Carried}, rand.Reader); err != nil {
		t.Fatal(err)
	}
	if got := r.Targets[0]; len(r.Targets) != 50 || got.Code != first.Code || r.Commitment(got) != r.Commitment(first) || got.Class != CivilSociety {
		t.Errorf("a person who is described anew is %+v", got)
	}
	if got, ok := r.Find(r.Commitment(first)); !ok || got.Pseudonym != first.Pseudonym {
		t.Error("a target is not found by its commitment")
	}
	other := *r
	other.Plan = "N-2026-0002"
	if other.Commitment(first) == r.Commitment(first) {
		t.Error("a target has the same commitment in another plan")
	}
	for what, bad := range map[string]Target{
		"a class that nobody gave": {Pseudonym: "T-1", Class: CivilSociety, Channel: InApp},
		"another class":            {Pseudonym: "T-1", Class: "activist", KnownBy: "person", Channel: InApp},
		"a country in words":       {Pseudonym: "T-1", Country: "France", Channel: InApp},
		"no channel":               {Pseudonym: "T-1"},
		"no pseudonym":             {Channel: InApp},
	} {
		err := r.Add(bad, rand.Reader)
		if err == nil {
			t.Errorf("%s is not refused", what)
		} else if strings.Contains(err.Error(), "T-1") {
			t.Errorf("%s: the error names the target: %v", what, err)
		}
	}
	if err := r.Add(Target{Pseudonym: "T-9999", Channel: InApp}, bytes.NewReader(nil)); err == nil {
		t.Error("a code without randomness")
	}
	r.Targets[1].Code = r.Targets[2].Code
	if r.Check() == nil {
		t.Error("two persons with one code are not refused")
	}
}

// TestCodesAreOfTheirPlan draws the same digits twice: the second is drawn anew.
func TestCodesAreOfTheirPlan(t *testing.T) {
	r, err := NewRoster(planID, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	salt := strings.Repeat("s", 32)
	for i, random := range []string{salt + "\x00\x00\x00\x07", salt + "\x00\x00\x00\x07" + "\xff\xff\xff\xff" + "\x00\x00\x00\x08"} {
		if err := r.Add(Target{Pseudonym: fmt.Sprint("T-", i), Channel: InApp}, strings.NewReader(random)); err != nil {
			t.Fatal(err)
		}
	}
	if r.Targets[0].Code != "0000-0007" || r.Targets[1].Code != "0000-0008" {
		t.Errorf("codes %s and %s", r.Targets[0].Code, r.Targets[1].Code)
	}
}

func TestSchedule(t *testing.T) {
	m := newTeam(t)
	p := New(m.rules)
	m.ready(t, p)
	for _, h := range p.Text.Facts.Helplines {
		if err := m.do(t, p, "ana", 10, Step{Kind: HelplineTold, Helpline: h.Name, Count: 200, From: "2026-05-20"}); err != nil {
			t.Fatal(err)
		}
	}
	r := roster(t, 90)
	if err := m.do(t, p, "ana", 11, Step{Kind: OptOut, Targets: []string{r.Commitment(r.Targets[5])}}); err != nil {
		t.Fatal(err)
	}
	pace := Pace{Start: start.Add(3 * time.Hour), Size: 4, Every: time.Hour, Spread: 2 * time.Hour}
	batches, left, err := Schedule(r, p, pace)
	if err != nil || left != 1 {
		t.Fatalf("%d left out, %v", left, err)
	}
	again, _, err := Schedule(r, p, pace)
	if err != nil || !reflect.DeepEqual(batches, again) {
		t.Errorf("the same list gives other batches: %v", err)
	}
	seen, high := map[string]bool{}, 0
	gaps := map[time.Duration]bool{}
	for i, b := range batches {
		if i > 0 {
			gap := b.At.Sub(batches[i-1].At)
			gaps[gap] = true
			if gap < pace.Every {
				t.Errorf("batch %d comes %s after the one before", i, gap)
			}
		}
		// Each batch in its turn is let through by the plan: it keeps to capacities and names nobody twice.
		err := p.Apply(Step{Kind: SendBatch, Plan: planID, By: "lea", At: b.At, Batch: &b.Batch})
		if err != nil {
			t.Fatalf("batch %d at %s: %v", i, b.At, err)
		}
		for _, c := range b.Batch.Targets {
			seen[c] = true
		}
		high += len(b.Batch.High)
		// Asked again after each, also after a crash, the rest is where it was.
		rest, _, err := Schedule(r, p, pace)
		if err != nil || len(rest) != len(batches)-i-1 || len(rest) > 0 && !reflect.DeepEqual(rest, batches[i+1:]) {
			t.Fatalf("after batch %d the rest is another one: %v", i, err)
		}
	}
	if len(seen) != 89 || high != 9 || len(p.AwaitingSecond()) != 9 || len(gaps) < 5 {
		t.Errorf("%d of 89 told, %d of 9 at high risk, %d gaps", len(seen), high, len(gaps))
	}
	if err := m.do(t, p, "ana", 10000*time.Hour, Step{Kind: SecondContact, Targets: p.AwaitingSecond()[:1], Partner: "a partner"}); err != nil || len(p.AwaitingSecond()) != 8 {
		t.Errorf("a second contact: %v", err)
	}
}

// TestScheduleThatIsLate was asleep for days: it sends one batch, and keeps its pace.
func TestScheduleThatIsLate(t *testing.T) {
	m := newTeam(t)
	p := New(m.rules)
	m.ready(t, p)
	pace := Pace{Start: start.Add(3 * time.Hour), Now: start.Add(100 * time.Hour), Size: 3, Every: time.Hour}
	batches, _, err := Schedule(roster(t, 12), p, pace)
	if err != nil || !batches[0].At.Equal(pace.Now) || batches[1].At.Before(pace.Now.Add(pace.Every)) {
		t.Errorf("batches at %s and %s, %v", batches[0].At, batches[1].At, err)
	}
	early, _, err := Schedule(roster(t, 12), p, Pace{Start: start.Add(-100 * time.Hour), Size: 3})
	if err != nil || early[0].At.Before(start.Add(m.rules.Lead)) {
		t.Errorf("the first batch at %s, before the helplines know, %v", early[0].At, err)
	}
}

// service is a messenger's side: accounts that have notices, and now and then one
// that cannot be reached.
type service struct {
	has    map[string]wire.Notice
	random *mrand.Rand
	calls  int
}

func (s *service) Deliver(_ context.Context, pseudonym string, n wire.Notice) error {
	s.calls++
	if s.random.IntN(3) == 0 {
		return errors.New("no account " + pseudonym)
	}
	s.has[pseudonym] = n
	return nil
}

func TestDispatch(t *testing.T) {
	m := newTeam(t)
	p := New(m.rules)
	m.ready(t, p)
	r := roster(t, 12)
	to := &service{map[string]wire.Notice{}, mrand.New(mrand.NewPCG(3, 4)), 0}
	batches, _, err := Schedule(r, p, Pace{Start: start.Add(2 * time.Hour), Size: 12})
	if err != nil || len(batches) != 1 {
		t.Fatalf("%d batches, %v", len(batches), err)
	}
	if steps, _, err := Dispatch(t.Context(), p, r, to); err != nil || len(steps) != 0 || to.calls != 0 {
		t.Fatalf("before a batch was let through: %d steps, %d calls, %v", len(steps), to.calls, err)
	}
	if err := p.Apply(Step{Kind: SendBatch, Plan: planID, By: "lea", At: batches[0].At, Batch: &batches[0].Batch}); err != nil {
		t.Fatal(err)
	}
	for round := 0; len(p.Undelivered()) > 0; round++ {
		steps, undelivered, err := Dispatch(t.Context(), p, r, to)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range steps {
			b, err := json.Marshal(s)
			if err != nil || bytes.Contains(b, []byte("T-0")) {
				t.Fatalf("the step names a target: %s, %v", b, err)
			}
			if err := m.do(t, p, "lea", 20*time.Hour, s); err != nil {
				t.Fatal(err)
			}
		}
		if undelivered != len(p.Undelivered()) {
			t.Errorf("round %d: %d undelivered, the plan has %d", round, undelivered, len(p.Undelivered()))
		}
	}
	codes := map[string]bool{}
	for pseudonym, n := range to.has {
		if names, err := n.Verify(m.verifiers(t)); err != nil {
			t.Errorf("%s got a notice that is not genuine: %v, %v", pseudonym, names, err)
		}
		codes[n.Code] = true
	}
	if len(to.has) != 12 || len(codes) != 12 {
		t.Errorf("%d persons with %d codes, want 12", len(to.has), len(codes))
	}
	if err := m.do(t, p, "ana", 21*time.Hour, Step{Kind: Hold, Reason: "a court asks to wait"}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Dispatch(t.Context(), p, r, to); !errors.Is(err, ErrRefused) {
		t.Errorf("on hold: %v", err)
	}
}

// TestDispatchKeepsTheGate changes the sealed list after the batch was let through:
// a person who is now in a country at risk waits.
func TestDispatchKeepsTheGate(t *testing.T) {
	m := newTeam(t)
	p := New(m.rules)
	m.ready(t, p)
	r := roster(t, 1)
	batches, _, err := Schedule(r, p, Pace{Start: start.Add(2 * time.Hour), Size: 12})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Apply(Step{Kind: SendBatch, Plan: planID, By: "lea", At: batches[0].At, Batch: &batches[0].Batch}); err != nil {
		t.Fatal(err)
	}
	r.Targets[0].Country = "XR"
	to := &service{map[string]wire.Notice{}, mrand.New(mrand.NewPCG(3, 4)), 0}
	if _, undelivered, err := Dispatch(t.Context(), p, r, to); err != nil || undelivered != 1 || to.calls != 0 {
		t.Errorf("%d undelivered, %d calls, %v", undelivered, to.calls, err)
	}
}

func BenchmarkCheck(b *testing.B) {
	f := sampleFacts()
	w, err := Write(f, "ar")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Check(f, "ar", w); err != nil {
			b.Fatal(err)
		}
	}
}
