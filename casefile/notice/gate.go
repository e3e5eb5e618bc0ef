package notice

import (
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	wire "github.com/ringfence/ringfence/wire/notice"
)

// review takes a reviewer's approval of the exact text of a language.
func (p *Plan) review(s Step, who Person) error {
	w, ok := p.Text.Wordings[s.Language]
	switch {
	case !ok:
		return refuse("the plan has no text in %.20q", s.Language)
	case !slices.Contains(who.Languages, s.Language):
		return refuse("%s is not enrolled as fluent in %s", who.Name, s.Language)
	case p.authors[s.Language] == who.Name:
		return refuse("%s wrote the text in %s; another person reviews it", who.Name, s.Language)
	case w.Hash() != s.Hash || p.Text.Versions[s.Language] != s.Version:
		return refuse("what %s reviewed in %s is not the text that the plan has now", who.Name, s.Language)
	}
	p.reviews[s.Language] = Review{By: who.Name, At: s.At, Hash: s.Hash}
	return nil
}

// drafts are the languages that nobody has approved.
func (p *Plan) drafts() (all []string) {
	for tag := range p.Text.Wordings {
		if _, ok := p.reviews[tag]; !ok {
			all = append(all, tag)
		}
	}
	slices.Sort(all)
	return all
}

// approve takes a person's signature under what devices will verify.
func (p *Plan) approve(s Step, who Person) error {
	if drafts := p.drafts(); len(drafts) > 0 {
		return refuse("no fluent reviewer has approved the text in %s; leave the language out, or have it reviewed", strings.Join(drafts, ", "))
	}
	key, err := note.NewVerifier(who.Key)
	if err != nil || key.Name() != who.Name {
		return refuse("%s has no key that signs notices", who.Name)
	}
	one, err := note.Open([]byte(s.Signed), note.VerifierList(key))
	if err != nil {
		return refuse("the signature is not that of %s", who.Name)
	}
	want, err := p.SignedText()
	if err != nil {
		return err
	}
	if one.Text != want {
		return refuse("what %s signed is not the notice that the plan has now", who.Name)
	}
	a := approval{who.Name, bareKey(who.Key), one.Sigs[0]}
	others := p.inForce(p.approvals, s.At)
	if other, twice := sameHand(others, a); twice {
		return refuse("%s has approved already, with the same name or key; the second person is another one", other)
	}
	p.approvals = append(others, a)
	return nil
}

// approveCountry takes a person's agreement to sending into a country.
func (p *Plan) approveCountry(s Step, who Person) error {
	a := approval{By: who.Name, Key: bareKey(who.Key)}
	others := p.inForce(p.countries[s.Country], s.At)
	if other, twice := sameHand(others, a); twice {
		return refuse("%s has approved %s already, with the same name or key; the second person is another one", other, s.Country)
	}
	p.countries[s.Country] = append(others, a)
	return nil
}

// sameHand finds an approval by the same person, or with the same key under
// another name.
func sameHand(all []approval, a approval) (string, bool) {
	i := slices.IndexFunc(all, func(b approval) bool { return b.By == a.By || b.Key == a.Key })
	if i < 0 {
		return "", false
	}
	return all[i].By, true
}

// bareKey is the key of name+hash+key.
func bareKey(vkey string) string {
	_, rest, _ := strings.Cut(vkey, "+")
	_, key, _ := strings.Cut(rest, "+")
	return key
}

// tell takes what a helpline was told; a later number takes the place of an
// earlier one, the time of the first stays when no more are coming.
func (p *Plan) tell(s Step) error {
	if _, ok := p.Text.Facts.helpline(s.Helpline); !ok {
		return refuse("the notice names no helpline %.80q", s.Helpline)
	}
	told := Told{By: s.By, At: s.At, Count: s.Count, From: s.From}
	if old, ok := p.told[s.Helpline]; ok && s.Count <= old.Count && s.From >= old.From {
		told.At = old.At
	}
	p.told[s.Helpline] = told
	return nil
}

func (p *Plan) release(s Step) error {
	if s.Held > len(p.holds) || !p.holds[s.Held-1].Released.IsZero() {
		return refuse("there is no hold %d that is in force", s.Held)
	}
	p.holds[s.Held-1].Released = s.At
	return nil
}

// send opens the gate for a batch, when everything is in order.
func (p *Plan) send(s Step) error {
	if err := p.ready(s.At); err != nil {
		return err
	}
	if err := p.mayEnter(s.Batch.Countries, s.At); err != nil {
		return err
	}
	if err := p.helpersAreReady(s); err != nil {
		return err
	}
	for _, c := range s.Batch.Targets {
		if _, twice := p.targets[c]; twice {
			return refuse("a target of the batch was told already; nobody is told twice")
		}
		if p.out[c] {
			return refuse("a target of the batch wants no notices")
		}
	}
	for _, c := range s.Batch.Targets {
		p.targets[c] = &Progress{Sent: s.At, High: slices.Contains(s.Batch.High, c)}
	}
	p.order = append(p.order, s.Batch.Targets...)
	p.sentBatches, p.sentAt = p.sentBatches+1, s.At
	today := utcDay(s.At)
	if p.days[today] == nil {
		p.days[today] = map[string]int{}
	}
	for name, n := range s.Batch.Helplines {
		p.days[today][name] += n
	}
	return nil
}

