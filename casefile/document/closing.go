package document

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/fact"
	"github.com/ringfence/ringfence/verify"
)

func (w *writer) method() {
	w.begin("method", "Method, tools, validation and limits")
	if !w.written("method") {
		w.nothing("the method, conflicts of interest, funding or review by peers, in words")
	}
	w.heading("How evidence was kept")
	w.say("Each exhibit was hashed with SHA-256 and SHA3-256 while it was taken in, and kept encrypted under the hash of what is kept, in a place where it cannot be written again. Who works on it opens a copy, which is recorded first. Every act is signed with a key of the person who acts, and stands in the ledger whose hash is on the first page.")
	w.heading("Tools")
	used := map[string]int{}
	for _, e := range w.Entries {
		if tool := e.Text("tool"); tool != "" {
			used[tool]++
		}
	}
	t := table{ID: "tools", Caption: "Tools with which the acts on this case were done", Head: columns("Tool and version", "#Acts")}
	for _, name := range slices.Sorted(maps.Keys(used)) {
		t.Rows = append(t.Rows, []cell{w.text(name), number(used[name])})
	}
	w.table(t, "the tools of single acts in this extract")
	w.say("This document was made with %s.", cmp.Or(w.Tool, "a tool whose version is not recorded"))
	w.heading("Validation")
	tests := table{ID: "selftests", Caption: "What was tried against what is known", Head: columns("What was tried", "How it came out", "When")}
	for _, s := range w.SelfTests {
		tests.Rows = append(tests.Rows, []cell{w.text(s.What), w.text(s.Result), at(s.At)})
	}
	w.table(tests, "self-tests of the tool, or its rates of error, for this edition")
	w.heading("Limits")
	w.say("Hashes and the ledger show that nothing was changed since it was taken in. They do not show that what was taken in was true, or complete.")
	w.say("Outside witnesses show that the ledger was only ever added to. A time stamp shows that it existed at a time.")
	w.say("Records of a service show accounts, not persons.")
	w.heading("Right of reply")
	if !w.written("reply") {
		w.nothing("a reply of those who are named; none was recorded before this edition was made")
	}
}

