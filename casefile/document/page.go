package document

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"html/template"
	"time"

	"github.com/ringfence/ringfence/casefile/draw"
	"github.com/ringfence/ringfence/verify"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// styled is what both documents need: the style stands in the file, and the policy
// permits it by its hash, and nothing else.
type styled struct {
	Style  template.CSS
	Policy string
}

func style(css string) styled {
	sum := sha256.Sum256([]byte(css))
	// A browser asks for nothing, whatever stands in the text.
	return styled{template.CSS(css), "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"}
}

// page is the document as the template sees it.
type page struct {
	styled
	Title    string
	Case     string
	Edition  string
	Made     string
	Sections []*section
}

// HTML is the figure with its caption and its table, which package draw made safe.
func (f figure) HTML() template.HTML {
	return template.HTML(draw.Figure("figure-"+f.Name, f.Drawing))
}

// pages writes the documents that a person reads, and the figures in them.
func pages(b *book) ([]File, error) {
	w := sections(b, figures(b))
	var out bytes.Buffer
	err := pageTemplate.Execute(&out, page{style(pageStyle + string(draw.CSS())), b.title(), b.Case.ID, b.edition(), stamp(b.Made), w.sections})
	return []File{{"case-file.html", out.Bytes()}}, err
}

func (b *book) title() string {
	if b.Case.Title == "" {
		return "Case " + b.Case.ID
	}
	return b.clean(b.Case.Title)
}

// moment is when an entry was made, for the eye.
func moment(e verify.Entry) string {
	t, err := time.Parse(time.RFC3339Nano, e.Text("at"))
	if err != nil {
		return ""
	}
	return stamp(t)
}

func leafHash(e verify.Entry) string {
	h := e.Hash()
	return hex.EncodeToString(h[:])
}
