package report

import (
	"slices"
	"time"

	"github.com/ringfence/ringfence/hunt"
)

// outcomes in the order in which bars are stacked; any other is the last.
var outcomes = []string{"missed", "cancelled", "declined", "blocked", "failed", "answered", "other"}

// steps are how long a bar of the timeline may be.
var steps = []time.Duration{time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 28 * 24 * time.Hour, 8766 * time.Hour}

const maxBars = 72

// timeline is a campaign's attempts along time.
type timeline struct {
	Step  string
	Most  int // attempts of the highest bar
	Bars  []bar
	Kinds []string // outcomes that occur
	Rows  []moment // of the table
	From  time.Time
	To    time.Time
}

// moment is the attempts of one step.
type moment struct {
	Time  time.Time
	Total int
	N     []int // by outcome, as in Kinds
}

// bar is a column of a drawing that is 1000 wide and 100 high.
type bar struct {
	X, Wide float64
	Says    string
	Parts   []part
}

// part is a piece of a bar.
type part struct {
	Kind    string
	Y, High float64
}

// newTimeline counts attempts by steps; nil when there are none.
func newTimeline(attempts []hunt.Attempt, w *words) *timeline {
	if len(attempts) == 0 {
		return nil
	}
	t := &timeline{From: attempts[0].Time, To: attempts[0].Time}
	for _, a := range attempts {
		if a.Time.Before(t.From) {
			t.From = a.Time
		}
		if a.Time.After(t.To) {
			t.To = a.Time
		}
	}
	step := steps[len(steps)-1]
	for _, s := range slices.Backward(steps) {
		if t.To.Sub(t.From)/s < maxBars-1 {
			step = s
		}
	}
	t.Step = w.Step[step.String()]
	t.count(attempts, step)
	t.draw(w)
	return t
}

// count sorts the attempts into steps, which begin at full hours, days, and so on.
func (t *timeline) count(attempts []hunt.Attempt, step time.Duration) {
	begin := t.From.Truncate(step)
	t.Rows = make([]moment, t.To.Sub(begin)/step+1) // Sub saturates at 292 years
	counts := make([][7]int, len(t.Rows))
	var seen [7]bool
	for _, a := range attempts {
		i, kind := min(int(a.Time.Sub(begin)/step), len(t.Rows)-1), slices.Index(outcomes, a.Outcome)
		if kind < 0 {
			kind = len(outcomes) - 1
		}
		counts[i][kind]++
		seen[kind] = true
	}
	for kind, name := range outcomes {
		if seen[kind] {
			t.Kinds = append(t.Kinds, name)
		}
	}
	for i := range t.Rows {
		row := &t.Rows[i]
		row.Time = begin.Add(time.Duration(i) * step)
		for kind, n := range counts[i] {
			if seen[kind] {
				row.N = append(row.N, n)
				row.Total += n
			}
		}
		t.Most = max(t.Most, row.Total)
	}
}

func (t *timeline) draw(w *words) {
	wide := 1000 / float64(len(t.Rows))
	for i, row := range t.Rows {
		b := bar{X: float64(i) * wide, Wide: wide * 0.86, Says: utc(row.Time)[:16] + ":"}
		y := 100.0
		for k, n := range row.N {
			if n == 0 {
				continue
			}
			high := 98 * float64(n) / float64(t.Most)
			y -= high
			b.Parts = append(b.Parts, part{t.Kinds[k], y, high})
			b.Says += " " + w.Outcomed(t.Kinds[k]) + " " + count(n)
		}
		if row.Total > 0 {
			t.Bars = append(t.Bars, b)
		}
	}
	t.Rows = slices.DeleteFunc(t.Rows, func(m moment) bool { return m.Total == 0 })
}

// dayBars draws the hours of the day.
func dayBars(hours [24]int) (bars []bar, most int) {
	most = max(1, slices.Max(hours[:]))
	for h, n := range hours {
		if high := 98 * float64(max(n, 0)) / float64(most); high > 0 {
			bars = append(bars, bar{X: float64(h) * 1000 / 24, Wide: 36, Says: count(h) + ":00: " + count(n), Parts: []part{{"hour", 100 - high, high}}})
		}
	}
	return bars, slices.Max(hours[:])
}
