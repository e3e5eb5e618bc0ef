package live

import (
	"slices"
	"strings"

	"github.com/ringfence/ringfence/hunt/record"
)

// Counts says what came in, and what was refused or forgotten to keep the state
// bounded. Nothing is left out silently.
type Counts struct {
	Records   int64 // that were looked at
	Doubles   int64 // that had been seen already
	Old       int64 // refused: before the window
	Future    int64 // refused: more than a day after all others
	Invalid   int64 // refused: no caller, callee, outcome or time, or a text too long
	Evicted   int64 // accounts that went because others were more suspicious
	Forgotten int64 // values of attributes that went, too
	Unknown   int64 // callers of whom it was forgotten what they call with, for want of room
	Dropped   int64 // targets of accounts with more than are kept
	Reports   int64 // of users, that were matched with a call
	Unmatched int64 // of users, for which no call was known
}

func (c *Counts) add(o Counts) {
	c.Records += o.Records
	c.Doubles += o.Doubles
	c.Old += o.Old
	c.Future += o.Future
	c.Invalid += o.Invalid
	c.Evicted += o.Evicted
	c.Forgotten += o.Forgotten
	c.Unknown += o.Unknown
	c.Dropped += o.Dropped
	c.Reports += o.Reports
	c.Unmatched += o.Unmatched
}

// watch is the half of the detector that knows accounts: those of one partition.
// What it is depends only on the records of the partition and their order.
type watch struct {
	number, of int // of how many partitions
	limits     Limits
	now        int64 // the latest time of a record that was believed
	outside    int   // records in a row whose time does not fit
	swept      int64 // day of the latest sweep
	people     *population
	accounts   map[uint64]*Account
	order      []uint64 // of accounts, to choose who goes
	targets    int      // of all accounts
	recent     []heard
	counts     Counts
	changed    map[uint64]bool // accounts that others do not know yet as they are
}

// heard is a call that a user may report, or that may come twice.
type heard struct {
	Call, Caller, Callee uint64
}

const (
	early     = day // how much later than all others a record may be
	convinced = 64  // records in a row that do not fit, until it is the clock that was wrong
)

func newWatch(number, of int, l Limits) *watch {
	size := 256
	for size < l.Calls/of {
		size *= 2
	}
	return &watch{
		number: number, of: of, limits: l, people: newPopulation(l.Population/of, max(l.Values/of, 64)),
		accounts: map[uint64]*Account{}, recent: make([]heard, size), changed: map[uint64]bool{},
	}
}

// Partition is the partition of an account.
func Partition(account string, of int) int { return int(hash(account) >> 40 % uint64(of)) }

// Partitions are the partitions that have to see a record: the caller's, and that
// of the callee when it may be somebody who calls back. second is -1 when there
// is one only.
func Partitions(r *record.Record, of int) (first, second int) {
	first, second = Partition(r.Caller, of), -1
	if mayBeBack(r) {
		if p := Partition(r.Callee, of); p != first {
			second = p
		}
	}
	return first, second
}

func mayBeBack(r *record.Record) bool {
	return r.Outcome == record.Answered && r.TalkMS >= talkMS && r.Contact != record.Accepted
}

// add takes a record that this partition has to see. It returns the account that
// it changed, or nil.
func (w *watch) add(r *record.Record) *Account {
	caller, callee := hash(r.Caller), hash(r.Callee)
	var changed *Account
	if mayBeBack(r) && int(callee>>40%uint64(w.of)) == w.number {
		changed = w.back(caller, callee)
	}
	if int(caller>>40%uint64(w.of)) != w.number {
		return changed
	}
	w.counts.Records++
	if !w.valid(r) || !w.inTime(r.Time) {
		return changed
	}
	if w.now/day != w.swept {
		w.sweep()
	}
	network := known(r.CallerNetwork)
	print := known(r.CallerPrint)
	g := w.people.count(caller, w.now, print, known(r.CallerVersion), network, r.Contact != record.Stranger)
	a := w.accounts[caller]
	if r.Contact == record.Accepted && g.was == g.is && a == nil {
		return changed
	}
	home := uint32(0)
	if g.was != 0 && g.was != g.is && (a == nil || g.is != a.Home) && w.people.rare(print, network) {
		home = g.was
	}
	if b := w.attempt(a, r, caller, callee, home, g.friends); b != nil {
		changed = b
	}
	return changed
}

