package draw

import (
	"strings"
	"time"
)

// Bar is the calls of one step of time.
type Bar struct{ Passed, Held int }

// Bars are calls along time and how many of them were held back.
type Bars struct {
	Head
	From time.Time
	Step time.Duration // of one bar; an hour when it is not set
	Bars []Bar
}

const (
	maxBars  = 96
	barsWide = 780.0
	barsLeft = 56.0
	barsHigh = 150.0
)

// drawn are the bars as they are drawn: neighbours together, when there are too many.
func (b Bars) drawn() (bars []Bar, step time.Duration) {
	step = b.Step
	if step <= 0 {
		step = time.Hour
	}
	together := max(1, (len(b.Bars)+maxBars-1)/maxBars)
	for i, one := range b.Bars {
		if i%together == 0 {
			bars = append(bars, Bar{})
		}
		last := &bars[len(bars)-1]
		last.Passed += max(one.Passed, 0)
		last.Held += max(one.Held, 0)
	}
	return bars, step * time.Duration(together)
}

// SVG implements Drawing.
func (b Bars) SVG(id string) []byte {
	if len(b.Bars) == 0 {
		return blank(id, b.Head)
	}
	const top = 24.0
	p := (&pen{}).head(b.Head)
	bars, step := b.drawn()
	most := 1
	for _, one := range bars {
		most = max(most, one.Passed+one.Held)
	}
	foot := top + barsHigh
	p.open(id, "wide", barsWide, foot+64)
	f := frame{b.From, b.From.Add(step * time.Duration(max(len(bars), 1))), barsLeft, barsWide - barsLeft - 16}
	for _, part := range []float64{0.5, 1} {
		p.line("grid", barsLeft, foot-barsHigh*part, barsWide-16, foot-barsHigh*part)
	}
	p.text("q", "end", barsLeft-6, top+4, barsLeft-8, brief(most))
	p.text("q", "end", barsLeft-6, foot+4, barsLeft-8, "0")
	f.axis(p, foot, foot)
	wide := f.wide / float64(max(len(bars), 1))
	for i, one := range bars {
		x, scale := barsLeft+wide*float64(i), barsHigh/float64(most)
		held, passed := float64(one.Held)*scale, float64(one.Passed)*scale
		says := utc(b.From.Add(step*time.Duration(i))) + ": " + count(one.Held) + " " + b.say("held back") + ", " + count(one.Passed) + " " + b.say("passed on")
		if one.Held > 0 {
			p.rect("bad", says, x+wide*0.1, foot-held, wide*0.8, held)
		}
		if one.Passed > 0 {
			p.rect("box", says, x+wide*0.1, foot-held-passed, wide*0.8, passed)
		}
	}
	p.rect("bad", "", barsLeft, foot+44, 12, 12)
	p.text("q", "start", barsLeft+18, foot+54, 120, b.say("held back"))
	p.rect("box", "", barsLeft+148, foot+44, 12, 12)
	p.text("q", "start", barsLeft+166, foot+54, 120, b.say("passed on"))
	p.text("q", "end", barsWide-16, foot+54, 400, b.say("a bar:")+" "+lasting(step)+" · "+b.say("time from left to right, in UTC"))
	return p.done()
}

// lasting writes a duration without what is nothing.
func lasting(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Table implements Drawing.
func (b Bars) Table() []byte {
	var rows listing
	step := b.Step
	if step <= 0 {
		step = time.Hour
	}
	for i, one := range b.Bars {
		if one.Passed > 0 || one.Held > 0 {
			rows.add(func() []string {
				return []string{utc(b.From.Add(step * time.Duration(i))), count(max(one.Held, 0)), count(max(one.Passed, 0))}
			})
		}
	}
	return rows.table(b.Head, []string{"from (UTC)", "held back", "passed on"})
}
