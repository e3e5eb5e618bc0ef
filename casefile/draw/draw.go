// Package draw draws the figures of a case file as SVG: an attack's messages beside
// those of a normal call, swimlanes along time, infrastructure, countries, the claim
// ladder, the matrix of competing hypotheses, calls per hour and small signs.
//
// A figure is a plain struct; drawing it is a pure function, so the same case gives the
// same bytes on screen and on paper. What it holds is taken for hostile: every text is
// escaped, shortened and shown with its invisible characters made visible, and every
// figure has a limit to what is drawn. What is beyond it is counted in the drawing. Each
// figure has a table with the same content, for whoever does not see drawings or would
// rather read.
//
// A drawing has no style of its own but presentation attributes, which print well; CSS
// has the classes that follow the page's theme, so that a strict content security policy
// is kept.
package draw

import (
	"bytes"
	_ "embed" // the style sheet
)

//go:embed draw.css
var css []byte

// CSS returns a copy of the style sheet of all figures: light, dark (by the reader's
// system, or by data-theme="light" or "dark" on an element around), paper and forced colours.
func CSS() []byte { return bytes.Clone(css) }

// Head is what all figures have.
type Head struct {
	Title string // one line
	Desc  string // what the figure shows, in a sentence or two, for whoever does not see it
	// Words are translations of the fixed words of a figure, by the English ones.
	// What is missing stays English.
	Words map[string]string
}

// Drawing is a figure of this package.
type Drawing interface {
	// SVG draws it. What id makes unique in the page are the names inside.
	SVG(id string) []byte
	// Table is an HTML table with the same content.
	Table() []byte
	head() Head
}

func (h Head) head() Head { return h }

// say gives a fixed word in the reader's language.
func (h Head) say(english string) string {
	if w := h.Words[english]; w != "" {
		return w
	}
	return english
}

// Figure is a drawing with its caption and, folded, its table. Drawings that are wider
// than the page scroll by themselves; time and drawings run from left to right in every
// language, as the page around them does not.
func Figure(id string, d Drawing) []byte {
	h, own := d.head(), name(id)
	var p pen
	p.raw(`<figure class="draw" id="`, own, `"><figcaption id="`, own, `-c" dir="auto">`, esc(h.Title, maxText), `</figcaption>`)
	p.raw(`<div class="draw-scroll" dir="ltr" tabindex="0" role="group" aria-labelledby="`, own, `-c">`, string(d.SVG(id)), `</div>`)
	p.raw(`<details class="draw-twin"><summary id="`, own, `-s">`, esc(h.say("The same as a table"), maxText), `</summary>`)
	p.raw(`<div class="draw-scroll" tabindex="0" role="group" aria-labelledby="`, own, `-s">`, string(d.Table()), `</div></details></figure>`)
	return p.b.Bytes()
}
