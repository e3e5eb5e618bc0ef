package document

import (
	"cmp"
	"strings"
)

// editions says for whom an edition is.
func (b *book) edition() string {
	switch {
	case b.Edition == "sealed":
		return "Sealed edition: for counsel and the lead of the case alone"
	case b.Edition == "court":
		return "Edition for the court and the parties"
	case b.Edition == "public":
		return "Edition for everybody"
	default:
		return "Edition for one person, " + strings.TrimPrefix(b.Edition, "person:")
	}
}

// sections writes the document, in the order of its parts.
func sections(b *book, figures []figure) *writer {
	w := &writer{book: b, figures: figures}
	w.cover()
	w.summary()
	w.partiesAndPlace()
	w.flows()
	w.authorisation()
	w.chronology()
	w.aimedAt()
	w.forensics()
	w.hosts()
	w.attribution()
	w.method()
	w.harm()
	w.afterwards()
	w.begin("claims", "Claims and what they rest on")
	claims := w.now
	w.relief()
	w.exhibitList()
	w.custody()
	w.published()
	w.glossary()
	w.redacted()
	w.now = claims // when every paragraph has its number
	w.claimsMap()
	return w
}

func (w *writer) cover() {
	w.begin("cover", "This file, and how to verify it")
	rows := [][]cell{
		{w.text("Case"), code(w.Case.ID)}, {w.text("Title"), w.text(cmp.Or(w.Case.Title, "withheld in this edition"))}, {w.text("Edition"), w.text(w.edition())},
		{w.text("Case begun"), at(w.Case.Opened)}, {w.text("Edition made"), at(w.Made)}, {w.text("Made by"), w.text(w.who(w.By))}, {w.text("Made with"), w.text(w.Tool)},
		{w.text("Ledger"), code(w.Ledger.Origin)}, {w.text("Entries in it before this edition"), number(w.Ledger.Entries)}, {w.text("Its hash then"), code(w.Ledger.Root)}, {w.text("Key of the service"), code(w.Ledger.Key)},
	}
	w.add(block{Table: &table{ID: "about", Caption: "What this file is", Head: columns("What", "Value"), Rows: rows}})
	w.said("Every act on the evidence of this case is an entry of a ledger that can only be added to. The hash above stands for all of them until this edition was made: whoever holds the hash "+
		"can tell whether one was changed, left out or put in later. To compare it by telephone, read the first sixteen characters: %s.", w.Ledger.Root[:min(16, len(w.Ledger.Root))])
	w.heading("Five commands that verify this file")
	w.code("sha256sum -c --quiet manifest-sha256.txt        # no file was changed",
		"sha256sum data/exhibits/E-0001/*                # an exhibit is the one in the list below",
		"sed -n 3p data/ledger/checkpoint                # its hash, with the making of this edition in it",
		"openssl ts -verify -data data/service/checkpoint.txt -in STAMP.tsr -CAfile STAMP.pem",
		"ringfence-verify case.zip                       # all of it at once")
	w.said("The first four need nothing of Ringfence. README.md beside this document explains each step, and how to compute the hash of the ledger by hand. " +
		"The time stamps are in data/service/stamps; if there are none, no authority could be reached or none is configured.")
}

func (w *writer) summary() {
	w.begin("summary", "Summary")
	if !w.written("summary") {
		w.nothing("the whole in words: no summary was written")
	}
	w.say("The case holds %s, %s and %s; it rests on %s, of which %s in this edition.", plural(len(w.campaigns), "campaign"), plural(len(w.incidents), "incident"),
		plural(len(w.findings), "finding on devices", "findings on devices"), plural(len(w.taken), "exhibit"), plural(len(w.exhibits), "is", "are"))
	for _, c := range w.campaigns {
		w.say("Campaign %s, from %s to %s: %s, of which %s held back; aimed at %s. That its calls belong together is judged %s.", c.ID, stamp(c.Fact.From), stamp(c.Fact.Until),
			plural(c.Fact.Calls, "call"), plural(c.Fact.HeldBack, "was", "were"), w.count(c.Fact.Targets, "target"), c.Fact.Strength)
	}
	w.heading("What is judged")
	w.judged()
	w.heading("What we do not know")
	w.written("unknown")
	w.unknowns()
}

// unknowns says what follows from the facts about what is not known; there is
// always something.
func (w *writer) unknowns() {
	verdicts := map[string]int{}
	for _, d := range w.devices {
		verdicts[d.Fact.Verdict]++
	}
	if len(w.devices) == 0 {
		w.say("No device is recorded as examined. Whether any was infected is not known.")
	}
	if n := verdicts["no finding"]; n > 0 {
		w.say("On %s nothing was found. That proves little: traces are short-lived and may be removed.", w.count(n, "device"))
	}
	if n := verdicts["inconclusive"] + verdicts["not examined"]; n > 0 {
		w.say("Of %s it is not known whether they were infected: they were not examined, or the examination did not decide it.", w.count(n, "device"))
	}
	if n := w.unclassified(); n > 0 {
		w.say("Of %s it is not known to what class of people they belong. Nobody was asked, or they did not say; it is not guessed from their data.", w.count(n, "target"))
	}
	w.say("What the service does not see is not in this file: the content of calls, what happened on devices that nobody examined, and attempts through other services.")
}

