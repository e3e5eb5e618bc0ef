package draw

import "time"

// steps are how far the ticks of an axis of time may be apart.
var steps = []time.Duration{time.Second, 10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	24 * time.Hour, 2 * 24 * time.Hour, 7 * 24 * time.Hour, 28 * 24 * time.Hour, 91 * 24 * time.Hour, 365 * 24 * time.Hour, 3652 * 24 * time.Hour}

const maxTicks = 8

// axis draws ticks at full hours, days and so on, with day and time in UTC. A range of
// more years than a duration holds has only its ends.
func (f frame) axis(p *pen, top, bottom float64) {
	p.line("axis", f.left, bottom, f.left+f.wide, bottom)
	span := f.until.Sub(f.from)
	if span > 200*steps[len(steps)-2] {
		f.tick(p, f.from, top, bottom, false)
		f.tick(p, f.until, top, bottom, false)
		return
	}
	step := max(steps[len(steps)-1], span/maxTicks)
	for i := len(steps) - 1; i >= 0 && span/steps[i] < maxTicks; i-- {
		step = steps[i]
	}
	at := f.from.UTC().Truncate(step)
	if at.Before(f.from) {
		at = at.Add(step)
	}
	for ; !at.After(f.until); at = at.Add(step) {
		f.tick(p, at, top, bottom, step < 24*time.Hour)
	}
}

// tick draws one time. Labels that would reach beyond the end are left out.
func (f frame) tick(p *pen, at time.Time, top, bottom float64, clock bool) {
	x := f.x(at)
	p.line("grid", x, top, x, bottom+4)
	if x > f.left+f.wide-18 && at.Before(f.until) {
		return
	}
	x = min(x, f.left+f.wide-18)
	p.text("q", "middle", x, bottom+16, 80, at.UTC().Format(time.DateOnly))
	if clock {
		p.text("q", "middle", x, bottom+29, 80, at.UTC().Format("15:04:05"))
	}
}
