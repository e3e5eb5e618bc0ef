package live

import (
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/hunt/record"
)

const (
	repeatWithin = int64(10 * time.Minute) // a second attempt so soon is no person who waits for an answer
	talkMS       = 5_000                   // shorter is no talk
	movedFor     = 3 * day                 // how long an account that moved is looked at like a stranger
	mostTargets  = 128                     // of an account that are kept; more are counted
	mostCalls    = 6                       // of a target that are kept; more are counted
	reportWeighs = 3                       // a report counts like so many strangers who were tried again and again
)

// Call is one attempt at a target.
type Call struct {
	Time    int64 // ns since 1970
	Outcome record.Outcome
	RingMS  int32
}

// Target is somebody whom an account tried who had not accepted it.
type Target struct {
	ID       string
	Country  string
	Hash     uint64
	First    int64 // ns since 1970
	Last     int64
	Gap      int64 // shortest between two attempts, ns; 0: one attempt
	Tries    int
	Blocked  int
	Failed   int
	Contact  bool // it had accepted the account, which has moved since
	Answered bool
	Talked   bool
	Back     bool // it called back, and they talked
	Reported bool
	Calls    []Call
}

// probe tells whether the target was tried again and again, and never answered.
func (t *Target) probe() bool {
	return !t.Answered && !t.Back && (t.Gap > 0 && t.Gap <= repeatWithin || t.Blocked >= 2)
}

// weight is what the target adds to the level of the account.
func (t *Target) weight() int {
	n := 0
	if t.probe() {
		n = 1
	}
	if t.Reported {
		n += reportWeighs
	}
	return n
}

// add takes an attempt; false when it is there already.
func (t *Target) add(r *record.Record) bool {
	for _, c := range t.Calls {
		if c.Time == r.Time {
			return false
		}
	}
	if t.Tries > 0 {
		gap := max(min(distance(r.Time, t.First), distance(r.Time, t.Last)), 1)
		if t.Gap == 0 || gap < t.Gap {
			t.Gap = gap
		}
	}
	t.Tries++
	if t.First == 0 || r.Time < t.First {
		t.First = r.Time
	}
	t.Last = max(t.Last, r.Time)
	if len(t.Calls) < mostCalls {
		t.Calls = append(t.Calls, Call{r.Time, r.Outcome, r.RingMS})
	}
	switch r.Outcome {
	case record.Answered:
		t.Answered = true
		t.Talked = t.Talked || r.TalkMS >= talkMS
	case record.Blocked:
		t.Blocked++
	case record.Failed:
		t.Failed++
	}
	return true
}

func distance(a, b int64) int64 { return max(a-b, b-a) }

// Account is a caller who tried people that had not accepted it, as one partition
// knows it and tells the others.
type Account struct {
	ID      string
	Hash    uint64
	Print   string // this, Version and Network are those of the latest attempt that counts against it
	Version string
	Network string
	Age     int32  // in days, at the first attempt; or record.NoAge
	Last    int64  // ns since 1970
	Moved   int64  // when a new and rare print or network was seen; 0: never
	Home    uint32 // stands for what it called with before
	Other   int    // calls to people who had accepted it
	Friends bool   // it has called somebody who had accepted it, or of whom that is not known
	Dropped int    // targets beyond those that are kept
	Once    int    // of the dropped: never answered
	Talks   int    // of the dropped: answered and talked
	Weight  int    // sum over the targets
	Told    bool   `json:"-"` // the groups know it
	Targets []Target
}

// tells tells whether the groups have to know an account. Whoever calls nobody but
// strangers may talk with others like it, so that it looks alive: that is seen
// when all of them are known.
func (a *Account) tells() bool {
	open, talked := a.strangers(nil)
	return a.Weight > 0 || !a.Friends && len(a.Targets) > 0 || a.Moved != 0 && open > 0 && talked == 0
}

// away tells whether an account has moved not long ago. Its owner may go on with
// another client meanwhile, which says nothing of the one that came.
func (a *Account) away(now int64) bool { return a.Moved != 0 && now <= a.Moved+movedFor }

// movedTo tells whether a call is from where the account has moved.
func (a *Account) movedTo(r *record.Record) bool {
	return a.away(r.Time) && a.Print == r.CallerPrint && a.Network == r.CallerNetwork
}

