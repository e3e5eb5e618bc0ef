package draw

import (
	"cmp"
	_ "embed" // the table of places
	"math"
	"slices"
	"strings"
)

//go:embed countries.txt
var countryRows string

// place is where a country's tile lies, in tiles.
type place struct {
	code string
	x, y int
}

// places are all tiles, from the table of places: a word is a tile, -- is sea.
var places = func() (all []place) {
	for y, row := range strings.Split(strings.TrimSpace(countryRows), "\n") {
		for x, code := range strings.Fields(row) {
			if code != "--" {
				all = append(all, place{code, x, y})
			}
		}
	}
	return all
}()

// leastShown is the threshold when none is given.
const leastShown = 5

// Countries is how many targets each country has, on a map of tiles. A map of few people
// can point at one of them, so a count below Threshold is never shown, in the drawing or
// in its table, and the sum of all is not told. When what is hidden adds up to less than
// the threshold, the smallest count that could be shown is withheld too: otherwise
// whoever knows the sum from elsewhere could subtract (complementary suppression, as in
// official statistics).
type Countries struct {
	Head
	Counts    map[string]int    // by ISO 3166-1 alpha-2 code
	Names     map[string]string // of countries, for readers; a code without one stands for itself
	Threshold int               // the least count that is shown; 5 when it is not set
}

// shownCount is what may be known of a country.
type shownCount struct {
	code     string
	n        int // when it is shown
	few      bool
	withheld bool
}

// says is the count as it is shown.
func (c shownCount) says(threshold int) string {
	switch {
	case c.withheld:
		return "*"
	case c.few:
		return "<" + brief(threshold)
	}
	return brief(c.n)
}

func (c Countries) threshold() int {
	if c.Threshold < 1 {
		return leastShown
	}
	return c.Threshold
}

// shown are the countries with targets as they may be shown: largest first, and what is
// hidden by its code, so that the order tells nothing. A threshold of 1 hides nothing.
func (c Countries) shown() (all []shownCount) {
	hidden := 0
	for code, n := range c.Counts {
		if n <= 0 {
			continue
		}
		one := shownCount{code: code, n: n, few: n < c.threshold()}
		if one.few {
			hidden += n
			one.n = 0
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b shownCount) int { return cmp.Or(cmp.Compare(b.n, a.n), strings.Compare(a.code, b.code)) })
	few := slices.IndexFunc(all, func(s shownCount) bool { return s.few })
	if hidden > 0 && hidden < c.threshold() && few > 0 {
		all[few-1].n, all[few-1].withheld = 0, true
	}
	return all
}

// level is 0 to 5, by orders of magnitude; what is hidden is 1 whatever it is.
func (c shownCount) level(most int) int {
	switch {
	case c.few || c.withheld:
		return 1
	case most < 2:
		return 5
	}
	return 2 + int(math.Round(3*math.Log(float64(max(c.n, 1)))/math.Log(float64(most))))
}

const tile = 27.0

// SVG implements Drawing.
func (c Countries) SVG(id string) []byte {
	p := (&pen{}).head(c.Head)
	by, most := map[string]shownCount{}, 1
	for _, s := range c.shown() {
		by[s.code] = s
		most = max(most, s.n)
	}
	wide, high := 0, 0
	for _, at := range places {
		wide, high = max(wide, at.x+1), max(high, at.y+1)
	}
	p.open(id, "wide", float64(wide)*tile+4, float64(high)*tile+46)
	for _, at := range places {
		s, some := by[at.code]
		c.tile(p, 2+float64(at.x)*tile, 2+float64(at.y)*tile, at.code, s, some, most)
		delete(by, at.code)
	}
	y := float64(high)*tile + 18
	p.text("q", "start", 4, y, float64(wide)*tile-8, c.legend())
	if len(by) > 0 {
		p.text("q", "start", 4, y+18, float64(wide)*tile-8, c.say("without a place on the map, in the table only:")+" "+count(len(by)))
	}
	return p.done()
}

func (c Countries) legend() string {
	legend := c.say("One tile a country, about where it lies. A number is people; a stronger colour is more.")
	for _, s := range c.shown() {
		if s.few {
			legend += " <" + brief(c.threshold()) + ": " + c.say("fewer, not told.")
			break
		}
	}
	if slices.ContainsFunc(c.shown(), func(s shownCount) bool { return s.withheld }) {
		legend += " *: " + c.say("withheld, so that none can be worked out.")
	}
	return legend
}

// tile draws one country. Texts on the ground of a tile have its contrast, by level.
func (c Countries) tile(p *pen, x, y float64, code string, s shownCount, some bool, most int) {
	level, class, says := 0, "code", c.called(code)
	if some {
		level = s.level(most)
		says += ": " + s.says(c.threshold())
	}
	if level > 3 {
		class = "inv"
	}
	p.raw(`<g class="tile">`)
	p.rect("l"+count(level), says, x, y, tile-2, tile-2)
	p.raw(`<text class="draw-`, class, `" `, paint[class], ` text-anchor="middle" x="`, num(x+tile/2-1), `" y="`, num(y+map[bool]float64{true: 11, false: 16}[some]), `">`, esc(code, 2))
	if some {
		p.raw(`<tspan x="`, num(x+tile/2-1), `" dy="11" font-weight="700">`, esc(s.says(c.threshold()), 5), `</tspan>`)
	}
	p.raw("</text></g>")
}

func (c Countries) called(code string) string {
	if name := c.Names[code]; name != "" {
		return name
	}
	return code
}

// Table implements Drawing.
func (c Countries) Table() []byte {
	var rows [][]string
	for _, s := range c.shown() {
		n := count(s.n)
		switch {
		case s.withheld:
			n = c.say("withheld, so that none can be worked out.")
		case s.few:
			n = "<" + count(c.threshold())
		}
		rows = append(rows, []string{c.called(s.code), s.code, n})
	}
	return table(c.Head, []string{"country", "code", "people"}, rows)
}
