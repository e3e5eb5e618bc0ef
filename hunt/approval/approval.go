// Package approval keeps queries of a service's call records in bounds: each is
// for a case, by a person whose key the operator enrolled, and in a log that is
// only ever added to; one that starts from a person runs only once two persons
// have signed it, and within a day.
//
// Persons sign with Ed25519 keys, as signed notes (https://c2sp.org/signed-note).
// What is asked for is signed together with the hash of the log until then: who
// changes an older line must forge every signature after it.
package approval

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"

	"github.com/ringfence/ringfence/store"
)

// What stands in the way of a query.
var (
	ErrStranger = errors.New("the key is not enrolled; the operator does that with hunt enroll")
	ErrUnknown  = errors.New("there is no such query; see hunt queries")
	ErrExpired  = errors.New("it is more than a day old; ask again")
	ErrRan      = errors.New("it has run, and an approval is for once; ask again")
	ErrTwice    = errors.New("this person has approved it; another one must")
	ErrOther    = errors.New("what was signed is not this query; sign what hunt queries shows")
	ErrApproval = errors.New("it needs the approval of two persons")
	ErrNotAsker = errors.New("another person asked; whoever asked runs it")
	ErrNoNeed   = errors.New("it starts from no person, and needs no approval")
)

// Life is how long a query may run after it was asked.
const Life = 24 * time.Hour

// Approvals is how many persons must approve a query that starts from one.
const Approvals = 2

// MaxNote is how long what is signed may be with its signature, in bytes.
const MaxNote = 512 << 10

const (
	maxText    = 256 << 10 // bytes of what is asked
	maxPersons = 64
)

// Query is what somebody asks of the call records.
type Query struct {
	Case   string `json:"case"`   // K-2026-0001
	Text   string `json:"text"`   // lines that say all that decides the answer
	Person bool   `json:"person"` // it starts from a person
}

// Pending is a query in the log.
type Pending struct {
	Query
	ID       string    `json:"id"` // Q-2026-0001
	By       string    `json:"by"`
	Asked    time.Time `json:"asked"`
	Until    time.Time `json:"until"`
	Approved []string  `json:"approved"`
	Ran      time.Time `json:"ran,omitzero"`
	Results  int64     `json:"results"`
	Sign     string    `json:"sign"` // what a person who approves signs
}

// Person is somebody whose key is enrolled.
type Person struct {
	Name     string    `json:"name"`
	Key      string    `json:"key"` // as note.NewVerifier reads it
	Since    time.Time `json:"since"`
	verifier note.Verifier
}

// log is the store, as far as it is needed.
type log interface {
	Queries(ctx context.Context) ([]store.QueryLine, error)
	AddQuery(ctx context.Context, next func(all []store.QueryLine, now time.Time) (store.QueryLine, error)) (store.QueryLine, error)
}

// Book is the log of queries. Its methods may be called at the same time.
type Book struct {
	log log
	now func() time.Time
}

// Open opens the log in a store.
func Open(l log, now func() time.Time) *Book { return &Book{l, now} }