// mostText is the longest text of a record, in bytes.
const mostText = 256

func (w *watch) valid(r *record.Record) bool {
	if max(len(r.Call), len(r.Caller), len(r.Callee), len(r.CallerPrint), len(r.CallerVersion), len(r.CallerNetwork), len(r.CalleeCountry)) > mostText {
		w.counts.Invalid++
		return false
	}
	if r.Caller == "" || r.Callee == "" || r.Outcome == record.NoOutcome || r.Time <= 0 {
		w.counts.Invalid++
		return false
	}
	return true
}

// inTime tells whether a record's time can be. There is no clock: the records are
// the clock, and a single one that lies does not move it.
func (w *watch) inTime(t int64) bool {
	if w.now == 0 {
		w.now = t
	}
	old, future := t < w.now-window, t > w.now+early
	if !old && !future {
		w.outside = 0
		w.now = max(w.now, t)
		return true
	}
	if w.outside++; w.outside >= convinced {
		w.now, w.outside = t, 0
		return true
	}
	if old {
		w.counts.Old++
	} else {
		w.counts.Future++
	}
	return false
}

// attempt takes a call by an account that is looked at, or that tries a stranger.
// When the account has moved, home stands for what it called with before.
func (w *watch) attempt(a *Account, r *record.Record, caller, callee uint64, home uint32, friends bool) *Account {
	moved := home != 0
	if a != nil {
		a.Last = max(a.Last, r.Time)
	}
	stranger := r.Contact != record.Accepted
	if !stranger && !moved && (a == nil || !a.movedTo(r)) {
		return w.other(a)
	}
	if w.double(r, caller, callee) {
		w.counts.Doubles++
		return nil
	}
	if a == nil {
		a = w.room(r, caller)
	}
	a.Friends = a.Friends || friends
	if moved {
		a.Moved, a.Home = r.Time, home
	}
	t := w.target(a, callee, r)
	if t == nil {
		return nil
	}
	before := t.weight()
	if !t.add(r) {
		w.counts.Doubles++
		return nil
	}
	t.Contact = t.Contact || !stranger
	a.Weight += t.weight() - before
	if moved || !a.away(r.Time) && (a.Weight == 0 || t.weight() > before) {
		a.Print, a.Version, a.Network = same(a.Print, r.CallerPrint), same(a.Version, r.CallerVersion), same(a.Network, r.CallerNetwork)
	}
	return w.mark(a)
}

// other notes a call to somebody who had accepted the account.
func (w *watch) other(a *Account) *Account {
	if a == nil {
		return nil
	}
	a.Other++
	if a.Friends {
		return nil
	}
	a.Friends = true
	return w.mark(a)
}

// target returns the target of an account, and makes room for it among those of
// all accounts.
func (w *watch) target(a *Account, callee uint64, r *record.Record) *Target {
	n, dropped := len(a.Targets), a.Dropped
	t := a.target(callee, r)
	w.targets += len(a.Targets) - n
	w.counts.Dropped += int64(a.Dropped - dropped)
	for w.targets > max(w.limits.Targets/w.of, mostTargets) && w.evict(a.Hash) {
	}
	return t
}

// same keeps the old text when it is as good, so that a record's memory goes.
func same(old, new string) string {
	if new == "" || new == old {
		return old
	}
	return strings.Clone(new)
}

// mark notes that others have to be told of an account.
func (w *watch) mark(a *Account) *Account {
	for l, in := range a.levels(nil) {
		if in {
			w.people.Level[l].add(a.Hash, w.now/half, wholeRegisters)
		}
	}
	if !a.Told && !a.tells() {
		return nil
	}
	w.changed[a.Hash] = true
	return a
}

