package guard

import (
	"errors"
	"slices"
	"time"

	"github.com/ringfence/ringfence/wire"
)

// What the ledger of verdicts and the console's doors answer where there is
// nothing to give.
var (
	ErrNotFound    = errors.New("there is no such entry")
	ErrLinkUsed    = errors.New("the link has been used")
	ErrLinkExpired = errors.New("the link has expired")
)

// Origin says who made the event of a verdict.
type Origin string

// The origins. The empty one stands for both.
const (
	FromAnyone Origin = ""
	FromRange  Origin = "range" // our own test range
	FromPeople Origin = "real"  // everybody else
)

// Filter narrows the ledger of verdicts. A zero field narrows nothing.
type Filter struct {
	Rule     string // one of the rules that fired, "R5"
	Severity Severity
	Account  wire.ID // as sender or as target
	Call     wire.ID
	Kind     Kind
	Action   Action
	Origin   Origin
	From     time.Time // at or after
	Until    time.Time // before
}

// Match tells whether the filter lets a verdict through. The store answers the
// same in SQL; a test holds the two together.
func (f Filter) Match(v Verdict) bool {
	switch {
	case f.Rule != "" && !slices.Contains(v.Rules, f.Rule),
		f.Severity != "" && f.Severity != v.Severity,
		!f.Account.IsZero() && f.Account != v.Account && f.Account != v.Target,
		!f.Call.IsZero() && f.Call != v.Call,
		f.Kind != "" && f.Kind != v.Kind,
		f.Action != "" && f.Action != v.Action,
		f.Origin == FromRange && !v.Range,
		f.Origin == FromPeople && v.Range,
		!f.From.IsZero() && v.At.Before(f.From),
		!f.Until.IsZero() && !v.At.Before(f.Until):
		return false
	}
	return true
}

// Page is a piece of a list whose entries are numbered. Before gives those with
// smaller numbers, newest first, and zero starts at the newest. After, when it
// is not negative, gives those with larger numbers, oldest first, instead.
type Page struct {
	Before int64
	After  int64
	Limit  int
}

// Newest is the page of the newest entries.
func Newest(limit int) Page { return Page{After: -1, Limit: limit} }

// Older is the page of the entries before a number.
func Older(before int64, limit int) Page { return Page{Before: before, After: -1, Limit: limit} }

// Newer is the page of the entries behind a number, oldest first.
func Newer(after int64, limit int) Page { return Page{After: after, Limit: limit} }

// Tally is how often a rule decided on one kind of event.
type Tally struct {
	Rule     string // the one that decided: the first of the verdict
	Kind     Kind
	Action   Action
	Verdicts int // lines in the ledger
	Events   int // events that they stand for: the sum of their counts
}

// Person is what an analyst may know of an account.
type Person struct {
	Account   wire.ID
	Name      string
	Created   time.Time
	InvitedBy wire.ID // zero: by the operator, or the server is open
	Blocked   bool
}

// Block is one blocking of an account, in force or lifted. It is never deleted.
type Block struct {
	Number     int64
	Account    wire.ID
	Name       string // the account's name when it was blocked
	Since      time.Time
	By         string // the analyst
	Reason     string
	Lifted     time.Time // zero: in force
	LiftedBy   string
	LiftReason string
}

// BlockFilter narrows the list of blocks. A zero field narrows nothing.
type BlockFilter struct {
	Account wire.ID
	InForce bool
}

// DrySpell is the time in which an account had no one-time keys left, so that
// those who asked for one were given its fallback key.
type DrySpell struct {
	Number   int64
	Account  wire.ID
	Name     string
	Since    time.Time
	Last     time.Time // when the fallback key was given last
	Given    int       // how often it was
	Refilled time.Time // zero: it still has none
}

// DryFilter narrows the list of dry spells. A zero field narrows nothing.
type DryFilter struct {
	Account wire.ID
	Now     bool // those that have not ended
}

// Analyst is somebody who is signed in to the console.
type Analyst struct {
	Name    string // as the sign-in link was made out to
	Since   time.Time
	Expires time.Time
}
