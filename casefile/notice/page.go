package notice

// Page is what a person reads beside the notice, and is asked.
type Page struct {
	Language string    `json:"language"`
	Dir      string    `json:"dir"` // ltr or rtl
	Title    string    `json:"title"`
	Sections []Section `json:"sections"`
	Asked    []Asked   `json:"asked"`
	Help     []Help    `json:"help"`
}

// Section is a part of the page.
type Section struct {
	ID         string   `json:"id"` // happened, means, do, help, choice, safety, genuine, again
	Heading    string   `json:"heading"`
	Paragraphs []string `json:"paragraphs,omitempty"`
	Steps      []string `json:"steps,omitempty"` // in this order
}

// Asked is a question whose answer is no until the person says yes.
type Asked struct {
	Consent  Consent `json:"consent"`
	Question string  `json:"question"`
	Meaning  string  `json:"meaning"`
}

// Help is a helpline with what the operator configured of it.
type Help struct {
	Name    string `json:"name"`
	Region  string `json:"region"`
	Address string `json:"address,omitempty"`
}

// NewPage writes the page of a person who has this code. Its texts are those of
// the version that Language tells; only a version that was reviewed may be shown,
// which Plan.Page sees to.
func NewPage(f Facts, tag, code string) (Page, error) {
	if err := f.Check(); err != nil {
		return Page{}, err
	}
	t, err := tongueOf(tag)
	if err != nil {
		return Page{}, err
	}
	say := t.say(f, code)
	section := func(id string, paragraphs ...string) Section {
		return Section{ID: id, Heading: say("head." + id), Paragraphs: paragraphs}
	}
	do := section("do")
	do.Steps = steps(say)
	p := Page{Language: tag, Dir: say("dir"), Title: say("title"), Sections: []Section{
		section("happened", say("seen."+string(f.Seen))+" "+say(f.outcome()), say("did")+" "+did(f, say)),
		section("means", say("means")), do,
		section("help", say("confidential")),
		section("choice", say("withdraw")),
		section("safety", say("safety")),
		section("genuine", say("us"), say("code"), say("same"), say("asks")),
		section("again", say("again")),
	}}
	for _, c := range []Consent{Examination, Counted} {
		p.Asked = append(p.Asked, Asked{c, say(string(c) + ".ask"), say(string(c) + ".mean")})
	}
	for _, h := range f.Helplines {
		p.Help = append(p.Help, Help{h.Name, t.parts["region."+h.Region], h.Address})
	}
	return p, nil
}

// Carry is the text for another channel, which a partner hands over: it says
// nothing of what happened, only how to find the notice in the app.
func Carry(f Facts, tag, code string) (string, error) {
	if err := f.Check(); err != nil {
		return "", err
	}
	t, err := tongueOf(tag)
	if err != nil {
		return "", err
	}
	return t.say(f, code)("carry"), nil
}
