package document

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/fact"
)

// item is a fact with the record that holds it.
type item[F any] struct {
	casefile.Record
	Fact F
}

// book is a source whose facts were read.
type book struct {
	Source
	open bool // for everybody, or for one target: no names, and no small counts

	incidents      []item[fact.Incident]
	campaigns      []item[fact.Campaign]
	findings       []item[fact.Finding]
	accounts       []item[fact.Account]
	infrastructure []item[fact.Infrastructure]
	devices        []item[fact.Device]
	targets        []item[fact.Person]
	hours          []item[fact.Hours]
	costs          []item[fact.Cost]
	terms          []item[fact.Terms]
	servers        []item[fact.Server]
	conduct        []item[fact.Conduct]
	parties        []item[fact.Party]
	paragraphs     []item[fact.Paragraph]

	exhibits map[string]casefile.Exhibit
	taken    map[string]int64 // the entry by which an exhibit was taken in, of withheld ones too
	listed   map[string]bool  // exhibits and entries that have a row in the document, to which links lead
}

// kinds are those that are read here, in the order of their tables.
var kinds = []fact.Kind{fact.KindIncident, fact.KindCampaign, fact.KindFinding, fact.KindAccount, fact.KindInfrastructure, fact.KindDevice, fact.KindPerson,
	fact.KindHours, fact.KindCost, fact.KindTerms, fact.KindServer, fact.KindConduct, fact.KindParty, fact.KindParagraph, fact.KindJudgement, fact.KindNotice, fact.KindRoster, fact.KindDeadline}

func read(s Source) (*book, error) {
	b := &book{Source: s, open: s.Edition != "court" && s.Edition != "sealed",
		exhibits: map[string]casefile.Exhibit{}, taken: map[string]int64{}, listed: map[string]bool{}}
	if s.Case.ID == "" || s.Edition == "" || s.Made.IsZero() {
		return nil, errors.New("its source has no case, no edition or no time")
	}
	if judged := s.Records[fact.KindJudgement]; b.open && len(judged) > 0 {
		b.Records = maps.Clone(s.Records)
		b.Records[fact.KindJudgement] = unnamed(judged)
	}
	for k := range s.Records {
		if !slices.Contains(kinds, k) {
			return nil, fmt.Errorf("%.40q is no kind of fact that a case file has", k)
		}
	}
	err := errors.Join(load(s, fact.KindIncident, &b.incidents), load(s, fact.KindCampaign, &b.campaigns), load(s, fact.KindFinding, &b.findings),
		load(s, fact.KindAccount, &b.accounts), load(s, fact.KindInfrastructure, &b.infrastructure), load(s, fact.KindDevice, &b.devices),
		load(s, fact.KindPerson, &b.targets), load(s, fact.KindHours, &b.hours), load(s, fact.KindCost, &b.costs), load(s, fact.KindTerms, &b.terms),
		load(s, fact.KindServer, &b.servers), load(s, fact.KindConduct, &b.conduct), load(s, fact.KindParty, &b.parties), load(s, fact.KindParagraph, &b.paragraphs))
	if err != nil {
		return nil, err
	}
	for i, e := range s.Entries {
		b.listed[entryAnchor(e.N)] = i < maxRows
		if a := e.Text("action"); a == "acquire" || a == "derive" {
			b.taken[e.Text("exhibit")] = e.N
		}
	}
	for i, x := range s.Exhibits {
		b.listed[x.ID] = i < maxRows
		b.exhibits[x.ID], b.taken[x.ID] = x, x.Entry
	}
	slices.SortStableFunc(b.paragraphs, func(x, y item[fact.Paragraph]) int { return x.Fact.Order - y.Fact.Order })
	return b, b.unsupported()
}

func load[F any](s Source, k fact.Kind, into *[]item[F]) error {
	for _, r := range s.Records[k] {
		f, err := fact.Read(k, r.Body)
		if err != nil {
			return fmt.Errorf("%s, entry %d: %w", r.ID, r.Entry, err)
		}
		of, ok := any(f).(*F)
		if !ok {
			return fmt.Errorf("%s, entry %d: it is no %s", r.ID, r.Entry, k)
		}
		*into = append(*into, item[F]{r, *of})
	}
	return nil
}

// unsupported names every paragraph that alleges something and rests on no exhibit
// of the case. An exhibit that this edition withholds counts: its entry is there.
func (b *book) unsupported() error {
	var all []string
	for _, p := range b.paragraphs {
		if p.Fact.Allegation && !slices.ContainsFunc(p.Exhibits, b.exists) {
			all = append(all, fmt.Sprintf("%s (entry %d, in the part %q)", p.ID, p.Entry, p.Fact.Section))
		}
	}
	if all != nil {
		return fmt.Errorf("%s: what alleges something must rest on an exhibit that the case has, and rests on none; name one in the paragraph, or say it as no allegation", strings.Join(all, ", "))
	}
	return nil
}

func (b *book) exists(exhibit string) bool {
	_, ok := b.taken[exhibit]
	return ok
}

// who is a person who acted, as the edition may name it.
func (b *book) who(name string) string {
	for _, p := range b.Persons {
		if p.Name != name {
			continue
		}
		if b.open {
			return string(p.Role)
		}
		return fmt.Sprintf("%s (%s)", p.Name, p.Role)
	}
	if b.open || name == "" {
		return "a person of the service"
	}
	return name
}

var personForm = regexp.MustCompile(`\bT-[0-9]{4,9}\b`)

// clean is a text as the edition may show it: what would disturb its reading is made
// visible, and in the editions for everybody no single target is named, by a
// pseudonym either, whatever a person wrote.
func (b *book) clean(s string) string {
	s = inert(s)
	if !b.open {
		return s
	}
	own, _ := strings.CutPrefix(b.Edition, "person:")
	return personForm.ReplaceAllStringFunc(s, func(id string) string {
		if id == own {
			return id
		}
		return "[a target]"
	})
}
