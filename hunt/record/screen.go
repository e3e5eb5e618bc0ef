package record

import "errors"

// fault is why a line is no record.
type fault uint8

const (
	noFault fault = iota
	faultNoTime
	faultTime
	faultPast
	faultFuture
	faultCaller
	faultCallee
	faultNoOutcome
	faultOutcome
	faultRing
	faultTalk
	faultAge
)

var faults = [...]string{
	faultNoTime: "no time", faultTime: "bad time", faultPast: "time before 2000", faultFuture: "future time",
	faultCaller: "no caller", faultCallee: "no callee", faultNoOutcome: "no outcome", faultOutcome: "unknown outcome",
	faultRing: "bad ring_ms", faultTalk: "bad talk_ms", faultAge: "bad caller_age_days",
}

// err returns a fault as an error; nil when there is none.
func (f fault) err() error {
	if f == noFault {
		return nil
	}
	return errors.New(faults[f])
}

// screen takes what is no record out of a batch and counts it. It returns the
// rows that are left when some are not.
func (w *worker) screen(b *Batch) []int {
	all := w.faults[:b.N]
	bad := 0
	for i := range all {
		all[i] = noFault
		if t := b.Time[i]; t < earliest || t > w.files.limit || b.Caller[i] == 0 || b.Callee[i] == 0 || b.Outcome[i]-1 >= Blocked {
			all[i] = requiredFault(t, w.files.limit, b.Caller[i] != 0, b.Callee[i] != 0, b.Outcome[i])
			bad++
		}
	}
	bad += below(all, b.RingMS, 0, faultRing) + below(all, b.TalkMS, 0, faultTalk) + below(all, b.CallerAge, NoAge, faultAge)
	if bad == 0 {
		return nil
	}
	kept := w.kept[:0]
	for i, why := range all {
		if why == noFault {
			kept = append(kept, i)
			continue
		}
		w.reject(faults[why])
	}
	w.kept = kept
	b.pick(kept)
	return kept
}

func (w *worker) reject(reason string) {
	w.stats.Rejected++
	w.stats.Reasons[reason]++
}

func requiredFault(t, limit int64, caller, callee bool, o Outcome) fault {
	switch {
	case t == noTime:
		return faultNoTime
	case t == badTime:
		return faultTime
	case t < earliest:
		return faultPast
	case t > limit:
		return faultFuture
	case !caller:
		return faultCaller
	case !callee:
		return faultCallee
	case o == NoOutcome:
		return faultNoOutcome
	case o > Blocked:
		return faultOutcome
	}
	return noFault
}

// fault returns why a record that was read one by one is none.
func (r *Record) fault(limit int64) fault {
	if why := requiredFault(r.Time, limit, r.Caller != "", r.Callee != "", r.Outcome); why != noFault {
		return why
	}
	switch {
	case r.RingMS < 0:
		return faultRing
	case r.TalkMS < 0:
		return faultTalk
	case r.CallerAge < NoAge:
		return faultAge
	}
	return noFault
}

// below marks the numbers that are less than the least, and counts them.
func below(all []fault, numbers []int32, least int32, why fault) (bad int) {
	for i, n := range numbers {
		if n < least && all[i] == noFault {
			all[i] = why
			bad++
		}
	}
	return bad
}

// pick leaves the rows of a batch that are named, in their order.
func (b *Batch) pick(rows []int) {
	b.N = len(rows)
	b.Time, b.Caller, b.Callee, b.Outcome = pick(b.Time, rows), pick(b.Caller, rows), pick(b.Callee, rows), pick(b.Outcome, rows)
	for _, codes := range b.codes() {
		*codes = pick(*codes, rows)
	}
	for _, numbers := range b.numbers() {
		*numbers = pick(*numbers, rows)
	}
	b.Contact = pick(b.Contact, rows)
}

func pick[T any](column []T, rows []int) []T {
	if column == nil {
		return nil
	}
	for to, from := range rows {
		column[to] = column[from]
	}
	return column[:len(rows)]
}