// double tells whether a call was heard already, and remembers it.
func (w *watch) double(r *record.Record, caller, callee uint64) bool {
	if r.Call == "" {
		return false
	}
	call := hash(r.Call)
	at := &w.recent[call&uint64(len(w.recent)-1)]
	if at.Call == call && at.Caller == caller && at.Callee == callee {
		return true
	}
	*at = heard{call, caller, callee}
	return false
}

// back notes that a target called back, and they talked.
func (w *watch) back(caller, callee uint64) *Account {
	a := w.accounts[callee]
	if a == nil {
		return nil
	}
	for i := range a.Targets {
		t := &a.Targets[i]
		if t.Hash != caller || t.Back {
			continue
		}
		a.Weight -= t.weight()
		t.Back = true
		a.Weight += t.weight()
		return w.mark(a)
	}
	return nil
}

// report takes a user's word that a call was strange.
func (w *watch) report(user, call string) *Account {
	c := hash(call)
	at := w.recent[c&uint64(len(w.recent)-1)]
	a := w.accounts[at.Caller]
	if call == "" || at.Call != c || at.Callee != hash(user) || a == nil {
		return nil
	}
	for i := range a.Targets {
		t := &a.Targets[i]
		if t.Hash != at.Callee || t.Reported {
			continue
		}
		t.Reported = true
		a.Weight += reportWeighs
		w.counts.Reports++
		return w.mark(a)
	}
	return nil
}

// room makes a place for an account.
func (w *watch) room(r *record.Record, caller uint64) *Account {
	a := &Account{ID: strings.Clone(r.Caller), Hash: caller, Age: r.CallerAge, Last: r.Time}
	if len(w.order) >= max(w.limits.Accounts/w.of, sample) {
		w.evict(caller)
	}
	w.accounts[caller] = a
	w.order = append(w.order, caller)
	return a
}

// evict forgets the least suspicious of some accounts that are chosen without
// luck, but not the one that needs the room. False when there is no other.
func (w *watch) evict(but uint64) bool {
	least := -1
	for i := range sample {
		at := int(mix(uint64(w.counts.Evicted), uint64(i)) % uint64(len(w.order)))
		if w.order[at] != but && (least < 0 || w.lesser(w.order[at], w.order[least])) {
			least = at
		}
	}
	if least < 0 {
		return false
	}
	h := w.order[least]
	if w.accounts[h].Told {
		w.changed[h] = true
	} else {
		delete(w.changed, h)
	}
	w.targets -= len(w.accounts[h].Targets)
	delete(w.accounts, h)
	last := len(w.order) - 1
	w.order[least] = w.order[last]
	w.order = w.order[:last]
	w.counts.Evicted++
	return true
}

func (w *watch) lesser(a, b uint64) bool {
	x, y := w.accounts[a], w.accounts[b]
	if x.Weight != y.Weight {
		return x.Weight < y.Weight
	}
	return x.Last < y.Last
}

// sweep forgets, once a day, what is older than the window.
func (w *watch) sweep() {
	w.swept = w.now / day
	w.order = slices.DeleteFunc(w.order, func(h uint64) bool {
		a := w.accounts[h]
		n := len(a.Targets)
		if a.expire(w.now-window) && a.Told {
			w.changed[h] = true
		}
		w.targets -= n - len(a.Targets)
		if len(a.Targets) > 0 {
			return false
		}
		if !a.Told {
			delete(w.changed, h)
		}
		delete(w.accounts, h)
		return true
	})
}

// changes hands over the accounts that changed since, in a fixed order; nil for
// those that are no more.
func (w *watch) changes(visit func(h uint64, a *Account)) {
	all := make([]uint64, 0, len(w.changed))
	for h := range w.changed {
		all = append(all, h)
	}
	slices.Sort(all)
	for _, h := range all {
		a := w.accounts[h]
		if a != nil {
			a.Told = a.tells()
		}
		if a != nil && !a.Told {
			a = nil
		}
		visit(h, a)
	}
	clear(w.changed)
}

func (w *watch) counted() Counts {
	c := w.counts
	c.Forgotten, c.Unknown = w.people.lost, w.people.overwritten
	return c
}
