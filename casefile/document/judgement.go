package document

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/attribution"
	"github.com/ringfence/ringfence/casefile/draw"
	"github.com/ringfence/ringfence/casefile/fact"
	"github.com/ringfence/ringfence/casefile/judging"
)

// judgement is the newest one on record, as far as this edition has it. What the
// evidence carried is taken as it was recorded: an edition that withholds exhibits
// knows less of where they come from.
func (b *book) judgement() (v judging.Version, r casefile.Record, ok bool) {
	for _, one := range b.Records[fact.KindJudgement] {
		if got, err := judging.ReadVersion(one); err == nil && len(got.Result.Rungs) == len(got.Judgement.Rungs) && (!ok || one.Entry >= r.Entry) {
			v, r, ok = got, one, true
		}
	}
	return v, r, ok
}

// unnamed takes the names of those who reviewed or dissented out of judgements: an
// edition for everybody names nobody who worked on the case.
func unnamed(all []casefile.Record) (out []casefile.Record) {
	for _, r := range all {
		v, err := judging.ReadVersion(r)
		if err != nil {
			continue // it is not shown to everybody in a form that nobody can read
		}
		for i := range v.Judgement.Reviews {
			v.Judgement.Reviews[i].By = "a reviewer"
		}
		for i := range v.Judgement.Rungs {
			for n := range v.Judgement.Rungs[i].Dissent {
				v.Judgement.Rungs[i].Dissent[n].By = "somebody who worked on the case"
			}
		}
		if r.Body, err = json.Marshal(v); err == nil {
			out = append(out, r)
		}
	}
	return out
}

func (w *writer) judged() {
	v, _, ok := w.judgement()
	if !ok {
		w.said("No judgement on who did it is recorded in this edition. It is not attributed.")
		return
	}
	w.say("%s What is judged, how sure that is and what it hangs on is in section 9.", w.clean(v.Result.Short()))
}

func (w *writer) attribution() {
	w.begin("attribution", "Attribution")
	v, r, ok := w.judgement()
	if !ok {
		w.said("No judgement on who did it is recorded in this edition. It is not attributed.")
		w.unread()
		return
	}
	w.said("The question: %s", w.clean(v.Judgement.Question))
	w.say("Judgement %s, entry %d of the ledger, last signed on %s by %s. Five claims are judged, each by itself and no firmer than the one that it rests on. Hypotheses are ranked by what speaks against them. The words are those of ICD 203; how likely a claim is and how sure the judgement is are two things.", r.ID, r.Entry, stamp(r.At), w.who(r.By))
	w.drawn("ladder", "a drawing of the claims")
	for i, s := range v.Judgement.Say(v.Result) {
		w.rung(i, s, v)
	}
	w.evidence(v)
	w.reviewed(v)
}

// unread shows a judgement that is not in the form that this program writes, so that
// nothing is left out in silence.
func (w *writer) unread() {
	for _, r := range w.Records[fact.KindJudgement] {
		var text bytes.Buffer
		if json.Indent(&text, r.Body, "", "  ") != nil {
			text.Write(r.Body)
		}
		w.say("Judgement %s, entry %d of the ledger, cannot be read as one. As it stands there:", r.ID, r.Entry)
		w.code(w.clean(text.String()))
	}
}

func (w *writer) rung(i int, s attribution.Said, v judging.Version) {
	w.heading(fmt.Sprintf("%d. %s", i+1, strings.ToUpper(s.Rung[:1])+s.Rung[1:]))
	w.say("%s", w.clean(s.Judged))
	if s.Sure != "" {
		w.say("%s", w.clean(s.Sure))
	}
	for _, list := range []struct {
		says string
		all  []string
	}{{map[bool]string{true: "The confidence is held down", false: "It is not attributed, because"}[s.Affirmed], s.Because}, {"Evidence for the claim", s.For}, {"Evidence against it", s.Against}, {"The other hypotheses", s.Rivals},
		{"Looked for, and not found", s.Gaps}, {"Assumed", s.Assumes}, {"What would change the judgement", s.Change}, {"Dissent", s.Dissent}} {
		if len(list.all) > 0 {
			w.said("%s: %s", list.says, w.clean(strings.Join(list.all, "; ")))
		}
	}
	if s.Hangs != "" {
		w.said("%s", w.clean(s.Hangs))
	}
	if len(v.Judgement.Rungs[i].Cells) > 0 {
		w.drawn(matrixName(i), "a drawing of the matrix")
	}
}

