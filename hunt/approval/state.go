package approval

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/ringfence/ringfence/store"
)

// state is what follows from the lines of the log. A line that may not be there
// does not change it.
type state struct {
	persons map[string]Person
	queries map[string]*Pending
	order   []string // of the queries
	head    [32]byte // hash of the last line
	lines   int
}

// maxWrong is how many faults are listed.
const maxWrong = 100

// replay goes through the log, and says what in it may not be there.
func replay(all []store.QueryLine) (*state, []string) {
	s := &state{persons: map[string]Person{}, queries: map[string]*Pending{}}
	var wrong []string
	for _, line := range all {
		if err := s.apply(line); err != nil && len(wrong) < maxWrong {
			wrong = append(wrong, fmt.Sprintf("line %d of the log of queries: %v", line.Number, err))
		}
		s.head = line.Hash
		s.lines++
	}
	return s, wrong
}

func (s *state) apply(line store.QueryLine) error {
	switch line.What {
	case "enroll":
		return s.enroll(line)
	case "withdraw":
		if _, ok := s.persons[line.Person]; !ok {
			return fmt.Errorf("%.80q is not enrolled", line.Person)
		}
		s.forget(line.Person)
		delete(s.persons, line.Person)
		return nil
	case "ask":
		return s.ask(line)
	case "approve":
		return s.approve(line)
	case "run":
		return s.run(line)
	}
	return fmt.Errorf("%.40q is none of what is logged", line.What)
}

func (s *state) enroll(line store.QueryLine) error {
	v, err := note.NewVerifier(line.Note)
	if err != nil {
		return err
	}
	if v.Name() != line.Person || !nameForm.MatchString(v.Name()) {
		return fmt.Errorf("the key of %.80q has another name", line.Person)
	}
	// A note's key hash covers the name, so the same key under two names has two
	// hashes: keys are compared themselves.
	for _, p := range s.persons {
		if p.Name != v.Name() && bytes.Equal(keyOf(p.Key), keyOf(line.Note)) {
			return fmt.Errorf("this key is enrolled as %s; two persons need two keys", p.Name)
		}
	}
	if _, again := s.persons[v.Name()]; !again && len(s.persons) >= maxPersons {
		return fmt.Errorf("%d persons are enrolled; withdraw one first", len(s.persons))
	}
	s.forget(v.Name())
	s.persons[v.Name()] = Person{v.Name(), line.Note, line.At, v}
	return nil
}

// keyOf returns the key itself of a verifier: name+hash+key.
func keyOf(verifier string) []byte {
	_, rest, _ := strings.Cut(verifier, "+")
	_, text, _ := strings.Cut(rest, "+")
	key, _ := base64.StdEncoding.DecodeString(text) // note.NewVerifier has read it
	return key
}

// forget takes back what a person approved that has not run.
func (s *state) forget(name string) {
	for _, p := range s.queries {
		if p.Ran.IsZero() {
			p.Approved = slices.DeleteFunc(p.Approved, func(who string) bool { return who == name })
		}
	}
}

// open reads a note that exactly one enrolled person has signed.
func (s *state) open(signed []byte) (*note.Note, error) {
	if len(signed) > MaxNote {
		return nil, fmt.Errorf("a note of %d bytes is none of ours", len(signed))
	}
	var known []note.Verifier
	for _, p := range s.persons {
		known = append(known, p.verifier)
	}
	n, err := note.Open(signed, note.VerifierList(known...))
	var unverified *note.UnverifiedNoteError
	switch {
	case errors.As(err, &unverified):
		return nil, ErrStranger
	case err != nil:
		return nil, fmt.Errorf("what was signed: %w", err)
	case len(n.Sigs) != 1 || len(n.UnverifiedSigs) > 0:
		return nil, errors.New("what was signed has more than one signature; give one at a time")
	}
	return n, nil
}

// signed reads the note of a line, which must be signed by its person.
func (s *state) signed(line store.QueryLine) (text string, err error) {
	n, err := s.open([]byte(line.Note))
	if err != nil {
		return "", err
	}
	if n.Sigs[0].Name != line.Person {
		return "", fmt.Errorf("%s has signed it, not %.80q", n.Sigs[0].Name, line.Person)
	}
	return n.Text, nil
}

func (s *state) ask(line store.QueryLine) error {
	text, err := s.signed(line)
	if err != nil {
		return err
	}
	p, after, err := parse(text)
	if err != nil {
		return err
	}
	switch {
	case p.ID != line.Query || p.Case != line.Case || p.By != line.Person || !p.Asked.Equal(line.At) || !p.Until.Equal(p.Asked.Add(Life)):
		return errors.New("what was signed is another query, of another case, person or time")
	case after != hex.EncodeToString(s.head[:]):
		return errors.New("it was asked after another line than the one before")
	case p.ID != s.next(p.Asked):
		return fmt.Errorf("query %s is out of order", p.ID)
	}
	s.queries[p.ID] = &p
	s.order = append(s.order, p.ID)
	return nil
}

// open says why a query can neither be approved nor run any more.
func (p *Pending) open(now time.Time) error {
	switch {
	case !p.Ran.IsZero():
		return ErrRan
	case now.After(p.Until) || now.Before(p.Asked):
		return ErrExpired
	}
	return nil
}

func (s *state) approve(line store.QueryLine) error {
	p := s.queries[line.Query]
	if p == nil {
		return ErrUnknown
	}
	if err := p.open(line.At); err != nil {
		return err
	}
	text, err := s.signed(line)
	switch {
	case err != nil:
		return err
	case text != p.Sign || line.Case != p.Case:
		return ErrOther
	case !p.Person:
		return ErrNoNeed
	case slices.Contains(p.Approved, line.Person):
		return ErrTwice
	}
	p.Approved = append(p.Approved, line.Person)
	return nil
}

func (s *state) ready(id string, now time.Time) error {
	p := s.queries[id]
	if p == nil {
		return ErrUnknown
	}
	if err := p.open(now); err != nil {
		return err
	}
	if n := len(p.Approved); p.Person && n < Approvals {
		return fmt.Errorf("%w, and has that of %d", ErrApproval, n)
	}
	return nil
}

func (s *state) run(line store.QueryLine) error {
	if err := s.ready(line.Query, line.At); err != nil {
		return err
	}
	p := s.queries[line.Query]
	text, err := s.signed(line)
	switch {
	case err != nil:
		return err
	case p.By != line.Person:
		return ErrNotAsker
	case text != ranText(line.Query, line.Results, line.At, s.head) || line.Case != p.Case:
		return errors.New("what was signed says otherwise than the line")
	}
	p.Ran, p.Results = line.At, line.Results
	return nil
}

// next is the id of the query after the last.
func (s *state) next(now time.Time) string {
	prefix := fmt.Sprintf("Q-%04d-", now.UTC().Year())
	n := 0
	for _, id := range s.order {
		if strings.HasPrefix(id, prefix) {
			n++
		}
	}
	return fmt.Sprintf("%s%04d", prefix, n+1)
}
