package document

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/json"
	"html/template"
	"slices"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/verify"
)

//go:embed certificates.html
var certificatesText string

//go:embed certificates.css
var certificatesStyle string

var certificatesTemplate = template.Must(template.New("certificates").Parse(certificatesText))

// certificate is a draft for one exhibit.
type certificate struct {
	casefile.Exhibit
	Who     string
	When    string
	Intact  string
	Leaf    string // hash of the leaf of the entry by which it was taken in
	Process process
	Acts    []act
	Inputs  []casefile.Exhibit
}

// act is one of the custody log, about the exhibit.
type act struct {
	N                       int64
	When, What, Who, Reason string
}

// process is how a record of a kind comes to be: what 902(13) asks for. Without one
// there is no draft under it.
type process struct{ System, Steps, Accuracy string }

// processes are by the kind of the exhibit, as the importing commands give it.
var processes = map[string]process{
	"verdicts": {"The service that connects calls, with the guard of Ringfence, which reads every message by which a call is set up.",
		"For each message the guard compares what it holds with fixed rules. When a rule decides, it writes a verdict: the time by the clock of the server, the rule, the account, and the bytes that were refused. It does so by itself, at the time, for every message; nobody chooses which.",
		"The same bytes give the same verdict: the rules are a function of the message and of what the service knew of the call. The verdicts of one call are numbered without gaps."},
	"campaign": {"The hunt of Ringfence, a program that reads the records of calls and of verdicts.",
		"From the records it computes which accounts share rare traits and whom they called, and writes each group that belongs together, with the traits by which it does. The same records give the same groups.",
		"What is written is a computation on the records, not an observation. Its accuracy depends on theirs, and was measured on simulated calls whose truth was known."},
	"calls": {"The service that connects calls, which writes a record of each attempt.",
		"For each call the service writes when, from which account, to which, by which servers, and how it ended. Names of persons and of accounts are then replaced by those of the case, with a key that is kept with the case.",
		"The record is written by the program that handles the call, while it does. The replacement changes names alone, the same to the same."},
	"report": {"The check of Ringfence, a program that reads a copy of a phone's files and logs.",
		"It reads the acquisition without changing it, compares what is in it with published signs of spyware, and writes what matched, where in the acquisition it stands, and what could not be read.",
		"The same acquisition and the same list of signs give the same report. That nothing matched does not show that nothing was there."},
	"capture": {"Captured traffic of calls, written packet by packet by the machine through which it passed.",
		"Each packet is written with the time of the machine's clock as it passes. Ringfence reads such a file, and does not change it.",
		"A capture has what passed at one place. It may lack packets that took another way, or that the machine was too busy to write."},
}

type certificates struct {
	styled
	Case    string
	Title   string
	Edition string
	Made    string
	Tool    string
	Ledger  Ledger
	Tests   []SelfTest
	All     []certificate
}

// Stamp writes a time as the document does.
func (s SelfTest) Stamp() string { return stamp(s.At) }

// drafts writes the drafts of certificates, one after another, each on pages of its
// own.
func drafts(b *book) ([]File, error) {
	about := map[string][]act{}
	leaf := map[int64]string{}
	for _, e := range b.Entries {
		leaf[e.N] = leafHash(e)
		a := act{e.N, moment(e), b.clean(e.Text("action")), b.clean(b.actor(e)), b.clean(e.Text("reason"))}
		for _, id := range exhibitsOf(e) {
			about[id] = append(about[id], a)
		}
	}
	c := certificates{styled: style(certificatesStyle), Case: b.Case.ID, Title: b.title(), Edition: b.edition(), Made: stamp(b.Made), Tool: b.clean(b.Tool), Ledger: b.Ledger}
	for _, s := range b.SelfTests {
		c.Tests = append(c.Tests, SelfTest{b.clean(s.What), b.clean(s.Result), s.At})
	}
	for _, x := range b.Exhibits {
		one := certificate{Exhibit: x, Who: b.clean(b.who(x.By)), When: stamp(x.At), Intact: stamp(x.Proved), Leaf: leaf[x.Entry], Process: processes[x.Kind], Acts: about[x.ID]}
		one.Name, one.Source, one.Basis, one.Tool = b.clean(cmp.Or(x.Name, withheld)), b.clean(cmp.Or(x.Source, withheld)), b.clean(cmp.Or(x.Basis, withheld)), b.clean(x.Tool)
		for _, in := range x.Inputs {
			if from, ok := b.exhibits[in]; ok {
				from.Name = b.clean(from.Name)
				one.Inputs = append(one.Inputs, from)
			}
		}
		c.All = append(c.All, one)
	}
	var out bytes.Buffer
	err := certificatesTemplate.Execute(&out, c)
	return []File{{"certificates.html", out.Bytes()}}, err
}

// exhibitsOf are the exhibits that an entry is about: itself, and those that it was
// made of. Records that rest on an exhibit are no acts on it.
func exhibitsOf(e verify.Entry) (ids []string) {
	id := e.Text("exhibit")
	if id == "" {
		return nil
	}
	var inputs []string
	if json.Unmarshal(e.Open["inputs"].Value, &inputs) != nil {
		inputs = nil
	}
	all := append([]string{id}, inputs...)
	slices.Sort(all)
	return slices.Compact(all)
}
