package notice

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	wire "github.com/ringfence/ringfence/wire/notice"
)

// Roles of persons, as the casework room has them.
const (
	analyst  = "analyst"
	reviewer = "reviewer"
	lead     = "lead"
	counsel  = "counsel"
)

// Person is somebody whose key the operator enrolled.
type Person struct {
	Name      string
	Role      string    // analyst, reviewer, lead, counsel, partner
	Key       string    // as note.NewVerifier reads it
	Languages []string  // in which the person is fluent
	Since     time.Time // zero: always
	Until     time.Time // when the key was withdrawn; zero: it was not
}

// Rules are what the operator set down before, and no step changes.
type Rules struct {
	People []Person
	Risk   []string      // countries where a notice can endanger: two persons approve each
	Lead   time.Duration // how long before the first batch a helpline is told, at least
}

// DefaultLead gives a helpline a day.
const DefaultLead = 24 * time.Hour

var anyOfUs = []string{analyst, reviewer, lead, counsel}

// Approvers are the roles that may approve a notice.
var Approvers = []string{reviewer, lead, counsel}

// may lists the roles that may take a step. A partner takes none: it sees one case,
// and what it does is recorded by those who run it.
var may = map[Kind][]string{
	Draft: anyOfUs, Edit: anyOfUs,
	ReviewLanguage: {reviewer},
	Approve:        Approvers,
	HelplineTold:   anyOfUs,
	CountryApprove: Approvers,
	Hold:           anyOfUs, Release: {lead, counsel}, Cancel: {lead, counsel},
	SendBatch: anyOfUs, Delivered: anyOfUs, Read: anyOfUs, SecondContact: anyOfUs, Answer: anyOfUs, OptOut: anyOfUs, OptIn: anyOfUs,
}

// Plan is how a campaign's targets are told: what its steps made of it.
type Plan struct {
	ID   string
	Text Text

	rules     Rules
	replay    bool              // the steps stand in the ledger already
	now       time.Time         // of the last step
	authors   map[string]string // language: who wrote its words
	reviews   map[string]Review
	approvals []approval
	countries map[string][]approval
	told      map[string]Told
	holds     []Held
	cancelled string
	targets   map[string]*Progress
	order     []string // of targets, as they were sent to

	sentBatches int
	sentAt      time.Time // of the last batch
	days        map[string]map[string]int
	out         map[string]bool // of those who want no more notices
}

// Review is a language approved by a person fluent in it.
type Review struct {
	By   string    `json:"by"`
	At   time.Time `json:"at"`
	Hash string    `json:"hash"`
}

type approval struct {
	By  string
	Key string // the public key itself, without the name
	Sig note.Signature
}

// Told is what a helpline was told.
type Told struct {
	By    string    `json:"by"`
	At    time.Time `json:"at"`
	Count int       `json:"count"` // persons of the whole plan
	From  string    `json:"from"`  // day
}

// Held is a hold.
type Held struct {
	By       string    `json:"by"`
	At       time.Time `json:"at"`
	Reason   string    `json:"reason"`
	Released time.Time `json:"released,omitzero"`
}

// Progress is how far the notice came with one target.
type Progress struct {
	Sent      time.Time
	Delivered time.Time
	Read      time.Time
	High      bool      // gets a second contact
	Second    time.Time // when a partner reached the person
	Answers   []Answered
}

// Answered is a consent that was given or withdrawn.
type Answered struct {
	Consent Consent   `json:"consent"`
	Given   bool      `json:"given"`
	At      time.Time `json:"at"`
}

// Fold makes a plan of its steps, the first of which is a draft. A step that was
// not allowed is an error, with its number from 1. The words are not held against
// the rules of wording again, which may be newer than the steps; that is done
// before anything is sent.
func Fold(r Rules, steps []Step) (*Plan, error) {
	p := New(r)
	p.replay = true
	defer func() { p.replay = false }()
	for i, s := range steps {
		if err := p.Apply(s); err != nil {
			return nil, fmt.Errorf("step %d of plan %.20q: %w", i+1, s.Plan, err)
		}
	}
	return p, nil
}

// New is a plan before its first step.
func New(r Rules) *Plan {
	return &Plan{rules: r, authors: map[string]string{}, reviews: map[string]Review{}, countries: map[string][]approval{},
		told: map[string]Told{}, targets: map[string]*Progress{}, days: map[string]map[string]int{}, out: map[string]bool{}}
}

// ErrRefused is that a step is not allowed, or not yet; the error says why.
var ErrRefused = errors.New("notice: refused")

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrRefused, fmt.Sprintf(format, args...))
}

// Apply takes a step, or refuses it and leaves the plan as it was.
func (p *Plan) Apply(s Step) error {
	if err := s.Check(); err != nil {
		return err
	}
	who, err := p.person(s)
	if err != nil {
		return err
	}
	switch {
	case s.Kind == Draft && p.ID != "":
		return refuse("plan %s has a draft; edit it", p.ID)
	case s.Kind != Draft && p.ID == "":
		return refuse("the first step of a plan is a draft")
	case p.ID != "" && s.Plan != p.ID:
		return refuse("the step belongs to plan %s, this is %s", s.Plan, p.ID)
	case s.At.Before(p.now):
		return refuse("the step is of %s, before the last one; clocks must agree", s.At.UTC().Format(time.RFC3339))
	case p.cancelled != "" && !slices.Contains([]Kind{Delivered, Read, SecondContact, Answer, OptOut, OptIn}, s.Kind):
		return refuse("plan %s was cancelled by %s", p.ID, p.cancelled)
	}
	if err := p.act(s, who); err != nil {
		return err
	}
	p.now = s.At
	return nil
}

