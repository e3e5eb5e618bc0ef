package draw

import (
	"bytes"
	"html"
	"strconv"
	"unicode/utf8"
)

// Sizes of letters, in units of the drawing, which is shown at about a pixel a unit.
const (
	letter = 12.0
	small  = 11.0
	heavy  = letter * 1.1
)

// sizes are those that texts of a class are reckoned with: heavy letters are wider.
var sizes = map[string]float64{"t": letter, "b": heavy, "x": heavy, "q": small, "n": small * heavy / letter, "tag": small, "m": small}

// paint is what a class looks like where there is no style sheet: on white paper. The
// style sheet has the same classes in the colours of the page's theme.
var paint = map[string]string{
	"t":     `fill="#1b1d1c" font-size="12"`,
	"b":     `fill="#1b1d1c" font-size="12" font-weight="700"`,
	"q":     `fill="#595d5a" font-size="11"`,
	"tag":   `fill="#595d5a" font-size="11" stroke="#ffffff" stroke-width="3" paint-order="stroke"`,
	"x":     `fill="#a8201a" font-size="12" font-weight="700"`,
	"m":     `fill="#1b1d1c" font-size="11" font-family="monospace"`,
	"n":     `fill="#1b1d1c" font-size="11" font-weight="700"`,
	"axis":  `stroke="#85877f" fill="none"`,
	"grid":  `stroke="#d9d9d2" fill="none"`,
	"life":  `stroke="#85877f" stroke-dasharray="2 3" fill="none"`,
	"calm":  `stroke="#1b1d1c" stroke-width="1.5" fill="none"`,
	"alarm": `stroke="#a8201a" stroke-width="3" fill="none"`,
	"weak":  `stroke="#85877f" stroke-width="1.5" stroke-dasharray="5 3" fill="none"`,
	"ink":   `fill="#1b1d1c"`,
	"bad":   `fill="#a8201a" stroke="#a8201a"`,
	"good":  `fill="#17694d" stroke="#17694d"`,
	"open":  `fill="#ffffff" stroke="#a8201a" stroke-width="2"`,
	"trace": `fill="#2c6cb5" stroke="#2c6cb5"`,
	"other": `fill="#595d5a" stroke="#595d5a"`,
	"band":  `fill="#fdecea"`,
	"well":  `fill="#efefeb"`,
	"box":   `fill="#ffffff" stroke="#85877f"`,
	"group": `fill="#efefeb" stroke="#efefeb" stroke-width="36" stroke-linejoin="round"`,
	"l0":    `fill="#efefeb" stroke="#d9d9d2"`,
	"l1":    `fill="#f8e5e4" stroke="#a8201a"`,
	"l2":    `fill="#f0d0ce" stroke="#a8201a"`,
	"l3":    `fill="#e6b8b5" stroke="#a8201a"`,
	"l4":    `fill="#b2332d" stroke="#a8201a"`,
	"l5":    `fill="#8f1a15" stroke="#8f1a15"`,
	"tick":  `stroke="#ffffff" stroke-width="2.5" fill="none"`,
	"inv":   `fill="#ffffff" font-size="10" font-weight="700"`,
	"code":  `fill="#1b1d1c" font-size="10"`,
}

// pen writes a drawing.
type pen struct {
	b bytes.Buffer
	h Head
}

// raw writes what is markup already.
func (p *pen) raw(parts ...string) {
	for _, s := range parts {
		p.b.WriteString(s)
	}
}

// open begins a drawing of a size in units. Size is narrow, middle or wide: how narrow
// it may become before it scrolls.
func (p *pen) open(id, size string, wide, high float64) {
	id = name(id)
	p.raw(`<svg xmlns="http://www.w3.org/2000/svg" class="draw-svg draw-`, size, `" viewBox="0 0 `, num(wide), " ", num(high),
		`" width="`, num(wide), `" height="`, num(high), `" role="img" aria-labelledby="`, id, `-t `, id,
		`-d" direction="ltr" font-family="sans-serif"><title id="`, id, `-t">`, esc(p.h.Title, maxText), `</title><desc id="`, id, `-d">`, esc(p.h.Desc, 4*maxText), `</desc>`)
}

