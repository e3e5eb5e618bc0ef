package hunt

import "github.com/ringfence/ringfence/hunt/record"

// A contact whose account was taken over is no stranger to those whom it calls
// then. What gives it away is the client that makes the calls, when it is not
// the people's own: of prints that few calls have, the calls to contacts are
// looked at like those to strangers.

const (
	rareCalls = 20_000 // a print that more calls have is not rare, however many records there are
	rareShare = 5_000  // of so many records one may have it
	rareLeast = 2_000  // calls; fewer are rare among any number of records
)

// rarePrints are the calls to contacts, by print, that one goroutine has seen.
type rarePrints map[record.Code]*rarePrint

type rarePrint struct {
	count int64
	calls []attempt // nil once the print has turned out not to be rare
}

// wants counts a call of a print, and tells whether it is still worth keeping.
func (r rarePrints) wants(print record.Code) bool {
	if !known(print) {
		return false
	}
	p := r[print]
	if p == nil {
		p = &rarePrint{}
		r[print] = p
	}
	if p.count++; p.count > rareCalls {
		p.calls = nil
	}
	return p.count <= rareCalls
}

func (r rarePrints) put(a attempt) { p := r[a.print]; p.calls = append(p.calls, a) }

// addRare hands on the calls of the prints that turned out to be rare.
func addRare(of []rarePrints, records int64, add func(attempt) error) error {
	limit := min(max(records/rareShare, rareLeast), rareCalls)
	count := map[record.Code]int64{}
	for _, r := range of {
		for code, p := range r {
			count[code] += p.count
		}
	}
	for _, r := range of {
		for code, p := range r {
			if count[code] > limit {
				p.calls = nil
			}
			if err := addAll(p.calls, add); err != nil {
				return err
			}
		}
	}
	return nil
}

func addAll(all []attempt, add func(attempt) error) error {
	for _, a := range all {
		if err := add(a); err != nil {
			return err
		}
	}
	return nil
}
