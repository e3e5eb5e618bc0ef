package hunt

import "fmt"

// innocent is an explanation of a group that is no campaign. A doubt lowers the
// strength by one; what is certain takes the group out, and is counted under the
// explanation's name.
type innocent struct {
	name string // of what looks like this, for the count
	test func(p *profile) (doubt, certain bool)
	say  func(p *profile) string
}

// innocents are the explanations that are tried on every group. An attack does
// not talk, tries its target until it has what it wants, and picks its targets
// one by one; each line is something that people or machines without bad
// intentions do otherwise.
var innocents = []innocent{
	{"people who talk with strangers", func(p *profile) (bool, bool) {
		s := share(p.talked, p.targets)
		return s > 0.05, s > 0.15
	}, func(p *profile) string {
		return fmt.Sprintf("%s of the people it calls answer and talk: a call centre, a support desk or a fraud ring looks like this", some(p.talked, p.targets))
	}},
	{"machines that try everybody once", func(p *profile) (bool, bool) {
		s := share(p.repeated, p.open)
		return s < 0.4, s < 0.2
	}, func(p *profile) string {
		return fmt.Sprintf("%s of those who do not answer are tried once only: a scanner of numbers, one-ring fraud or a survey looks like this", some(p.open-p.repeated, p.open))
	}},
	{"mass calls", func(p *profile) (bool, bool) {
		return p.perDay > 120 || p.most > 1000, p.perDay > 300 || p.most > 3000
	}, func(p *profile) string {
		return fmt.Sprintf("an account tries up to %d people, about %.0f on a day: bulk calls and verification by missed calls look like this", p.most, p.perDay)
	}},
	{"calls that are returned", func(p *profile) (bool, bool) {
		s := share(p.back, p.targets)
		if share(p.contacts, p.attempts) > 0.5 { // who knows the account calls back, whoever has it now
			return s > 0.4, s > 0.6
		}
		return s > 0.1, s > 0.25
	}, func(p *profile) string {
		return fmt.Sprintf("%s of the people it tries call back and talk: they know who it is, or one-ring fraud made them", some(p.back, p.targets))
	}},
	{"clients that fail and retry", func(p *profile) (bool, bool) {
		s := share(p.failed, p.attempts)
		return s > 0.5, s > 0.9
	}, func(p *profile) string {
		return fmt.Sprintf("%s of the attempts fail for a technical reason: a broken client that retries looks like this", some(p.failed, p.attempts))
	}},
	{"clients that call their contacts", func(p *profile) (bool, bool) {
		own := share(p.contacts, p.attempts) > 0.8
		return own && p.targets < 5*p.accounts, own && p.targets < 2*p.accounts
	}, func(p *profile) string {
		return fmt.Sprintf("%d accounts try %d people, most of whom had accepted them: a new client that has a fault looks like this", p.accounts, p.targets)
	}},
	{"a few people and their troubles", func(p *profile) (bool, bool) {
		return p.targets < 10 || p.accounts < 3, p.targets < 4
	}, func(p *profile) string {
		return fmt.Sprintf("it is %d accounts and %d people only: a quarrel or a prank looks like this", p.accounts, p.targets)
	}},
	{"tests that call the same numbers all the time", func(p *profile) (bool, bool) {
		return p.tries > 30, p.tries > 100
	}, func(p *profile) string {
		return fmt.Sprintf("each is tried %.0f times on average: monitoring and persistent callers look like this", p.tries)
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
		case p.talked > p.open: // among them may be decoys, so that the line is higher here than below
			h.explained[innocents[0].name]++
		case share(p.repeated, p.open) < 0.1:
			h.explained[innocents[1].name]++
		default:
			left = append(left, g)
		}
	}
	return left
}

func certain(p *profile, tries []innocent) string {
	for _, i := range tries {
		if _, yes := i.test(p); yes {
			return i.name
		}
	}
	return ""
}
