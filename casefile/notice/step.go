package notice

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	wire "github.com/ringfence/ringfence/wire/notice"
)

// Kind is what a step does.
type Kind string

// The kinds of steps.
const (
	Draft          Kind = "draft"           // the first: facts and texts
	Edit           Kind = "edit"            // other facts or texts; every approval is void
	ReviewLanguage Kind = "review-language" // a fluent reviewer approves the exact text
	Approve        Kind = "approve"         // a person signs what devices will verify
	HelplineTold   Kind = "helpline-told"   // how many are coming, from which day
	CountryApprove Kind = "country-approve" // a person agrees to sending into a country at risk
	Hold           Kind = "hold"            // a legal hold or a gag: nothing is sent
	Release        Kind = "release"         // of a hold
	SendBatch      Kind = "send-batch"      // to these targets, from now on
	Delivered      Kind = "delivered"       // their accounts have it
	Read           Kind = "read"            // they opened it
	SecondContact  Kind = "second-contact"  // a partner reached them another way
	Answer         Kind = "answer"          // they gave or withdrew a consent
	OptOut         Kind = "opt-out"         // they want no further notices
	OptIn          Kind = "opt-in"          // they want them again
	Cancel         Kind = "cancel"          // nothing more is sent, for good
)

// Step is one act on a plan, as it stands in the ledger. It has no name of a
// target: a target is a commitment (Target.Commitment).
type Step struct {
	Kind Kind      `json:"kind"`
	Plan string    `json:"plan"` // N-2026-0001
	By   string    `json:"by"`   // an enrolled person, whose key signs the entry
	At   time.Time `json:"at"`

	Text     *Text    `json:"text,omitempty"`     // draft, edit
	Language string   `json:"language,omitempty"` // review-language
	Hash     string   `json:"hash,omitempty"`     // review-language: of the wording
	Version  string   `json:"version,omitempty"`  // review-language: of the texts of the person's page
	Signed   string   `json:"signed,omitempty"`   // approve: Plan.Notice's text as a signed note by this person
	Helpline string   `json:"helpline,omitempty"` // helpline-told
	Count    int      `json:"count,omitempty"`    // helpline-told: persons in the whole plan
	From     string   `json:"from,omitempty"`     // helpline-told: the day from which on they come
	Country  string   `json:"country,omitempty"`  // country-approve: ISO 3166-1 alpha-2, or Unknown
	Reason   string   `json:"reason,omitempty"`   // hold, release, cancel
	Held     int      `json:"held,omitempty"`     // release: the number of the hold, from 1
	Batch    *Batch   `json:"batch,omitempty"`    // send-batch
	Targets  []string `json:"targets,omitempty"`  // delivered, read, second-contact, answer, opt-out, opt-in
	Partner  string   `json:"partner,omitempty"`  // second-contact
	Consent  Consent  `json:"consent,omitempty"`  // answer
	Given    *bool    `json:"given,omitempty"`    // answer: given or withdrawn
}

// Text is what a plan says.
type Text struct {
	Facts    Facts                   `json:"facts"`
	Issued   string                  `json:"issued"` // the day that devices show, 2006-01-02
	Wordings map[string]wire.Wording `json:"wordings"`
	Versions map[string]string       `json:"versions"` // of the shipped texts that the person's page is written with
}

// Batch is a number of targets that are told together.
type Batch struct {
	Targets   []string       `json:"targets"`             // commitments
	High      []string       `json:"high,omitempty"`      // those of them who get a second contact
	Countries []string       `json:"countries"`           // that they are in; Unknown, too
	Helplines map[string]int `json:"helplines,omitempty"` // how many of them turn to which
}

// Consent is what a person is asked.
type Consent string

// The consents. Neither is ever assumed.
const (
	Examination Consent = "examination" // of the phone
	Counted     Consent = "counted"     // without a name, in what is reported
)

// Unknown stands for a country that is not known. It is at risk.
const Unknown = "unknown"

// Bounds of a step.
const (
	MaxStep   = 1 << 20 // bytes of JSON
	MaxBatch  = 500
	maxReason = 500
)

// has lists the fields that each kind of step must have, and no others.
var has = map[Kind][]string{
	Draft: {"text"}, Edit: {"text"},
	ReviewLanguage: {"language", "hash", "version"},
	Approve:        {"signed"},
	HelplineTold:   {"helpline", "count", "from"},
	CountryApprove: {"country"},
	Hold:           {"reason"}, Release: {"reason", "held"}, Cancel: {"reason"},
	SendBatch: {"batch"},
	Delivered: {"targets"}, Read: {"targets"}, OptOut: {"targets"}, OptIn: {"targets"},
	SecondContact: {"targets", "partner"},
	Answer:        {"targets", "consent", "given"},
}

var (
	planForm       = regexp.MustCompile(`^N-\d{4}-\d{4,9}$`)
	commitmentForm = regexp.MustCompile(`^[0-9a-f]{64}$`)
	hashForm       = commitmentForm
)

