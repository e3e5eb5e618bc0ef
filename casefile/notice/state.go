package notice

import (
	"maps"
	"slices"
	"time"

	wire "github.com/ringfence/ringfence/wire/notice"
)

// Standing is a plan at a glance, without any target.
type Standing struct {
	ID        string              `json:"id"`
	Blocked   string              `json:"blocked,omitempty"` // why nothing may be sent now
	Drafts    []string            `json:"drafts,omitempty"`  // languages that nobody has approved
	Reviews   map[string]Review   `json:"reviews,omitempty"`
	Approved  []string            `json:"approved,omitempty"`  // by these persons
	Countries map[string][]string `json:"countries,omitempty"` // who approved sending there
	Told      map[string]Told     `json:"told,omitempty"`      // helplines
	Holds     []Held              `json:"holds,omitempty"`
	Cancelled string              `json:"cancelled,omitempty"` // by whom
	Sent      int                 `json:"sent"`
	Delivered int                 `json:"delivered"`
	Read      int                 `json:"read"`
	Waiting   int                 `json:"waiting_second_contact"` // at high risk, not yet reached by a partner
	Examine   int                 `json:"consent_examination"`
	Counted   int                 `json:"consent_counted"`
	OptedOut  int                 `json:"opted_out"`
}

// Standing tells how the plan stands.
func (p *Plan) Standing() Standing {
	s := Standing{ID: p.ID, Drafts: p.drafts(), Reviews: maps.Clone(p.reviews), Countries: map[string][]string{}, Told: maps.Clone(p.told),
		Holds: slices.Clone(p.holds), Cancelled: p.cancelled, Sent: len(p.targets), Waiting: len(p.AwaitingSecond()), OptedOut: len(p.out)}
	if err := p.Ready(); err != nil {
		s.Blocked = err.Error()
	}
	for _, a := range p.inForce(p.approvals, p.now) {
		s.Approved = append(s.Approved, a.By)
	}
	for country, all := range p.countries {
		for _, a := range p.inForce(all, p.now) {
			s.Countries[country] = append(s.Countries[country], a.By)
		}
	}
	count := func(n *int, is bool) {
		if is {
			*n++
		}
	}
	for c, t := range p.targets {
		count(&s.Delivered, !t.Delivered.IsZero())
		count(&s.Read, !t.Read.IsZero())
		count(&s.Examine, p.Consents(c, Examination))
		count(&s.Counted, p.Consents(c, Counted))
	}
	return s
}

// Undelivered are the commitments of those who were sent to and do not have the
// notice yet, in the order of sending.
func (p *Plan) Undelivered() (all []string) {
	for _, c := range p.order {
		if p.targets[c].Delivered.IsZero() && !p.out[c] {
			all = append(all, c)
		}
	}
	return all
}

// AwaitingSecond are the commitments of those at high risk whom no partner has
// reached yet.
func (p *Plan) AwaitingSecond() (all []string) {
	for _, c := range p.order {
		if t := p.targets[c]; t.High && t.Second.IsZero() {
			all = append(all, c)
		}
	}
	return all
}

// Target tells how far the notice came with a target; false when it was not told.
func (p *Plan) Target(commitment string) (Progress, bool) {
	t, ok := p.targets[commitment]
	if !ok {
		return Progress{}, false
	}
	one := *t
	one.Answers = slices.Clone(t.Answers)
	return one, true
}

// Consents tells whether a target's consent is in force: given, and not withdrawn
// since. Whatever uses what the consent is about asks each time.
func (p *Plan) Consents(commitment string, c Consent) bool {
	t, ok := p.targets[commitment]
	if !ok {
		return false
	}
	for _, a := range slices.Backward(t.Answers) {
		if a.Consent == c {
			return a.Given
		}
	}
	return false
}

// OptedOut tells whether the target wants no further notices. Whoever makes the
// list of another plan leaves the person out.
func (p *Plan) OptedOut(commitment string) bool { return p.out[commitment] }

// Sent is a wording that persons were sent, as the public page shows it.
type Sent struct {
	Language string       `json:"language"`
	Issued   string       `json:"issued"`
	Hash     string       `json:"sha256"` // for the transparency log: of title, empty line, body
	Wording  wire.Wording `json:"wording"`
	Since    time.Time    `json:"since"` // day of the first batch
}

// Public lists every wording that these plans ever sent, each once, for the public
// page: with it anybody can see that a wording is genuine, and that nobody was
// sent a secret one. It tells no number and no plan.
func Public(plans ...*Plan) []Sent {
	by := map[string]Sent{}
	for _, p := range plans {
		if len(p.order) == 0 {
			continue
		}
		since := p.targets[p.order[0]].Sent.UTC().Truncate(24 * time.Hour)
		for tag, w := range p.Text.Wordings {
			s := Sent{tag, p.Text.Issued, w.Hash(), w, since}
			if old, ok := by[tag+s.Hash]; !ok || since.Before(old.Since) {
				by[tag+s.Hash] = s
			}
		}
	}
	return slices.SortedFunc(maps.Values(by), func(a, b Sent) int {
		if c := a.Since.Compare(b.Since); c != 0 {
			return c
		}
		if a.Language != b.Language {
			return map[bool]int{true: -1, false: 1}[a.Language < b.Language]
		}
		return map[bool]int{true: -1, false: 1}[a.Hash < b.Hash]
	})
}
