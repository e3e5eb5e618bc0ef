package draw

import "time"

// steps are how far the ticks of an axis of time may be apart.
var steps = []time.Duration{time.Second, 10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	24 * time.Hour, 2 * 24 * time.Hour, 7 * 24 * time.Hour, 28 * 24 * time.Hour, 91 * 24 * time.Hour, 365 * 24 * time.Hour, 3652 * 24 * time.Hour}

const maxTicks = 8

// axis draws ticks at full hours, days and so on, with day and time in UTC.
func (f frame) axis(p *pen, top, bottom float64) {
	span := f.until.Sub(f.from)
	step := max(steps[len(steps)-1], span/maxTicks)
	for i := len(steps) - 1; i >= 0 && span/steps[i] < maxTicks; i-- {
		step = steps[i]
	}
	p.line("axis", f.left, bottom, f.left+f.wide, bottom)
	at := f.from.UTC().Truncate(step)
	if at.Before(f.from) {
		at = at.Add(step)
	}
	for range maxTicks + 1 {
		if at.After(f.until) {
			return
		}
		x := f.x(at)
		p.line("grid", x, top, x, bottom+4)
		// Labels stand inside the drawing also at its ends.
		label := min(x, f.left+f.wide-18)
		p.text("q", "middle", label, bottom+16, 80, at.Format(time.DateOnly))
		if step < 24*time.Hour {
			p.text("q", "middle", label, bottom+29, 80, at.Format("15:04:05"))
		}
		at = at.Add(step)
	}
}
