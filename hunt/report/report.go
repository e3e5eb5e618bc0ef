// Package report shows what a hunt found: as one HTML page that needs nothing
// else and as text for a terminal. The console shows a campaign with the same
// drawings (Fragment).
//
// Every text in a report comes from call records, which attackers write: it is
// escaped, its direction is its own, and characters that hide are shown.
package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the pages and the style
	"encoding/base64"
	"html/template"
	"io"

	"github.com/ringfence/ringfence/hunt"
	"github.com/ringfence/ringfence/internal/look"
)

// Options say how a report is written.
type Options struct {
	Language string // "en" or "ar"; another: "en"
}

//go:embed page.html
var pageText string

//go:embed campaign.html
var campaignText string

//go:embed page.css
var pageStyle string

//go:embed campaign.css
var campaignStyle string

var templates = template.Must(template.Must(template.New("page").Funcs(template.FuncMap{
	"shown": shown, "utc": utc, "day": day, "count": counted, "svg": short,
}).Parse(pageText)).Parse(campaignText))

// style is that of the page, of which the policy names the hash: no other style
// applies, and no script runs (CSP Level 3 §2.3.1).
var style, styleHash = func() (template.CSS, string) {
	s := look.Base() + pageStyle + campaignStyle
	sum := sha256.Sum256([]byte(s))
	return template.CSS(s), base64.StdEncoding.EncodeToString(sum[:])
}()

// Style returns the style sheet of Fragment, which builds on that of internal/look.
func Style() []byte { return []byte(campaignStyle) }

// Write writes a page with all campaigns of r, the strongest first.
//
// Errors: those of writing.
func Write(w io.Writer, r hunt.Result, o Options) error {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, "page", newPage(r, wordsOf(o))); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

// Fragment returns one campaign as a part of a page: what it is and why, the
// drawings, and their tables. Its headings are of the third level; it has no ids,
// no script and no style of its own (Style).
func Fragment(c hunt.Campaign, o Options) (template.HTML, error) {
	var b bytes.Buffer
	rows := maxRows
	err := templates.ExecuteTemplate(&b, "campaign", newView(c, wordsOf(o), &rows))
	return template.HTML(b.String()), err // made by html/template just now
}