// strangers counts the targets that never answered, and those that did and
// talked. Talk among its own is none: they are left out.
func (a *Account) strangers(own map[uint64]bool) (open, talked int) {
	open, talked = a.Once, a.Talks
	for i := range a.Targets {
		switch t := &a.Targets[i]; {
		case own[t.Hash]:
		case t.Talked || t.Back:
			talked++
		case !t.Answered:
			open++
		}
	}
	return open, talked
}

// levels returns the levels that the account reaches, as one of its own.
func (a *Account) levels(own map[uint64]bool) (in [levels]bool) {
	open, talked := a.strangers(own)
	for step, n := range aloneSteps {
		silent := open >= n && talked == 0
		in[firstAlone+step] = silent && !a.Friends
		in[firstMoved+step] = silent && a.Moved != 0
	}
	for step, n := range steps {
		in[levelOf(step, anybody)] = a.Weight >= n
		in[levelOf(step, pure)] = a.Weight >= n && 10*talked <= open
	}
	return in
}

// values visits the values of the account.
func (a *Account) values(visit func(Value)) {
	print, version, network := known(a.Print), known(a.Version), known(a.Network)
	attributes(print, version, network, visit)
	r := a.rhythm()
	if r == 0 {
		return
	}
	if print != 0 {
		visit(valueOf(byPrintRhythm, mix(print, r)))
	}
	if network != 0 {
		visit(valueOf(byNetworkRhythm, mix(network, r)))
	}
	visit(valueOf(byRhythm, mix(r, r)))
}

// known is the hash of a text, and 0 of none.
func known(s string) uint64 {
	if s == "" {
		return 0
	}
	return hash(s)
}

// rhythm is how long it rings, how soon it is tried again, and how often, in
// steps of a factor two; 0 without a repeated attempt.
func (a *Account) rhythm() uint64 {
	var rings, gaps, tries [mostTargets]int64
	n := 0
	for i := range a.Targets {
		t := &a.Targets[i]
		if t.Gap == 0 || t.Gap > repeatWithin || len(t.Calls) == 0 || n == mostTargets {
			continue
		}
		rings[n], gaps[n], tries[n] = int64(t.Calls[0].RingMS)/500, t.Gap/int64(time.Second/2), int64(2*t.Tries)
		n++
	}
	if n == 0 {
		return 0
	}
	step := func(v []int64) uint64 {
		slices.Sort(v)
		return uint64(bits.Len64(uint64(max(v[len(v)/2], 0))))
	}
	return 1 | step(rings[:n])<<8 | step(gaps[:n])<<16 | step(tries[:n])<<24
}

// target returns the target of a hash, made when it is new; nil when there is no
// room for it.
func (a *Account) target(h uint64, r *record.Record) *Target {
	for i := range a.Targets {
		if a.Targets[i].Hash == h {
			return &a.Targets[i]
		}
	}
	t := Target{ID: strings.Clone(r.Callee), Country: strings.Clone(r.CalleeCountry), Hash: h}
	if len(a.Targets) < mostTargets {
		a.Targets = append(a.Targets, t)
		return &a.Targets[len(a.Targets)-1]
	}
	least := 0
	for i := range a.Targets {
		if a.Targets[i].lesser(&a.Targets[least]) {
			least = i
		}
	}
	if a.Targets[least].says() > 0 {
		a.drop(r.Outcome == record.Answered, r.TalkMS >= talkMS)
		return nil
	}
	a.drop(a.Targets[least].Answered, false)
	a.Targets[least] = t
	return &a.Targets[least]
}

// drop counts a target that is not kept.
func (a *Account) drop(answered, talked bool) {
	a.Dropped++
	switch {
	case !answered:
		a.Once++
	case talked:
		a.Talks++
	}
}

// lesser tells whether t says less than u: tried once, long ago.
func (t *Target) lesser(u *Target) bool {
	if x, y := t.says(), u.says(); x != y {
		return x < y
	}
	return t.Last < u.Last
}

func (t *Target) says() int {
	if t.Talked {
		return 1
	}
	return t.weight()
}

// weigh works out the weight again.
func (a *Account) weigh() {
	a.Weight = 0
	for i := range a.Targets {
		a.Weight += a.Targets[i].weight()
	}
}

// expire forgets targets that were last tried before a time; true when there
// were any.
func (a *Account) expire(before int64) bool {
	n := len(a.Targets)
	a.Targets = slices.DeleteFunc(a.Targets, func(t Target) bool { return t.Last < before })
	if len(a.Targets) == n {
		return false
	}
	a.weigh()
	return true
}