// person is who takes the step, when enrolled at that time in a role that may.
func (p *Plan) person(s Step) (Person, error) {
	who, ok := p.enrolled(s.By, s.At)
	if !ok {
		return Person{}, refuse("%.64q has no key that is in force at %s", s.By, s.At.UTC().Format(time.RFC3339))
	}
	if !slices.Contains(may[s.Kind], who.Role) {
		return Person{}, refuse("%s is %s; a step %s is taken by %s", who.Name, who.Role, s.Kind, strings.Join(may[s.Kind], ", "))
	}
	return who, nil
}

// enrolled finds a person by the key that is in force at a time; somebody who was
// given another key stands among the people twice.
func (p *Plan) enrolled(name string, at time.Time) (Person, bool) {
	i := slices.IndexFunc(p.rules.People, func(q Person) bool {
		return q.Name == name && !at.Before(q.Since) && (q.Until.IsZero() || at.Before(q.Until))
	})
	if i < 0 {
		return Person{}, false
	}
	return p.rules.People[i], true
}

func (p *Plan) act(s Step, who Person) error {
	switch s.Kind {
	case Draft, Edit:
		return p.write(s)
	case ReviewLanguage:
		return p.review(s, who)
	case Approve:
		return p.approve(s, who)
	case HelplineTold:
		return p.tell(s)
	case CountryApprove:
		return p.approveCountry(s, who)
	case Hold:
		p.holds = append(p.holds, Held{By: s.By, At: s.At, Reason: s.Reason})
		return nil
	case Release:
		return p.release(s)
	case Cancel:
		p.cancelled = s.By
		return nil
	case SendBatch:
		return p.send(s)
	case OptOut:
		for _, c := range s.Targets {
			p.out[c] = true
		}
		return nil
	case OptIn:
		for _, c := range s.Targets {
			delete(p.out, c)
		}
		return nil
	}
	return p.progress(s)
}

// write takes the texts of a draft or an edit.
func (p *Plan) write(s Step) error {
	if len(p.targets) > 0 {
		return refuse("persons were told already; everybody of a plan reads the same words, make another plan for other ones")
	}
	if err := s.Text.check(s.At); err != nil {
		return err
	}
	if !p.replay {
		if err := s.Text.lint(); err != nil {
			return err
		}
	}
	for tag, w := range s.Text.Wordings {
		if old, ok := p.Text.Wordings[tag]; ok && old.Hash() == w.Hash() && p.Text.Versions[tag] == s.Text.Versions[tag] && p.samePage(*s.Text) {
			continue // the words are the same: their author and their review stay
		}
		p.authors[tag] = s.By
		delete(p.reviews, tag)
	}
	for tag := range p.reviews {
		if _, ok := s.Text.Wordings[tag]; !ok {
			delete(p.reviews, tag)
		}
	}
	p.ID, p.Text, p.approvals, p.countries = s.Plan, s.Text.clone(), nil, map[string][]approval{}
	return nil
}

// samePage tells whether other texts lead to the same page for a person.
func (p *Plan) samePage(t Text) bool {
	a, b := p.Text.Facts, t.Facts
	same := a.Issuer == b.Issuer && a.Page == b.Page && a.From == b.From && a.Until == b.Until && a.Outcome == b.Outcome && a.Seen == b.Seen
	return same && slices.Equal(a.Did, b.Did) && slices.EqualFunc(a.Helplines, b.Helplines, func(x, y Helpline) bool {
		return x.Name == y.Name && x.Region == y.Region && x.Address == y.Address
	})
}

func (t Text) clone() Text {
	t.Wordings, t.Versions = maps.Clone(t.Wordings), maps.Clone(t.Versions)
	t.Facts.Did = slices.Clone(t.Facts.Did)
	t.Facts.Helplines = slices.Clone(t.Facts.Helplines)
	return t
}

// NewText writes the texts of a plan in these languages, as drafts. Issued is the
// day that devices show.
func NewText(f Facts, issued string, languages ...string) (Text, error) {
	t := Text{Facts: f, Issued: issued, Wordings: map[string]wire.Wording{}, Versions: map[string]string{}}
	for _, tag := range languages {
		w, err := Write(f, tag)
		if err != nil {
			return Text{}, err
		}
		t.Wordings[tag] = w
		t.Versions[tag] = tongues()[tag].version
	}
	return t, nil
}

// check refuses texts that have no one form.
func (t Text) check(at time.Time) error {
	issued, err := day(t.Issued)
	if err != nil {
		return err
	}
	if err := t.Facts.Check(); err != nil {
		return err
	}
	if until, err := day(t.Facts.Until); err != nil || until.After(at) {
		return refuse("the window ends after the step; a notice tells what was, not what will be")
	}
	if from, err := day(t.Facts.From); err != nil || issued.Before(from) {
		return refuse("the notice is issued on %s, before the first attempt", t.Issued)
	}
	if len(t.Wordings) != len(t.Versions) {
		return refuse("each language needs the version of its texts")
	}
	for _, tag := range slices.Sorted(maps.Keys(t.Wordings)) {
		if !hashForm.MatchString(t.Versions[tag]) {
			return refuse("%.20q needs the version of its texts", tag)
		}
	}
	form := wire.Notice{Issuer: t.Facts.Issuer, Issued: t.Issued, Wordings: t.Wordings}
	_, err = form.Text()
	return err
}

// lint holds the texts against the rules of wording.
func (t Text) lint() error {
	for _, tag := range slices.Sorted(maps.Keys(t.Wordings)) {
		faults, err := Check(t.Facts, tag, t.Wordings[tag])
		if err != nil {
			return err
		}
		if len(faults) > 0 {
			return refuse("the text in %s breaks %d rules; the first: %s", tag, len(faults), faults[0])
		}
	}
	return nil
}
