package hunt

import "fmt"

// innocent is an explanation of a group that is no campaign. A doubt lowers the
// strength by one; what is certain takes the group out, and is counted under the
// explanation's name.
type innocent struct {
	name string // of what looks like this, for the count
	test func(p *Behaviour) (doubt, certain bool)
	say  func(p *Behaviour) string
}

// innocents are the explanations that are tried on every group. An attack does
// not talk, tries its target until it has what it wants, and picks its targets
// one by one; each line is something that people or machines without bad
// intentions do otherwise.
var innocents = []innocent{
	{"people who talk with strangers", func(p *Behaviour) (bool, bool) {
		s := share(p.Talked, p.Targets)
		return s > 0.05, s > 0.15
	}, func(p *Behaviour) string {
		return fmt.Sprintf("%s of the people it calls answer and talk: a call centre, a support desk or a fraud ring looks like this", some(p.Talked, p.Targets))
	}},
	{"machines that try everybody once", func(p *Behaviour) (bool, bool) {
		s := share(p.Repeated, p.Open)
		return s < 0.4, s < 0.2
	}, func(p *Behaviour) string {
		return fmt.Sprintf("%s of those who do not answer are tried once only: a scanner of numbers, one-ring fraud or a survey looks like this", some(p.Open-p.Repeated, p.Open))
	}},
	{"mass calls", func(p *Behaviour) (bool, bool) {
		return p.PerDay > 120 || p.Most > 1000, p.PerDay > 300 || p.Most > 3000
	}, func(p *Behaviour) string {
		return fmt.Sprintf("an account tries up to %d people, about %.0f on a day: bulk calls and verification by missed calls look like this", p.Most, p.PerDay)
	}},
	{"calls that are returned", func(p *Behaviour) (bool, bool) {
		s := share(p.Back, p.Targets)
		if share(p.Contacts, p.Attempts) > 0.5 { // who knows the account calls back, whoever has it now
			return s > 0.4, s > 0.6
		}
		return s > 0.1, s > 0.25
	}, func(p *Behaviour) string {
		return fmt.Sprintf("%s of the people it tries call back and talk: they know who it is, or one-ring fraud made them", some(p.Back, p.Targets))
	}},
	{"clients that fail and retry", func(p *Behaviour) (bool, bool) {
		s := share(p.Failed, p.Attempts)
		return s > 0.5, s > 0.9
	}, func(p *Behaviour) string {
		return fmt.Sprintf("%s of the attempts fail for a technical reason: a broken client that retries looks like this", some(p.Failed, p.Attempts))
	}},
	{"clients that call their contacts", func(p *Behaviour) (bool, bool) {
		own := share(p.Contacts, p.Attempts) > 0.8
		return own && p.Targets < 5*p.Accounts, own && p.Targets < 2*p.Accounts
	}, func(p *Behaviour) string {
		return fmt.Sprintf("%d accounts try %d people, most of whom had accepted them: a new client that has a fault looks like this", p.Accounts, p.Targets)
	}},
	{"a few people and their troubles", func(p *Behaviour) (bool, bool) {
		return p.Targets < 10 || p.Accounts < 3, p.Targets < 4
	}, func(p *Behaviour) string {
		return fmt.Sprintf("it is %d accounts and %d people only: a quarrel or a prank looks like this", p.Accounts, p.Targets)
	}},
	{"tests that call the same numbers all the time", func(p *Behaviour) (bool, bool) {
		return p.Attempts > 30*p.Targets, p.Attempts > 100*p.Targets
	}, func(p *Behaviour) string {
		return fmt.Sprintf("%d people are tried %d times: monitoring and persistent callers look like this", p.Targets, p.Attempts)
	}},
}

// some says a share in words that keep the numbers.
func some(part, whole int) string {
	words := "a few"
	switch s := share(part, whole); {
	case part == 0:
		words = "none"
	case part == whole:
		words = "all"
	case s > 0.9:
		words = "nearly all"
	case s > 0.6:
		words = "most"
	case s > 0.4:
		words = "about half"
	case s > 0.15:
		words = "a part"
	}
	return fmt.Sprintf("%s (%d of %d)", words, part, whole)
}

// plausible leaves out the groups that an innocent explanation fits for certain,
// by what the first reading says.
func (h *hunting) plausible(groups []group) (left []group) {
	for _, g := range groups {
		p := h.sketch(g)
		switch {
		case p.Talked > p.Open: // among them may be decoys, so that the line is higher here than below
			h.explained[innocents[0].name]++
		case share(p.Repeated, p.Open) < 0.1:
			h.explained[innocents[1].name]++
		default:
			left = append(left, g)
		}
	}
	return left
}

// Explain tries the innocent explanations that we know on a group. Certain is the
// one that fits for certain, or ""; against are those that raise a doubt, in
// sentences.
func Explain(b Behaviour) (certain string, against []string) {
	against = []string{}
	for _, i := range innocents {
		doubt, sure := i.test(&b)
		if sure && certain == "" {
			certain = i.name
		}
		if doubt {
			against = append(against, i.say(&b))
		}
	}
	return certain, against
}
