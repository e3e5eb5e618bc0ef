package document

import (
	"bytes"
	"encoding/json"

	"github.com/ringfence/ringfence/casefile/fact"
)

func (w *writer) judged() {
	if len(w.Records[fact.KindJudgement]) == 0 {
		w.said("No judgement on who did it is recorded. It is not attributed.")
		return
	}
	w.said("What is judged, how sure that is and what it hangs on is in section 9.")
}

func (w *writer) attribution() {
	w.begin("attribution", "Attribution")
	if len(w.Records[fact.KindJudgement]) == 0 {
		w.said("No judgement on who did it is recorded. It is not attributed.")
		return
	}
	for _, r := range w.Records[fact.KindJudgement] {
		w.say("Judgement %s, entry %d of the ledger, recorded on %s by %s, in the form in which it stands there:", r.ID, r.Entry, stamp(r.At), w.who(r.By))
		var text bytes.Buffer
		if json.Indent(&text, r.Body, "", "  ") != nil {
			text.Write(r.Body)
		}
		w.code(w.clean(text.String()))
	}
}
