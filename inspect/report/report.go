// Package report writes what an inspection has found as a page that a person can
// read: each call drawn as its messages, each verdict with the bytes that made it.
//
// The page stands alone and loads nothing. What a capture says is hostile: it is
// escaped, and letters that turn the direction of writing are shown as what they
// are.
package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/ringfence/ringfence/inspect"
	"github.com/ringfence/ringfence/internal/look"
	"github.com/ringfence/ringfence/internal/visible"
)

//go:embed page.html
var page string

//go:embed page.css
var pageStyle string

var style = look.Base() + pageStyle

var pages = template.Must(template.New("page").Funcs(template.FuncMap{
	"shown": shown, "count": count, "moment": moment, "clock": func(t time.Time) string { return t.UTC().Format("15:04:05.000") }, "upper": strings.ToUpper,
}).Parse(page))

// most are shown of each; the JSON has the others.
const (
	mostCalls    = 100
	mostVerdicts = 200
)

type view struct {
	*inspect.Report
	Style     template.CSS
	StyleHash string
	Protocols []protocol
	Calls     []call
	Verdicts  []verdict
	MoreCalls int
	MoreFound int
	Above     int
}

type protocol struct {
	Name string
	inspect.Count
}

type call struct {
	inspect.Call
	Figure template.HTML
}

type verdict struct {
	inspect.Verdict
	Lines []line
}

// Write writes the page.
func Write(w io.Writer, r *inspect.Report) error {
	sum := sha256.Sum256([]byte(style))
	v := view{Report: r, Style: template.CSS(style), StyleHash: base64.StdEncoding.EncodeToString(sum[:])}
	for _, name := range r.Understood() {
		v.Protocols = append(v.Protocols, protocol{name, r.Protocols[name]})
	}
	for i, c := range r.Calls[:min(len(r.Calls), mostCalls)] {
		v.Calls = append(v.Calls, call{c, template.HTML(ladder(&c, i))}) // ladder escapes what it writes
	}
	for _, f := range r.Verdicts[:min(len(r.Verdicts), mostVerdicts)] {
		v.Verdicts = append(v.Verdicts, verdict{f, dump(f.Bytes, f.At, f.Length)})
	}
	for i := range r.Verdicts {
		if s := r.Verdicts[i].Severity; s != "low" && s != "info" {
			v.Above++
		}
	}
	v.MoreCalls, v.MoreFound = len(r.Calls)-len(v.Calls), len(r.Verdicts)-len(v.Verdicts)
	return pages.Execute(w, v)
}

// shown is a text of a capture as it may stand on a page.
func shown(s string) string { return visible.Text(s, 400) }

func count(n int64) string { return visible.Count(n) }

func moment(t *time.Time) string {
	if t == nil {
		return "not known"
	}
	return t.UTC().Format("2006-01-02 15:04:05.000")
}

// line is 16 bytes.
type line struct {
	Offset string
	Pieces []piece
	Text   []piece
}

type piece struct {
	Text   string
	Marked bool
}

// dump lays bytes out, the wrong ones marked; a bracket stands around them, so that
// they are seen without colour.
func dump(b []byte, at, length int) (all []line) {
	for from := 0; from < len(b); from += 16 {
		l := line{Offset: fmt.Sprintf("%04x", from)}
		for i := from; i < min(from+16, len(b)); i++ {
			marked := i >= at && i < at+max(length, 1)
			hex, text := fmt.Sprintf(" %02x", b[i]), "."
			if marked {
				hex = fmt.Sprintf("[%02x", b[i])
			}
			if marked && (i == at+max(length, 1)-1 || i == len(b)-1) {
				hex += "]"
			}
			if b[i] >= 0x20 && b[i] < 0x7f {
				text = string(rune(b[i]))
			}
			l.Pieces = append(l.Pieces, piece{hex, marked})
			l.Text = append(l.Text, piece{text, marked})
		}
		all = append(all, l)
	}
	return all
}
