package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/casefile/attribution"
)

// judged fills the first rung of a judgement with two independent pieces of evidence.
func judged(j *attribution.Judgement) {
	j.Evidence = []attribution.Evidence{{ID: "V-01", Text: "they share a client that nobody else has", Exhibits: []string{"E-0001"}, Grade: "A1"},
		{ID: "V-02", Text: "a certificate names the host", Exhibits: []string{"E-0002"}, Grade: "B2"}}
	r := &j.Rungs[0]
	r.Likelihood, r.Confidence, r.Change = "very likely", "high", []string{"another account with that client"}
	for _, v := range []string{"V-01", "V-02"} {
		for i, mark := range []string{"CC", "II", "II", "II", "N"} {
			r.Cells = append(r.Cells, attribution.Cell{Evidence: v, Hypothesis: r.Hypotheses[i].ID, Mark: mark, Why: "so"})
		}
	}
}

// A judgement begins at "not attributed", is written, read by others, reviewed by
// those who did not write it, and its history stands in the ledger.
func TestCaseAttribute(t *testing.T) {
	o := newOffice(t, "lead", "counsel", "reviewer")
	id := o.ok("new", "Calls of May", "--as", o.keys["lead"])
	o.ok("add", id, o.file("a.txt", "one"), "--source", "records of the service", "--basis", "own records", "--as", o.keys["lead"])
	o.ok("add", id, o.file("b.txt", "two"), "--source", "public registries", "--basis", "public", "--as", o.keys["lead"])
	attribute := func(who string, args ...string) string {
		return o.ok(append(append([]string{"attribute", id}, args...), "--as", o.keys[who])...)
	}
	if out := attribute("lead"); !strings.Contains(out, "It is not attributed to anybody.") || !strings.Contains(out, "Not attributed") {
		t.Error(out)
	}
	var j attribution.Judgement
	if err := json.Unmarshal([]byte(attribute("lead", "--form")), &j); err != nil {
		t.Fatal(err)
	}
	judged(&j)
	path := o.file("judgement.json", "")
	write := func() {
		b, err := json.Marshal(j)
		must(t, err)
		must(t, os.WriteFile(path, b, 0o600))
	}
	write()
	if out := attribute("lead", "--edit", "--file", path); !strings.Contains(out, "We judge it very likely (80 to 95 percent)") || !strings.Contains(out, "Our confidence in this judgement is high.") || !strings.Contains(out, "SAME CLUSTER") {
		t.Error(out)
	}
	for what, spoil := range map[string]func(){
		"no such exhibit":     func() { j.Evidence[1].Exhibits = []string{"E-0099"} },
		"no word of ICD 203":  func() { j.Rungs[0].Likelihood = "certain" },
		"nothing was changed": func() {},
	} {
		was := j
		j.Evidence = append([]attribution.Evidence(nil), j.Evidence...)
		j.Rungs = append([]attribution.Rung(nil), j.Rungs...)
		spoil()
		write()
		if _, said, code := o.run("attribute", id, "--edit", "--file", path, "--as", o.keys["lead"]); code != exitFailed || !strings.Contains(said, what) {
			t.Errorf("%s: exit %d: %s", what, code, said)
		}
		j = was
	}
	if _, said, code := o.run("attribute", id, "--review", "agree", "--as", o.keys["lead"]); code != exitFailed || !strings.Contains(said, "you wrote this version") {
		t.Errorf("who wrote it reviews it: exit %d: %s", code, said)
	}
	if _, said, code := o.run("attribute", id, "--review", "agree", "--of", "0000", "--as", o.keys["counsel"]); code != exitFailed || !strings.Contains(said, "not the one that you have read") {
		t.Errorf("another version is reviewed: exit %d: %s", code, said)
	}
	attribute("counsel", "--review", "agree", "--text", "it follows")
	attribute("reviewer", "--review", "disagree", "--text", "one source is weak")
	out := attribute("counsel")
	if !strings.Contains(out, "reviewed by counsel.one") || !strings.Contains(out, "disagree one source is weak") {
		t.Error(out)
	}
	j.Rungs[0].Likelihood = "likely"
	write()
	attribute("counsel", "--edit", "--file", path)
	if _, said, code := o.run("attribute", id, "--review", "agree", "--as", o.keys["lead"]); code != exitFailed || !strings.Contains(said, "or a part of it") {
		t.Errorf("who wrote most of it reviews what another changed a word of: exit %d: %s", code, said)
	}
	if out := attribute("lead", "--history"); strings.Count(out, "entry ") != 4 || !strings.Contains(out, `likelihood from "very likely" to "likely"`) || !strings.Contains(out, "reviewed it: agree") {
		t.Error(out)
	}
	o.ok("verify", id)
	zip := filepath.Join(t.TempDir(), "case.zip")
	o.ok("export", id, "--edition", "court", "--out", zip, "--as", o.keys["lead"])
	o.ok("verify", zip)
}

// What the editor leaves that cannot be read is given back with what is wrong, and
// nothing is lost.
func TestCaseAttributeEditor(t *testing.T) {
	if _, err := os.Stat("/bin/sh"); err != nil {
		t.Skip("THERE IS NO /bin/sh: the editor was not tried")
	}
	o := newOffice(t, "lead")
	id := o.ok("new", "Calls of May", "--as", o.keys["lead"])
	seen := filepath.Join(t.TempDir(), "seen")
	editor := o.file("editor.sh", `if [ -e `+seen+` ]; then sed 's/^broken, //; s/Who is behind/Who was behind/' "$1" > "$1.new"; else touch `+seen+`; sed '1s/^{/broken, {/' "$1" > "$1.new"; fi
mv "$1.new" "$1"
`)
	t.Setenv("EDITOR", "/bin/sh "+editor)
	out, said, code := o.run("attribute", id, "--edit", "--as", o.keys["lead"])
	if code != exitDone || !strings.Contains(said, "this cannot be taken") || !strings.Contains(out, "Who was behind") {
		t.Errorf("exit %d: %s%s", code, out, said)
	}
}