func (b *book) unclassified() (n int) {
	for _, t := range b.targets {
		n += one(t.Fact.Class == "not known")
	}
	if len(b.targets) > 0 {
		return n
	}
	for _, c := range b.campaigns {
		known := 0
		for class, k := range c.Fact.Classes {
			if class != "not known" {
				known += k
			}
		}
		n += max(0, c.Fact.Targets-known)
	}
	return n
}

func (w *writer) partiesAndPlace() {
	w.begin("parties", "Parties, jurisdiction and venue")
	w.heading("Parties")
	w.written("parties")
	t := table{ID: "parties-table", Caption: "Parties", Head: columns("No.", "Name", "Role", "What is said of it", "Rests on", "Entry")}
	for _, p := range w.parties {
		t.Rows = append(t.Rows, []cell{code(p.ID), w.text(p.Fact.Name), w.text(p.Fact.Role), w.text(p.Fact.Text), w.rests(p.Record), w.of(p.Record)})
	}
	w.table(t, "parties")
	w.said("Those whom the attack was aimed at appear only as classes, or under pseudonyms: T and a number. Who they are is sealed apart from this file.")
	w.heading("Jurisdiction and venue")
	if !w.written("jurisdiction") {
		w.nothing("why one court or another has jurisdiction, in words")
	}
	w.places()
}

// places is where the servers stood that handled the events.
func (w *writer) places() {
	handled := map[string]int{}
	for _, i := range w.incidents {
		handled[i.Fact.Server]++
	}
	t := table{ID: "servers", Caption: "Where the servers stood that handled events of this case", Head: columns("No.", "Name", "Role", "City", "Country", "From", "Until", "#Events", "#Incidents", "How this is known", "Rests on", "Entry")}
	for _, s := range w.servers {
		f := s.Fact
		t.Rows = append(t.Rows, []cell{code(s.ID), w.text(f.Name), w.text(f.Role), w.text(f.City), w.text(f.Country), at(f.From), at(f.Until), number(f.Events),
			number(handled[s.ID]), w.text(f.Basis), w.rests(s.Record), w.of(s.Record)})
	}
	w.table(t, "where servers stood")
	if n := handled[""]; n > 0 {
		w.say("Of %s it is not recorded which server handled them.", plural(n, "incident"))
	}
}

func (w *writer) authorisation() {
	w.begin("authorisation", "Authorisation: what was not permitted, and by what")
	if !w.written("authorisation") {
		w.nothing("which technical limit or which term was overstepped, in words")
	}
	w.heading("Terms of service")
	t := table{ID: "terms", Caption: "Versions of the terms of service, and the clauses that matter here", Head: columns("No.", "Version", "From", "Until", "Clauses", "Rests on", "Entry")}
	for _, v := range w.terms {
		t.Rows = append(t.Rows, []cell{code(v.ID), w.text(v.Fact.Version), at(v.Fact.From), at(v.Fact.Until), w.text(strings.Join(v.Fact.Clauses, "\n")), w.rests(v.Record), w.of(v.Record)})
	}
	w.table(t, "terms of service")
	a := table{ID: "acceptance", Caption: "Which account accepted which version, and when", Head: columns("Account", "Version", "Accepted", "Rests on", "Entry")}
	without := 0
	for _, x := range w.accounts {
		for _, v := range x.Fact.Terms {
			a.Rows = append(a.Rows, []cell{code(x.ID), w.text(v.Version), at(v.At), w.rests(x.Record), w.of(x.Record)})
		}
		if len(x.Fact.Terms) == 0 {
			without++
		}
	}
	w.table(a, "the acceptance of terms by accounts")
	if without > 0 {
		w.say("Of %s no acceptance of any terms is recorded.", plural(without, "account"))
	}
	w.heading("When somebody was told to stop")
	if len(w.conduct) == 0 {
		w.nothing("a notice to stop")
		return
	}
	for _, c := range w.conduct {
		w.say("Notice was given on %s; what followed is in section 12, %s.", stamp(c.Fact.Notice), c.ID)
	}
}

// plural is a number with its noun.
func plural(n int, noun ...string) string {
	if n == 1 {
		return "1 " + noun[0]
	}
	if len(noun) > 1 {
		return grouped(int64(n)) + " " + noun[1]
	}
	return grouped(int64(n)) + " " + noun[0] + "s"
}
