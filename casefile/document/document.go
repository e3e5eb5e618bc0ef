// Package document writes the content of a case file from one source: the document
// that a person reads, the certificates, figures and tables, and the same facts in
// the forms that other programs read (STIX 2.1, CASE JSON-LD, CSV).
//
// It does no I/O and knows no more than the source that it is given: what an edition
// withholds is not in it. The same source makes the same bytes. PDF alone runs a
// program, and is not reproducible.
package document

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/fact"
	"github.com/ringfence/ringfence/verify"
)

// Source is all that a case file is made of, as its edition may show it.
type Source struct {
	Case    casefile.Summary
	Edition string    // sealed, court, public, or person:T-0007
	Made    time.Time // when this edition is made
	By      string    // by whom
	Tool    string    // Ringfence, with its version

	Ledger    Ledger
	Exhibits  []casefile.Exhibit
	Records   map[fact.Kind][]casefile.Record
	Entries   []verify.Entry // the extract of the custody log
	Withheld  []Withheld
	Persons   []casefile.Person // who acted; without names in the editions for everybody
	SelfTests []SelfTest        // of the tool that made the edition
}

// Ledger is the log in which the acts on the case stand, at the time of the edition.
type Ledger struct {
	Origin  string
	Root    string // base64, as in the checkpoint
	Key     string // of the service, as note.NewVerifier reads it
	Entries int64
}

// Withheld is one line of the redaction log.
type Withheld struct {
	Entry               int64
	Exhibit, Field, Why string
}

// SelfTest is something of the tool that was tried against what is known, and how
// it came out.
type SelfTest struct {
	What, Result string
	At           time.Time
}

// File is one of the case file; Path is from the folder of the case file on, with
// slashes.
type File struct {
	Path  string
	Bytes []byte
}

// Render writes the case file. A paragraph that alleges something and rests on no
// exhibit is an error, and no file is made.
func Render(s Source) ([]File, error) {
	b, err := read(s)
	if err != nil {
		return nil, fmt.Errorf("case file of %s: %w", s.Case.ID, err)
	}
	var files []File
	for _, write := range []func(*book) ([]File, error){pages, drawings, drafts, tables, redactions, stix, caseLD} {
		more, err := write(b)
		if err != nil {
			return nil, fmt.Errorf("case file of %s: %w", s.Case.ID, err)
		}
		files = append(files, more...)
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return files, nil
}
