// Package edition makes the case file: a bag (RFC 8493) of what one reader may see
// of a case, with the proofs that it is whole. What is withheld is not in it; that
// it exists, since when, and that it was not changed, is.
package edition

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/fact"
	"github.com/ringfence/ringfence/verify"
)

// Edition is what a reader may see.
type Edition struct {
	Name   string // sealed, court, public, or person:T-0007
	tier   casefile.Tier
	person string // who gets its own file
}

var personForm = regexp.MustCompile(`^T-\d{4,9}$`)

// Parse reads the name of an edition.
func Parse(name string) (Edition, error) {
	if person, ok := strings.CutPrefix(name, "person:"); ok && personForm.MatchString(person) {
		return Edition{name, casefile.Public, person}, nil
	}
	if !slices.Contains(casefile.Tiers, casefile.Tier(name)) {
		return Edition{}, fmt.Errorf("%.40q is no edition; there are sealed, court, public, and person:T-0001", name)
	}
	return Edition{Name: name, tier: casefile.Tier(name)}, nil
}

// folder is how the edition stands in the name of the bag.
func (d Edition) folder() string {
	if d.person != "" {
		return d.person
	}
	return d.Name
}

// sees is what is seen of something of a tier that is about somebody.
func (d Edition) sees(t casefile.Tier, about string) bool {
	if d.person != "" && about == d.person {
		return t.Within(casefile.Court)
	}
	return t.Within(d.tier)
}

// narrowed are the tiers of facts that were given a narrower one later: then what
// was said before is not shown either.
type narrowed map[string]casefile.Tier

func subject(e verify.Entry) string { return e.Text("kind") + " " + e.Text("subject") }

// take notes the tier of a record.
func (n narrowed) take(e verify.Entry) {
	if e.Text("action") == "record" && e.Text("kind") != string(fact.KindNotice) { // whose records are steps
		n[subject(e)] = casefile.Tier(e.Text("tier")) // the last one counts
	}
}

// from is the tier from which on a field is shown.
func (n narrowed) from(e verify.Entry, field string) casefile.Tier {
	from := casefile.ShownFrom(e, field)
	if now, ok := n[subject(e)]; ok && e.Text("action") == "record" && from.Within(now) && casefile.OfItself(field) {
		return now
	}
	return from
}

// entry is an entry as the edition shows it, with what it withholds.
func (d Edition) entry(e verify.Entry, n narrowed) (verify.Entry, []string) {
	about := e.Text("about")
	shown := verify.Entry{N: e.N, Leaf: e.Leaf, Open: map[string]verify.Opening{}}
	for name, o := range e.Open {
		from := n.from(e, name)
		if d.person != "" && (name == "actor" || name == "key") {
			from = casefile.Sealed // a person's file names no other person
		}
		whose := about
		if name == "edition" { // a person's own file says whose it is
			whose = strings.TrimPrefix(e.Text(name), "person:")
		}
		if d.sees(from, whose) {
			shown.Open[name] = o
		}
	}
	if _, ok := shown.Open["actor"]; ok {
		shown.Note = e.Note // its signature has the name
	}
	return shown, shown.Withheld()
}

// why is the reason that the redaction log gives.
func (d Edition) why(e verify.Entry, n narrowed, field string) string {
	from := n.from(e, field)
	switch {
	case d.person != "":
		return "it is not about the person whose file this is"
	case from == casefile.Sealed:
		return "it is sealed: for lead and counsel"
	default:
		return "it is for the court and the parties"
	}
}

// exhibit tells whether the edition has an exhibit itself.
func (d Edition) exhibit(x casefile.Exhibit) bool { return d.sees(x.Tier, x.About) }