// done ends a drawing.
func (p *pen) done() []byte {
	p.raw("</svg>\n")
	return p.b.Bytes()
}

// shape draws an element of a class with attributes in pairs, and says in a title what
// it stands for, when there is anything to say.
func (p *pen) shape(element, class, says string, attributes ...any) {
	p.raw("<", element, ` class="draw-`, class, `" `, paint[class])
	for i := 0; i+1 < len(attributes); i += 2 {
		p.raw(" ", attributes[i].(string), `="`)
		switch v := attributes[i+1].(type) {
		case float64:
			p.raw(num(v))
		case int:
			p.raw(strconv.Itoa(v))
		case string:
			p.raw(html.EscapeString(v))
		}
		p.raw(`"`)
	}
	if says == "" {
		p.raw("/>")
		return
	}
	p.raw("><title>", esc(says, maxText), "</title></", element, ">")
}

func (p *pen) line(class string, x1, y1, x2, y2 float64) {
	p.shape("line", class, "", "x1", x1, "y1", y1, "x2", x2, "y2", y2)
}

func (p *pen) rect(class, says string, x, y, w, h float64) {
	p.shape("rect", class, says, "x", x, "y", y, "width", max(w, 0), "height", max(h, 0), "rx", min(3, w/2))
}

// polygon draws a closed shape through points (x, y, x, y, ...).
func (p *pen) polygon(class, says string, at ...float64) {
	var b bytes.Buffer
	for i, f := range at {
		if i > 0 {
			b.WriteByte(" ,"[i%2])
		}
		b.WriteString(num(f))
	}
	p.shape("polygon", class, says, "points", b.String())
}

// text writes a text within a width, from its start, middle or end at x. It is cut when
// it is too long; then all of it (up to the limit of every text) is in its title.
func (p *pen) text(class, anchor string, x, y, wide float64, s string) {
	s = plain(s, maxText)
	short, cut := fit(s, wide, sizes[class])
	if even := int(wide / (0.62 * small)); class == "m" && utf8.RuneCountInString(short) > even {
		short, cut = string([]rune(s)[:max(even-1, 0)])+"…", true
	}
	p.letters(class, anchor, x, y, short)
	if cut {
		p.raw("<title>", html.EscapeString(s), "</title>")
	}
	p.raw("</text>")
}

// lines writes a text in up to rows lines, and returns the height that they take.
func (p *pen) lines(class, anchor string, x, y, wide float64, rows int, s string) float64 {
	const high = 14
	lines, cut := wrap(plain(s, maxText), wide, sizes[class], rows)
	for i, l := range lines {
		p.letters(class, anchor, x, y+float64(i)*high, l)
		if cut {
			p.raw("<title>", esc(s, maxText), "</title>")
		}
		p.raw("</text>")
	}
	return float64(len(lines)) * high
}

// letters writes a text that fits, and leaves its element open. A text from right to
// left starts at its right, so start and end change places to keep it where it belongs.
func (p *pen) letters(class, anchor string, x, y float64, s string) {
	direction := "ltr"
	if backwards(s) {
		direction = "rtl"
		switch anchor {
		case "start":
			anchor = "end"
		case "end":
			anchor = "start"
		}
	}
	p.raw(`<text class="draw-`, class, `" `, paint[class], ` x="`, num(x), `" y="`, num(y), `" text-anchor="`, anchor,
		`" direction="`, direction, `" unicode-bidi="isolate">`, html.EscapeString(s))
}

// blank is a figure of which there is nothing on record: it says so.
func blank(id string, h Head) []byte {
	p := (&pen{}).head(h)
	p.open(id, "narrow", 320, 40)
	p.text("q", "start", 8, 24, 304, h.say("nothing on record"))
	return p.done()
}

// head takes a figure's head.
func (p *pen) head(h Head) *pen {
	p.h = h
	return p
}
