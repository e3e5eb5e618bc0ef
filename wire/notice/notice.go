// Package notice is the form of a security notice: what a service tells a person
// whom a campaign was aimed at, and how a device sees that it is genuine.
//
// The words are the same for everybody whom one notice goes to, so that anybody
// can look them up, and are signed by two persons of the service with keys of
// their own, as a C2SP signed note (https://c2sp.org/signed-note) over this text:
//
//	ringfence security notice
//	issuer chat.example
//	issued 2026-11-23
//	<SHA-256 of the wording in lower-case hex> ar
//	<SHA-256 of the wording in lower-case hex> en
//
// A device shows a notice only when two different keys, which it knew before,
// have signed it: whoever holds the server cannot make one up.
package notice

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
)

// Origin is the first line of the text that is signed.
const Origin = "ringfence security notice"

// Approvals is how many persons must have signed.
const Approvals = 2

// Bounds of a notice, in bytes and numbers.
const (
	MaxTitle     = 200
	MaxBody      = 16 << 10
	MaxLanguages = 40
	MaxSigned    = 32 << 10
)

// Wording is a notice in one language.
type Wording struct {
	Title string `json:"title"` // one line
	Body  string `json:"body"`  // paragraphs, apart by an empty line; a line that begins "1. " is a step
}

// Notice is what is sent to a person.
type Notice struct {
	ID       string             `json:"id"`     // N-2026-0001: one wording, sent to many
	Code     string             `json:"code"`   // this person's, to be looked up in the settings: 4839-2071
	Issuer   string             `json:"issuer"` // the service, as people know it
	Issued   string             `json:"issued"` // the day, 2006-01-02
	Wordings map[string]Wording `json:"wordings"`
	Signed   string             `json:"signed"` // Text as a signed note
}

var (
	idForm     = regexp.MustCompile(`^N-\d{4}-\d{4,9}$`)
	codeForm   = regexp.MustCompile(`^\d{4}-\d{4}$`)
	tagForm    = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$`)
	issuerForm = regexp.MustCompile(`^[^\x00-\x20\x7f](?:[^\x00-\x1f\x7f]{0,98}[^\x00-\x20\x7f])?$`)
)

// What is wrong with the signatures of a notice.
var (
	ErrUnsigned = errors.New("the notice is not signed by two persons whose keys are known")
	ErrOther    = errors.New("what is signed is another notice")
)

// Check refuses what has no one form.
func (n Notice) Check() error {
	switch {
	case !idForm.MatchString(n.ID):
		return fmt.Errorf("notice: %.20q is no id, want N-2026-0001", n.ID)
	case !codeForm.MatchString(n.Code):
		return fmt.Errorf("notice: %.20q is no code, want 1234-5678", n.Code)
	case len(n.Signed) > MaxSigned:
		return fmt.Errorf("notice: its signatures have %d bytes, at most %d", len(n.Signed), MaxSigned)
	}
	_, err := n.Text()
	return err
}

// Hash is the hash of a wording, as it is signed and as it can be looked up.
func (w Wording) Hash() string {
	sum := sha256.Sum256([]byte(w.Title + "\n\n" + w.Body))
	return hex.EncodeToString(sum[:])
}

func (w Wording) check() error {
	hidden := func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) && r != '\u200c' && r != '\u200d' }
	switch {
	case !utf8.ValidString(w.Title) || !utf8.ValidString(w.Body):
		return errors.New("it is not UTF-8")
	case len(w.Title) == 0 || len(w.Title) > MaxTitle || strings.ContainsFunc(w.Title, hidden) || strings.Contains(w.Title, "\n"):
		return fmt.Errorf("the title is not one line of 1 to %d bytes that can be shown", MaxTitle)
	case len(w.Body) == 0 || len(w.Body) > MaxBody || strings.ContainsFunc(w.Body, hidden):
		return fmt.Errorf("the body is not text of 1 to %d bytes that can be shown", MaxBody)
	}
	return nil
}

// Text returns what is signed.
func (n Notice) Text() (string, error) {
	if !issuerForm.MatchString(n.Issuer) || !utf8.ValidString(n.Issuer) {
		return "", errors.New("notice: the issuer is not one line of 1 to 100 characters")
	}
	if day, err := time.Parse(time.DateOnly, n.Issued); err != nil || day.Format(time.DateOnly) != n.Issued {
		return "", fmt.Errorf("notice: %.20q is no day, want 2026-11-23", n.Issued)
	}
	if len(n.Wordings) == 0 || len(n.Wordings) > MaxLanguages {
		return "", fmt.Errorf("notice: in %d languages, want 1 to %d", len(n.Wordings), MaxLanguages)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nissuer %s\nissued %s\n", Origin, n.Issuer, n.Issued)
	for _, tag := range slices.Sorted(maps.Keys(n.Wordings)) {
		if !tagForm.MatchString(tag) {
			return "", fmt.Errorf("notice: %.20q is no language tag", tag)
		}
		if err := n.Wordings[tag].check(); err != nil {
			return "", fmt.Errorf("notice: in %s: %w", tag, err)
		}
		fmt.Fprintf(&b, "%s %s\n", n.Wordings[tag].Hash(), tag)
	}
	return b.String(), nil
}

// Verify returns the names of those who signed, of the keys that are known. With
// fewer than two different ones it returns ErrUnsigned.
func (n Notice) Verify(known []note.Verifier) ([]string, error) {
	if err := n.Check(); err != nil {
		return nil, err
	}
	text, err := n.Text()
	if err != nil {
		return nil, err
	}
	signed, err := note.Open([]byte(n.Signed), note.VerifierList(known...))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsigned, err)
	}
	if signed.Text != text {
		return nil, ErrOther
	}
	var names []string
	for _, s := range signed.Sigs { // note.Open has left out what stands twice
		names = append(names, s.Name)
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) < Approvals {
		return names, fmt.Errorf("%w: only by %s", ErrUnsigned, strings.Join(names, ", "))
	}
	return names, nil
}

// Sign adds a person's signature to those that a notice has.
func (n *Notice) Sign(as note.Signer, known []note.Verifier) error {
	text, err := n.Text()
	if err != nil {
		return err
	}
	one := &note.Note{Text: text}
	if n.Signed != "" {
		if one, err = note.Open([]byte(n.Signed), note.VerifierList(known...)); err != nil {
			return fmt.Errorf("%w: %w", ErrUnsigned, err)
		}
		if one.Text != text {
			return ErrOther
		}
	}
	signed, err := note.Sign(one, as)
	if err != nil {
		return err
	}
	n.Signed = string(signed)
	return nil
}