var (
	caseForm = regexp.MustCompile(`^K-\d{4}-\d{4,9}$`)
	nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$`)
)

// check says why a query cannot be asked.
func (q Query) check() error {
	switch {
	case !caseForm.MatchString(q.Case):
		return fmt.Errorf("query: %.40q is no case; name one like K-2026-0001", q.Case)
	case len(q.Text) == 0 || len(q.Text) > maxText:
		return fmt.Errorf("query of %d bytes: one has 1 to %d; ask for less at a time", len(q.Text), maxText)
	case !utf8.ValidString(q.Text) || strings.ContainsFunc(q.Text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) || !strings.HasSuffix(q.Text, "\n") || strings.Contains("\n"+q.Text, "\n\n"):
		// An empty line would let a query end in what looks like a signature.
		return errors.New("query: it is not in lines of text that can be shown, none of them empty; write what cannot be shown as \\u")
	}
	return nil
}

// NewKey makes a person's key: the secret one to be kept by that person alone,
// and the one to be enrolled.
func NewKey(name string) (secret, public string, err error) {
	if !nameForm.MatchString(name) {
		return "", "", fmt.Errorf("key for %.80q: a name has up to 64 letters, digits, and . _ @ -", name)
	}
	return note.GenerateKey(nil, name)
}

// Enroll adds a person, or gives one a new key.
func (b *Book) Enroll(ctx context.Context, key string) (Person, error) {
	return b.person(ctx, "enroll", key)
}

// Withdraw takes the right to ask and to approve from a person; what that person
// approved and has not run is approved by one fewer.
func (b *Book) Withdraw(ctx context.Context, name string) error {
	_, err := b.person(ctx, "withdraw", name)
	return err
}

func (b *Book) person(ctx context.Context, what, text string) (p Person, err error) {
	_, err = b.add(ctx, func(s *state, now time.Time) (store.QueryLine, error) {
		line := store.QueryLine{What: what, Person: text, At: now}
		if what == "enroll" {
			v, err := note.NewVerifier(text)
			if err != nil {
				return line, fmt.Errorf("key %.80q: %w; give what hunt key prints", text, err)
			}
			line.Person, line.Note = v.Name(), text
		}
		err := s.apply(line)
		p = s.persons[line.Person]
		return line, err
	})
	return p, err
}

// add adds a line to the log, if it was whole before. Signatures are looked at
// before the store is held, and again only if another line came in between.
func (b *Book) add(ctx context.Context, next func(s *state, now time.Time) (store.QueryLine, error)) (store.QueryLine, error) {
	before, err := b.state(ctx)
	if err != nil {
		return store.QueryLine{}, err
	}
	return b.log.AddQuery(ctx, func(all []store.QueryLine, now time.Time) (store.QueryLine, error) {
		s := before
		before = nil // next changes it, and the store may have to begin again
		if s == nil || len(all) != s.lines || len(all) > 0 && all[len(all)-1].Hash != s.head {
			var err error
			if s, err = whole(all); err != nil {
				return store.QueryLine{}, err
			}
		}
		return next(s, now)
	})
}

func (b *Book) state(ctx context.Context) (*state, error) {
	all, err := b.log.Queries(ctx)
	if err != nil {
		return nil, err
	}
	return whole(all)
}

// whole replays a log in which nothing may be wrong.
func whole(all []store.QueryLine) (*state, error) {
	s, wrong := replay(all)
	if len(wrong) > 0 {
		return nil, fmt.Errorf("%w: %s; see ringfence verify", store.ErrQueries, wrong[0])
	}
	return s, nil
}

// errThere ends a write of what is there.
var errThere = errors.New("it is there")

// Ask puts a query into the log, signed by who asks. When the same was asked by
// the same person and can still run, that is returned.
func (b *Book) Ask(ctx context.Context, q Query, as note.Signer) (p Pending, err error) {
	if err := q.check(); err != nil {
		return p, err
	}
	_, err = b.add(ctx, func(s *state, now time.Time) (store.QueryLine, error) {
		for _, one := range s.queries {
			if one.Query == q && one.By == as.Name() && one.open(now) == nil {
				p = *one
				return store.QueryLine{}, errThere
			}
		}
		one := Pending{Query: q, ID: s.next(now), By: as.Name(), Asked: now, Until: now.Add(Life)}
		signed, err := note.Sign(&note.Note{Text: one.text(s.head)}, as)
		if err != nil {
			return store.QueryLine{}, err
		}
		line := store.QueryLine{At: now, What: "ask", Query: one.ID, Case: q.Case, Person: one.By, Note: string(signed)}
		if err := s.apply(line); err != nil {
			return line, fmt.Errorf("asking as %s: %w", as.Name(), err)
		}
		p = *s.queries[one.ID]
		return line, nil
	})
	if errors.Is(err, errThere) {
		err = nil
	}
	return p, err
}

// Approve adds an approval: the query's Sign as a note that a person has signed.
func (b *Book) Approve(ctx context.Context, id string, signed []byte) (p Pending, err error) {
	_, err = b.add(ctx, func(s *state, now time.Time) (store.QueryLine, error) {
		one := s.queries[id]
		if one == nil {
			return store.QueryLine{}, ErrUnknown
		}
		line := store.QueryLine{At: now, What: "approve", Query: id, Case: one.Case, Note: string(signed)}
		n, err := s.open(signed)
		if err != nil {
			return line, err
		}
		line.Person = n.Sigs[0].Name
		if err := s.apply(line); err != nil {
			return line, err
		}
		p = *one
		return line, nil
	})
	if err != nil {
		err = fmt.Errorf("approval of %.40s: %w", id, err)
	}
	return p, err
}

// Read reads a query as Pending.Sign has it. Whether it is in a log it cannot say.
func Read(text string) (Pending, error) {
	p, _, err := parse(text)
	return p, err
}

// Sign signs a query as a person who approves it.
func Sign(p Pending, as note.Signer) ([]byte, error) {
	return note.Sign(&note.Note{Text: p.Sign}, as)
}

// Ready says why a query may not run now; nil when it may.
func (b *Book) Ready(ctx context.Context, id string) error {
	s, err := b.state(ctx)
	if err != nil {
		return err
	}
	return s.ready(id, b.now())
}

// Ran puts into the log that a query ran, with how many results. It is to be
// called before they are shown, and says as Ready does when they may not be.
func (b *Book) Ran(ctx context.Context, id string, results int64, as note.Signer) error {
	_, err := b.add(ctx, func(s *state, now time.Time) (store.QueryLine, error) {
		line := store.QueryLine{At: now, What: "run", Query: id, Person: as.Name(), Results: results}
		if one := s.queries[id]; one != nil {
			line.Case = one.Case
		}
		signed, err := note.Sign(&note.Note{Text: ranText(id, results, now, s.head)}, as)
		if err != nil {
			return line, err
		}
		line.Note = string(signed)
		return line, s.apply(line)
	})
	if err != nil {
		err = fmt.Errorf("running %.40s: %w", id, err)
	}
	return err
}

// List is all that is in the log.
type List struct {
	Queries []Pending // the latest first
	Persons []Person  // who are enrolled, by name
	Lines   int
	Head    string // hash of the last line, hex: who writes it down elsewhere can tell later whether the log was made anew
}

// List returns all that is in the log.
func (b *Book) List(ctx context.Context) (List, error) {
	s, err := b.state(ctx)
	if err != nil {
		return List{}, err
	}
	l := List{Queries: []Pending{}, Persons: []Person{}, Lines: s.lines, Head: hex.EncodeToString(s.head[:])}
	for _, id := range slices.Backward(s.order) {
		l.Queries = append(l.Queries, *s.queries[id])
	}
	for _, p := range s.persons {
		l.Persons = append(l.Persons, p)
	}
	slices.SortFunc(l.Persons, func(a, b Person) int { return strings.Compare(a.Name, b.Name) })
	return l, nil
}

// Query returns a query, or ErrUnknown.
func (b *Book) Query(ctx context.Context, id string) (Pending, error) {
	s, err := b.state(ctx)
	if err != nil {
		return Pending{}, err
	}
	if s.queries[id] == nil {
		return Pending{}, ErrUnknown
	}
	return *s.queries[id], nil
}

// Persons returns those who are enrolled, by name.
func (b *Book) Persons(ctx context.Context) ([]Person, error) {
	l, err := b.List(ctx)
	return l.Persons, err
}

// Verify replays the log and says, in words, what in it should not be: a signature
// that is not of who was enrolled then, a query that ran without its approvals.
func (b *Book) Verify(ctx context.Context) ([]string, error) {
	all, err := b.log.Queries(ctx)
	if err != nil && !errors.Is(err, store.ErrQueries) {
		return nil, err
	}
	_, wrong := replay(all) // that the chain is broken, the store itself says
	return wrong, nil
}
