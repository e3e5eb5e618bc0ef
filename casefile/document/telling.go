package document

import (
	"cmp"
	"fmt"

	"github.com/ringfence/ringfence/casefile/fact"
	"github.com/ringfence/ringfence/casefile/notice"
)

// told is how those who were targeted were told: the steps as the ledger has them, of
// which an edition may show only some. To whom a step was is not said.
func (w *writer) told() {
	w.heading("How targets were told")
	hidden := 0
	t := table{ID: "notices", Caption: "Steps of telling those who were targeted", Head: columns("When", "Plan", "Step", "Who", "Of what", "#Persons", "Entry"), File: "tables/notice.csv"}
	for _, e := range w.Entries {
		if e.Text("action") != "record" || e.Text("kind") != string(fact.KindNotice) {
			continue
		}
		s, err := notice.ReadStep(e.Open["body"].Value)
		if err != nil {
			hidden++ // a step of which the edition has no text
			continue
		}
		of := cmp.Or(s.Language, s.Helpline, s.Partner, s.Reason)
		if !w.open {
			of = cmp.Or(of, s.Country)
		}
		t.Rows = append(t.Rows, []cell{at(s.At), code(s.Plan), w.text(string(s.Kind)), w.text(w.who(s.By)), w.text(of), w.persons(s), {w.entry(e.N)}})
	}
	w.table(t, "how those who were targeted were told")
	if hidden > 0 {
		w.say("%s withheld in this edition; the ledger has when, and by whom.", plural(hidden, "step of it is", "steps of it are"))
	}
}

// persons is how many a step is about.
func (b *book) persons(s notice.Step) cell {
	n := max(s.Count, len(s.Targets))
	if s.Batch != nil {
		n = len(s.Batch.Targets)
	}
	switch {
	case n == 0:
		return nil
	case b.open && n < few:
		return cell{{Text: fmt.Sprintf("< %d", few)}}
	default:
		return number(n)
	}
}