func matrixName(i int) string { return fmt.Sprintf("matrix-%d", i+1) }

// evidence is all evidence with its grade, its family and what it rests on.
func (w *writer) evidence(v judging.Version) {
	family := map[string]int{}
	for i, all := range v.Result.Families {
		for _, id := range all {
			family[id] = i + 1
		}
	}
	t := table{ID: "weighed", Caption: "Evidence, its grade and its family", Head: columns("No.", "What", "Grade", "#Family", "Characteristic", "Could be made up by", "Share of all who have it", "Rests on")}
	for _, e := range v.Judgement.Evidence {
		share := ""
		if e.BaseRate > 0 {
			share = fmt.Sprintf("1 in %.0f, %s", 1/e.BaseRate, e.Measured)
		}
		var rests []string
		for _, x := range e.Exhibits {
			if s := w.support(x); s.Missing != "" {
				x += " (" + s.Missing + ")"
			}
			rests = append(rests, x)
		}
		t.Rows = append(t.Rows, []cell{code(e.ID), w.text(e.Text), code(e.Grade), number(family[e.ID]), w.text(map[bool]string{true: "class", false: "individual"}[e.Class]), w.text(e.Forgeable), w.text(share), w.texts(rests)})
	}
	w.table(t, "evidence that was weighed")
	w.said("Grades are those of the Admiralty code: the source from A (reliable) to E, the content from 1 (confirmed) to 5; F and 6 cannot be judged and count for nothing, G is deliberately deceptive. What goes back to one source is one family, and one voice.")
}

func (w *writer) reviewed(v judging.Version) {
	hash := v.Result.Hash
	for _, r := range v.Judgement.Reviews {
		of := "this version"
		if r.Hash != hash {
			of = "an earlier version"
		}
		w.say("Reviewed by %s on %s, of %s: %s. %s", w.clean(r.By), w.clean(r.At), of, strings.ReplaceAll(r.Opinion, "-", " "), w.clean(r.Text))
	}
}

// ladder draws the claims.
func (b *book) ladder() (draw.Drawing, bool) {
	v, _, ok := b.judgement()
	return v.Ladder(b.clean), ok
}

// matrices draw the rungs that evidence was held against.
func (b *book) matrices() (all []figure) {
	v, _, ok := b.judgement()
	if !ok {
		return nil
	}
	for i, r := range v.Judgement.Rungs {
		if len(r.Cells) > 0 {
			all = append(all, figure{matrixName(i), v.Matrix(i, b.clean)})
		}
	}
	return all
}

// judgementObjects adds a note for each claim that is affirmed, with what it says, and
// to whom a campaign is attributed where a vendor is. The number is derived from the
// word (STIX 2.1, appendix A).
func (x *bundle) judgementObjects(incident string) {
	v, r, ok := x.judgement()
	if !ok {
		return
	}
	for i, s := range v.Judgement.Say(v.Result) {
		f := v.Result.Rungs[i]
		if !f.Affirmed {
			continue
		}
		x.domain("note", r.ID+" "+f.Name, r.At, object{"abstract": x.clean(s.Judged), "content": x.clean(s.Judged + " " + s.Sure + " " + strings.Join(s.Because, "; ")), "object_refs": []string{incident}, "confidence": attribution.Number(f.Likelihood)})
		if f.Name == attribution.Vendor {
			x.attributed(f, r)
		}
	}
	for i, o := range v.Judgement.Reviews {
		if o.Hash == v.Result.Hash {
			x.domain("opinion", fmt.Sprintf("%s %d", r.ID, i), r.At, object{"opinion": o.Opinion, "explanation": x.clean(o.Text), "object_refs": []string{incident}})
		}
	}
}

func (x *bundle) attributed(f attribution.Finding, r casefile.Record) {
	for _, p := range x.parties {
		if p.Fact.Name != f.Subject || !strings.Contains(strings.ToLower(p.Fact.Role), "vendor") {
			continue
		}
		actor := "threat-actor--" + uuid5(x.space, []byte("threat-actor\n"+p.ID)).String()
		for _, c := range x.campaigns {
			campaign := "campaign--" + uuid5(x.space, []byte("campaign\n"+c.ID)).String()
			x.domain("relationship", campaign+" attributed-to "+actor, r.At, object{"relationship_type": "attributed-to", "source_ref": campaign, "target_ref": actor, "confidence": attribution.Number(f.Likelihood),
				"description": "Judged " + f.Likelihood + ". See the notes and the case file: confidence in the judgement is said apart."})
		}
	}
}
