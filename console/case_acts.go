package console

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/fact"
)

// act answers a form of a case: what it says is recorded, signed by who acts, and
// the page is shown again.
func (d *console) act(tab string, show func(context.Context, desk, url.Values) (any, error), read func(*http.Request) (fact.Fact, []string)) page {
	return func(w http.ResponseWriter, r *http.Request) {
		c, _, ok := d.caseFor(w, r)
		if !ok {
			return
		}
		h := d.handFor(w, r)
		if h == nil {
			return
		}
		one, exhibits := read(r)
		err := one.Check()
		var record casefile.Record
		if err == nil {
			record, err = casefile.NewRecord(one, exhibits...)
		}
		if err == nil {
			_, err = c.Put(r.Context(), h, record)
		}
		if err != nil {
			d.showCase(w, r, tab, show, http.StatusUnprocessableEntity, "It was not recorded: "+inert(err.Error())+".")
			return
		}
		http.Redirect(w, r, r.URL.Path, http.StatusSeeOther)
	}
}

// paragraphOf is a paragraph of the case file, as a form has it.
func paragraphOf(r *http.Request) (fact.Fact, []string) {
	order, _ := strconv.Atoi(r.PostFormValue("order"))
	text := strings.ReplaceAll(strings.TrimSpace(r.PostFormValue("text")), "\r\n", "\n")
	if !utf8.ValidString(text) {
		text = "" // which Check refuses
	}
	return fact.Paragraph{Section: r.PostFormValue("section"), Order: order, Text: text, Allegation: r.PostFormValue("allegation") == "yes"}, strings.Fields(r.PostFormValue("exhibits"))
}

// deadlineOf is a deadline, as a form has it.
func deadlineOf(r *http.Request) (fact.Fact, []string) {
	return fact.Deadline{Day: r.PostFormValue("day"), What: strings.TrimSpace(r.PostFormValue("what"))}, nil
}