// Ready refuses, and says why, while nothing may be sent to anybody.
func (p *Plan) Ready() error { return p.ready(p.now) }

func (p *Plan) ready(at time.Time) error {
	if p.ID == "" {
		return refuse("there is no draft")
	}
	if p.cancelled != "" {
		return refuse("plan %s was cancelled by %s", p.ID, p.cancelled)
	}
	for i, h := range p.holds {
		if h.Released.IsZero() {
			return refuse("hold %d by %s is in force", i+1, h.By)
		}
	}
	if drafts := p.drafts(); len(p.Text.Wordings) == 0 || len(drafts) > 0 {
		return refuse("no fluent reviewer has approved the text in %s", strings.Join(drafts, ", "))
	}
	if n := len(p.inForce(p.approvals, at)); n < wire.Approvals {
		return refuse("%d of %d persons have approved, with keys that are in force", n, wire.Approvals)
	}
	for _, h := range p.Text.Facts.Helplines {
		if p.told[h.Name].Count == 0 {
			return refuse("%s was not told that people are coming", h.Name)
		}
	}
	if !p.replay && len(p.targets) == 0 {
		return p.Text.lint()
	}
	return nil
}

// mayEnter asks for two persons for each country at risk, and for the unknown one.
func (p *Plan) mayEnter(countries []string, at time.Time) error {
	for _, c := range countries {
		n := len(p.inForce(p.countries[c], at))
		if (c == Unknown || slices.Contains(p.rules.Risk, c)) && n < wire.Approvals {
			return refuse("%d of %d persons have approved sending into %s", n, wire.Approvals, c)
		}
	}
	return nil
}

// inForce are the approvals by keys that nobody has withdrawn: what a stolen key
// approved does not count once that is known.
func (p *Plan) inForce(all []approval, at time.Time) (some []approval) {
	for _, a := range all {
		if who, ok := p.enrolled(a.By, at); ok && bareKey(who.Key) == a.Key {
			some = append(some, a)
		}
	}
	return some
}

// helpersAreReady keeps to what the helplines were told, and can take in a day.
func (p *Plan) helpersAreReady(s Step) error {
	today := utcDay(s.At)
	for _, name := range slices.Sorted(maps.Keys(s.Batch.Helplines)) {
		h, ok := p.Text.Facts.helpline(name)
		if !ok {
			return refuse("the notice names no helpline %.80q", name)
		}
		told, n := p.told[name], s.Batch.Helplines[name]
		if s.At.Before(told.At.Add(p.rules.Lead)) || today < told.From {
			return refuse("%s was told of %s, and at least %s before; this is earlier", name, told.From, p.rules.Lead)
		}
		if p.days[today][name]+n > h.Daily {
			return refuse("%s takes %d persons in a day, and %d were sent today; %d more wait for another day", name, h.Daily, p.days[today][name], n)
		}
		if all := p.SentTo(name) + n; all > told.Count {
			return refuse("%s was told of %d persons, and with this batch %d come; tell it first", name, told.Count, all)
		}
	}
	return nil
}

// SentTo is how many persons were told of whom this helpline is the nearest.
func (p *Plan) SentTo(helpline string) (n int) {
	for _, day := range p.days {
		n += day[helpline]
	}
	return n
}

func utcDay(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// progress takes what happened to targets who were told.
func (p *Plan) progress(s Step) error {
	for _, c := range s.Targets {
		t, ok := p.targets[c]
		switch {
		case !ok:
			return refuse("a target of the step was not told")
		case s.Kind == Read && t.Delivered.IsZero():
			return refuse("a target of the step read what was not delivered")
		case s.Kind == Answer && *s.Given && t.Delivered.IsZero() && t.Second.IsZero():
			return refuse("a target of the step says yes to what did not reach the person")
		case s.Kind == SecondContact && !t.High:
			return refuse("a target of the step is not one who gets a second contact")
		}
	}
	for _, c := range s.Targets {
		t := p.targets[c]
		switch s.Kind {
		case Delivered:
			t.Delivered = first(t.Delivered, s.At)
		case Read:
			t.Read = first(t.Read, s.At)
		case SecondContact:
			t.Second = first(t.Second, s.At)
		case Answer:
			t.Answers = append(t.Answers, Answered{s.Consent, *s.Given, s.At})
		}
	}
	return nil
}

// first keeps the earlier time: telling a thing twice changes nothing.
func first(old, now time.Time) time.Time {
	if old.IsZero() {
		return now
	}
	return old
}
