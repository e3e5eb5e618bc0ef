// Package record is the call record: one line per call attempt, without
// content, in Parquet, JSON lines or CSV (docs/records.md).
//
// A hunt reads a hundred million of them, so there are two forms: a Record is
// one line as people and other programs know it, and a Batch is some thousands
// of lines as columns, with ids as hashes and texts as codes.
package record

import "context"

// Version of the call record.
const Version = 1

// Outcome is what became of an attempt.
type Outcome uint8

// The outcomes. Blocked: the guard or the stranger gate refused it.
const (
	NoOutcome Outcome = iota // not a record: refused by every reader
	Answered
	Declined
	Missed
	Cancelled
	Failed
	Blocked
)

var outcomes = [...]string{"", "answered", "declined", "missed", "cancelled", "failed", "blocked"}

// String returns the outcome as it is written.
func (o Outcome) String() string {
	if int(o) < len(outcomes) {
		return outcomes[o]
	}
	return ""
}

// ParseOutcome reads an outcome; NoOutcome when it is none.
func ParseOutcome(s string) Outcome {
	for i, o := range outcomes {
		if s == o && s != "" {
			return Outcome(i)
		}
	}
	return NoOutcome
}

// Contact says whether the callee had accepted the caller.
type Contact uint8

// The values of Contact.
const (
	Unknown Contact = iota
	Stranger
	Accepted
)

// NoAge stands for an age that is not known.
const NoAge = -1

// Record is one attempt. A text that is empty is not known (null).
type Record struct {
	Time          int64 // ns since 1970, UTC
	Call          string
	Caller        string
	Callee        string
	CallerPrint   string
	CallerVersion string
	CallerNetwork string // "AS64500"
	CallerCountry string // ISO 3166-1 alpha-2
	CalleeCountry string
	Outcome       Outcome
	RingMS        int32
	TalkMS        int32
	Contact       Contact
	CallerAge     int32    // days, or NoAge
	Rules         []string // that fired; "knock" for a knock
}

// Columns is a set of columns.
type Columns uint32

// The columns, by the names of the contract.
const (
	Time Columns = 1 << iota
	Call
	Caller
	Callee
	CallerPrint
	CallerVersion
	CallerNetwork
	CallerCountry
	CalleeCountry
	OutcomeColumn
	RingMS
	TalkMS
	ContactColumn
	CallerAge
	Rules
	All Columns = 1<<15 - 1
	// Required are the columns without which a line is no record.
	Required = Time | Caller | Callee | OutcomeColumn
)

// ID stands for an account: a 64-bit hash of its text, the same in every file
// of every run (HashID). Two of a hundred million accounts fall together with
// a chance of 0.03 %; what a hunt reports is looked up by the text again.
type ID uint64

// Code stands for a text of a Dictionary; 0 is "not known".
type Code uint32

// Batch is some records as columns, of one file and in its order. A column that
// was not asked for or that the file does not have is nil. It is valid until
// visit returns.
type Batch struct {
	N             int
	Time          []int64
	Caller        []ID
	Callee        []ID
	CallerPrint   []Code
	CallerVersion []Code
	CallerNetwork []Code
	CallerCountry []Code
	CalleeCountry []Code
	Outcome       []Outcome
	RingMS        []int32
	TalkMS        []int32
	Contact       []Contact
	CallerAge     []int32
	Rules         []Code // the rules of a record, joined by ";", as one text

	// Text returns the text of Call, Caller or Callee of record i, for those few
	// that are reported. It is nil unless that column was asked for.
	Text func(column Columns, i int) string

	// Place returns where record i stands, for Files.At. It is nil for text.
	Place func(i int) Place
}

// Dictionary gives texts their codes. It may be used from several goroutines,
// and is bounded: once it is full, a new text gets the code Other, so that an
// attacker who makes up a new print for each call costs no memory.
type Dictionary interface {
	Code(text []byte) Code
	Text(c Code) string
	Len() int
}

// Other is the code of all texts that a full dictionary has no place for.
const Other Code = 1

// Reading says how a source is read.
type Reading struct {
	Want    Columns // besides Required, which are always read
	Workers int     // goroutines that visit runs in; 0: one a processor
	// Visit takes a batch. It is called from Workers goroutines at a time, each
	// with its own number from 0.
	Visit func(worker int, b *Batch) error
	// Progress, when not nil, is told how many records have been read of about
	// how many.
	Progress func(read, of int64)
}

// Stats says what was read. Nothing is left out silently: a line that is no
// record is counted, and the first of each kind of fault is kept.
type Stats struct {
	Records  int64            // that were visited
	Rejected int64            // that are no records
	Reasons  map[string]int64 // of the rejected: why
	Unread   []string         // files, or the rest of one, that could not be read, and why
	Columns  Columns          // that at least one file has
	From, To int64            // the times of the first and last record; both 0 when there is none
}

// Source is a set of records that can be read several times, with the same
// dictionary each time.
type Source interface {
	Dictionary() Dictionary
	Read(ctx context.Context, r Reading) (Stats, error)
}