func (w *writer) harm() {
	w.begin("harm", "Harm and loss")
	if !w.written("harm") {
		w.nothing("the harm, in words")
	}
	w.heading("Work on the response")
	t := table{ID: "hours", Caption: "Work on the response", Head: columns("No.", "Day", "Who", "What", "#Minutes", "#Rate an hour", "#Amount", "Rests on", "Entry"), File: "tables/hours.csv"}
	minutes, worth := 0, map[string]int64{}
	for _, h := range w.hours {
		f := h.Fact
		who := f.Who
		if w.open {
			who = "a person of the service"
		}
		amount := f.Rate * int64(f.Minutes) / 60
		minutes += f.Minutes
		worth[f.Currency] += amount
		t.Rows = append(t.Rows, []cell{code(h.ID), code(f.Day), w.text(who), w.text(f.Task), number(f.Minutes), money(f.Rate, f.Currency), money(amount, f.Currency), w.rests(h.Record), w.of(h.Record)})
	}
	w.table(t, "hours of work on the response")
	if minutes > 0 {
		w.say("Together %d hours and %d minutes%s.", minutes/60, minutes%60, total(worth))
	}
	w.heading("Other cost")
	c := table{ID: "costs", Caption: "Other cost", Head: columns("No.", "Day", "What", "#Amount", "Rests on", "Entry"), File: "tables/cost.csv"}
	spent := map[string]int64{}
	for _, x := range w.costs {
		spent[x.Fact.Currency] += x.Fact.Amount
		c.Rows = append(c.Rows, []cell{code(x.ID), code(x.Fact.Day), w.text(x.Fact.What), money(x.Fact.Amount, x.Fact.Currency), w.rests(x.Record), w.of(x.Record)})
	}
	w.table(c, "other cost")
	if len(spent) > 0 {
		w.say("Together%s.", strings.TrimPrefix(total(spent), ", that is"))
	}
	notified, read := 0, 0
	for _, p := range w.targets {
		notified += one(!p.Fact.Notified.IsZero())
		read += one(!p.Fact.Read.IsZero())
	}
	w.say("To %s a notice is recorded as sent; it is recorded as read by %s.", w.count(notified, "target"), w.count(read, "target"))
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

func money(hundredths int64, currency string) cell {
	if currency == "" {
		return nil
	}
	return code(amount(hundredths, currency))
}

func amount(n int64, currency string) string {
	return fmt.Sprintf("%d.%02d %s", n/100, n%100, currency)
}

// total is sums of money in words; nothing when there are none.
func total(by map[string]int64) string {
	var all []string
	for _, currency := range slices.Sorted(maps.Keys(by)) {
		if currency != "" {
			all = append(all, amount(by[currency], currency))
		}
	}
	if all == nil {
		return ""
	}
	return ", that is " + strings.Join(all, " and ")
}

func (w *writer) relief() {
	w.begin("relief", "Facts for relief")
	if !w.written("relief") {
		w.nothing("what is asked for, in words")
	}
	w.say("What bears on it: conduct after notice is in section 12, harm and loss in section 11, where servers stood in section 2, terms of service and their acceptance in section 4.")
	t := table{ID: "deadlines", Caption: "Deadlines", Head: columns("No.", "Day", "What", "Done")}
	for _, r := range w.Records[fact.KindDeadline] {
		if f, err := fact.Read(r.Kind, r.Body); err == nil { // else read had refused it
			d := f.(*fact.Deadline)
			t.Rows = append(t.Rows, []cell{code(r.ID), code(d.Day), w.text(d.What), w.text(yes(d.Done, "yes", "no"))})
		}
	}
	w.table(t, "deadlines")
}

func (w *writer) claimsMap() {
	w.said("Each paragraph of this document that alleges something, with the exhibits on which it rests and the entries of the ledger by which these were taken in. This document cannot be made while one rests on nothing.")
	t := table{ID: "claims-table", Caption: "From allegations to exhibits to the ledger", Head: columns("Paragraph", "Record", "What is alleged", "Exhibit", "Entry", "In this edition")}
	for _, p := range w.claims {
		for _, s := range p.Exhibits {
			t.Rows = append(t.Rows, []cell{{{Text: fmt.Sprint(p.N), Href: fmt.Sprintf("#p%d", p.N)}}, code(p.Record), {{Text: short(p.Runs, 160)}}, {s.Exhibit}, {s.Entry}, w.text(cmp.Or(s.Missing, "yes"))})
		}
	}
	w.table(t, "Nothing is alleged in this edition.")
}

// short is the beginning of a text.
func short(all []run, most int) string {
	var b strings.Builder
	for _, r := range all {
		b.WriteString(r.Text)
	}
	letters := []rune(strings.Join(strings.Fields(b.String()), " "))
	if len(letters) <= most {
		return string(letters)
	}
	return string(letters[:most]) + " …"
}

func (w *writer) exhibitList() {
	w.begin("exhibits", "Exhibits")
	t := table{ID: "exhibit-list", Caption: "Exhibits that this edition has", Head: columns("No.", "Name", "Source", "Basis", "Tier", "#Bytes", "SHA-256, SHA3-256", "Taken in", "By", "From", "Last proved intact", "Entry"), File: "tables/exhibits.csv"}
	for _, x := range w.Exhibits {
		t.Rows = append(t.Rows, []cell{{{Text: x.ID, Code: true}}, w.text(cmp.Or(x.Name, withheld)), w.text(cmp.Or(x.Source, withheld)), w.text(cmp.Or(x.Basis, withheld)), w.text(string(x.Tier)), number(x.Size), {{Text: x.SHA256, Code: true}, {Text: "\n"}, {Text: x.SHA3, Code: true}}, at(x.At), w.text(w.who(x.By)), w.texts(x.Inputs), at(x.Proved), {w.entry(x.Entry)}})
	}
	w.table(t, "This edition has no exhibit.")
	if n := len(w.taken) - len(w.exhibits); n > 0 {
		w.say("%s withheld in this edition. That it exists, since when, and that it was not changed, stands in the ledger.", plural(n, "exhibit more is", "exhibits more are"))
	}
	w.said("certificates.html has the draft of a certificate for each exhibit of this edition. A draft is no certificate, and no legal advice.")
}

func (w *writer) custody() {
	w.begin("custody", "Custody log")
	w.said("An extract of the ledger as this edition may show it. The whole of it, with the commitments of what is withheld, is in data/ledger/entries.jsonl; a proof for each exhibit in data/ledger/proofs.")
	t := table{ID: "ledger", Caption: "Custody log", Head: columns("#Entry", "When", "Act", "About", "Who", "Reason", "Tool", "Hash of the entry", "#Fields withheld"), File: "tables/ledger.csv"}
	for _, e := range w.Entries {
		t.Rows = append(t.Rows, []cell{{{Text: fmt.Sprint(e.N)}}, code(moment(e)), w.text(e.Text("action")), w.runs(about(e)), w.text(w.actor(e)), w.text(e.Text("reason")), w.text(e.Text("tool")), code(leafHash(e)), number(len(e.Withheld()))})
	}
	w.table(t, "This edition has no extract of the ledger.")
}

// about is what an entry is about.
func about(e verify.Entry) string {
	if x := e.Text("exhibit"); x != "" {
		return x
	}
	return strings.TrimSpace(e.Text("kind") + " " + e.Text("subject"))
}

func (w *book) actor(e verify.Entry) string {
	if name := e.Text("actor"); name != "" {
		return w.who(name)
	}
	return cmp.Or(e.Text("role"), withheld)
}

func (w *writer) redacted() {
	w.begin("redactions", "Redaction log")
	w.said("What is withheld from this edition, field by field, with the reason. Each has a commitment in the ledger, so that it can be shown later that it was not changed.")
	t := table{ID: "withheld", Caption: "Redactions", Head: columns("#Entry", "Exhibit", "Field", "Why"), File: "redactions.csv"}
	for _, x := range w.Withheld {
		t.Rows = append(t.Rows, []cell{{w.entry(x.Entry)}, code(x.Exhibit), w.text(x.Field), w.text(x.Why)})
	}
	w.table(t, "Nothing is withheld from this edition.")
}

func (w *writer) glossary() {
	w.begin("glossary", "Glossary")
	w.add(block{Terms: glossary})
}

var glossary = [][2]string{
	{"Account", "A sign-up at the service. It is not a person: one person may have many, and many persons may use one."},
	{"Allegation", "A statement of fact that somebody may dispute. Here each names the exhibits on which it rests."},
	{"Attempted", "A verdict on a device: something was tried, and no sign that it worked was found."},
	{"Campaign", "Calls that belong together, as the traits that they share suggest."},
	{"Checkpoint", "The signed state of a ledger: how many entries it has, and the hash over all of them."},
	{"Commitment", "A hash of a field with a random salt: it shows nothing of the field, and the field cannot be changed without changing it."},
	{"Exhibit", "A thing that is kept as evidence, numbered from E-0001 on."},
	{"Held back", "Not put through to the person who was called, until that person or an analyst decided."},
	{"Indicator", "A published sign of an attack: a domain, an address, the name of a file or of a process."},
	{"Ledger", "The list of all acts on a case, to which entries can only be added."},
	{"Operator", "Who uses a product against targets. The vendor, who makes it, is somebody else until that is shown."},
	{"Print", "Traits of a client program by which it can be told from others."},
	{"Pseudonym", "T and a number, for a person whose identity is sealed apart."},
	{"Relay", "A server through which the sound of a call passes when two devices cannot or should not reach each other directly."},
	{"Signalling", "The messages by which a call is set up, before anybody answers."},
	{"Tier", "Who may see something: everybody (public), the court and the parties (court), counsel and the lead alone (" + string(casefile.Sealed) + ")."},
	{"Witness", "An outside party that signs the state of a ledger after it has seen that the ledger was only added to."},
}