// ReadStep reads a step from the ledger.
func ReadStep(b []byte) (Step, error) {
	var s Step
	if len(b) > MaxStep {
		return s, fmt.Errorf("notice: a step of %d bytes, at most %d", len(b), MaxStep)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return Step{}, fmt.Errorf("notice: it is no step of a plan: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return Step{}, errors.New("notice: something follows the step")
	}
	return s, s.Check()
}

// fields are the fields that are set.
func (s Step) fields() (set []string) {
	for name, is := range map[string]bool{
		"text": s.Text != nil, "language": s.Language != "", "hash": s.Hash != "", "version": s.Version != "",
		"signed": s.Signed != "", "helpline": s.Helpline != "", "count": s.Count != 0, "from": s.From != "",
		"country": s.Country != "", "reason": s.Reason != "", "held": s.Held != 0, "batch": s.Batch != nil,
		"targets": s.Targets != nil, "partner": s.Partner != "", "consent": s.Consent != "", "given": s.Given != nil,
	} {
		if is {
			set = append(set, name)
		}
	}
	slices.Sort(set)
	return set
}

// Check refuses a step that has no one form. What it may do is for Plan.Apply.
func (s Step) Check() error {
	want, ok := has[s.Kind]
	if !ok {
		return fmt.Errorf("notice: there is no step %.40q", s.Kind)
	}
	want = slices.Sorted(slices.Values(want))
	if got := s.fields(); !slices.Equal(got, want) {
		return fmt.Errorf("notice: a step %s has the fields %s; this one has %s", s.Kind, strings.Join(want, ", "), strings.Join(got, ", "))
	}
	switch {
	case !planForm.MatchString(s.Plan):
		return fmt.Errorf("notice: %.20q is no id of a plan, want N-2026-0001", s.Plan)
	case s.At.IsZero() || !line(s.By, 64):
		return errors.New("notice: a step has a time and the name of who takes it")
	case s.Reason != "" && !line(s.Reason, maxReason):
		return fmt.Errorf("notice: a reason is one line of at most %d bytes", maxReason)
	case s.Signed != "" && len(s.Signed) > wire.MaxSigned:
		return fmt.Errorf("notice: a signed note of %d bytes, at most %d", len(s.Signed), wire.MaxSigned)
	case s.Hash != "" && (!hashForm.MatchString(s.Hash) || !hashForm.MatchString(s.Version)):
		return errors.New("notice: a review names the SHA-256 of the wording and the version of the page's texts, in lower-case hex")
	case s.Country != "" && s.Country != Unknown && !countryForm.MatchString(s.Country):
		return fmt.Errorf("notice: %.10q is no country, want two letters of ISO 3166-1, or %q", s.Country, Unknown)
	case s.Count < 0 || s.Held < 0:
		return errors.New("notice: a number is below nothing")
	case s.Partner != "" && !line(s.Partner, 80):
		return errors.New("notice: the name of a partner is one line of at most 80 bytes")
	case s.Consent != "" && s.Consent != Examination && s.Consent != Counted:
		return fmt.Errorf("notice: nobody is asked for a consent to %.40q", s.Consent)
	}
	if s.From != "" {
		if _, err := day(s.From); err != nil {
			return err
		}
	}
	return errors.Join(s.checkTargets(), s.Batch.check())
}

func (s Step) checkTargets() error {
	if s.Targets == nil {
		return nil
	}
	return commitments(s.Targets)
}

func (b *Batch) check() error {
	if b == nil {
		return nil
	}
	if err := commitments(b.Targets); err != nil {
		return err
	}
	if err := commitments(b.High); len(b.High) > 0 && err != nil {
		return err
	}
	for _, h := range b.High {
		if !slices.Contains(b.Targets, h) {
			return errors.New("notice: who gets a second contact is not in the batch")
		}
	}
	if len(b.Countries) == 0 || len(b.Countries) > len(b.Targets) {
		return fmt.Errorf("notice: a batch names the countries of its targets, %q when one is not known", Unknown)
	}
	sorted := slices.Compact(slices.Sorted(slices.Values(b.Countries)))
	for _, c := range b.Countries {
		if len(sorted) != len(b.Countries) || c != Unknown && !countryForm.MatchString(c) {
			return fmt.Errorf("notice: %.10q is no country, or stands there twice", c)
		}
	}
	sum := 0
	for _, n := range b.Helplines {
		if n < 1 || n > MaxBatch {
			return fmt.Errorf("notice: %d persons for a helpline in one batch", n)
		}
		sum += n
	}
	if sum != len(b.Targets) {
		return fmt.Errorf("notice: the batch has %d targets, and %d persons for helplines; each may ask one for help", len(b.Targets), sum)
	}
	return nil
}

// commitments checks a list of targets: each once.
func commitments(all []string) error {
	if len(all) == 0 || len(all) > MaxBatch {
		return fmt.Errorf("notice: %d targets in one step, want 1 to %d", len(all), MaxBatch)
	}
	seen := make(map[string]bool, len(all))
	for _, c := range all {
		if !commitmentForm.MatchString(c) || seen[c] {
			return errors.New("notice: a target is no commitment (64 digits of hex), or stands there twice; a step never has a name")
		}
		seen[c] = true
	}
	return nil
}

func line(s string, most int) bool {
	return s != "" && len(s) <= most && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}
