package draw

import (
	"slices"
	"strings"
	"time"
)

// Kind is what a point of time is, which its shape says as well as its colour.
type Kind int

// The kinds of points, the gravest last.
const (
	Event   Kind = iota // a dot: anything else
	Trace               // a square: a trace on a phone
	Held                // an open triangle: an attempt that was held back
	Attempt             // a full triangle: an attempt that may have arrived
)

var kinds = [...]string{"other event", "trace on a phone", "attempt, held back", "attempt"}

// Point is something that happened.
type Point struct {
	At   time.Time
	Kind Kind
	Says string
}

// Span is something that lasted, or a time of which there are records.
type Span struct {
	From, Until time.Time
	Says        string
}

// Lane is what one account, relay or target (a pseudonym) has on a timeline.
type Lane struct {
	Name   string
	Role   string // attacker account, relay, target
	Points []Point
	Spans  []Span
}

// Mark is a moment for all lanes: a patch, a notice.
type Mark struct {
	At   time.Time
	Says string
}

// Timeline is lanes along time, from left to right in every language, in UTC. What lies
// outside From and Until is counted, not drawn; when both are zero all is drawn.
type Timeline struct {
	Head
	From, Until time.Time
	Lanes       []Lane
	Marks       []Mark
}

const (
	maxLanes  = 60
	maxSpans  = 200 // of a lane
	timesWide = 780.0
	timesLeft = 150.0
	timesEnd  = 16.0
	laneHigh  = 30.0
	binWide   = 28.0
	maxNotes  = 14 // marks with a line of their own
)

// frame is where times lie in the drawing.
type frame struct {
	from, until time.Time
	left, wide  float64
}

func (f frame) x(t time.Time) float64 {
	return f.left + f.wide*min(max((seconds(t)-seconds(f.from))/(seconds(f.until)-seconds(f.from)), 0), 1)
}

// seconds are since 1970: unlike a duration they reach to every year.
func seconds(t time.Time) float64 { return float64(t.Unix()) + float64(t.Nanosecond())/1e9 }

func (f frame) holds(t time.Time) bool { return !t.Before(f.from) && !t.After(f.until) }

// frame is the range that is drawn.
func (l Timeline) frame() frame {
	f := frame{l.From, l.Until, timesLeft, timesWide - timesLeft - timesEnd}
	if f.from.IsZero() && f.until.IsZero() {
		f.from, f.until = l.bounds()
	}
	if !f.until.After(f.from) {
		f.from, f.until = f.from.Add(-30*time.Minute), f.from.Add(30*time.Minute)
	}
	return f
}

// bounds are the first and last times of all.
func (l Timeline) bounds() (from, until time.Time) {
	var all []time.Time
	for _, lane := range l.Lanes {
		for _, p := range lane.Points {
			all = append(all, p.At)
		}
		for _, s := range lane.Spans {
			all = append(all, s.From, s.Until)
		}
	}
	for _, m := range l.Marks {
		all = append(all, m.At)
	}
	if len(all) == 0 {
		return time.Unix(0, 0), time.Unix(0, 0)
	}
	return slices.MinFunc(all, time.Time.Compare), slices.MaxFunc(all, time.Time.Compare)
}

// outside counts the points before and after what is drawn.
func (l Timeline) outside(f frame) (before, after int) {
	for _, lane := range l.Lanes {
		for _, p := range lane.Points {
			switch {
			case p.At.Before(f.from):
				before++
			case p.At.After(f.until):
				after++
			}
		}
	}
	return before, after
}

// shownLanes are the lanes that are drawn; those beyond are put into the last.
func (l Timeline) shownLanes() []Lane {
	if len(l.Lanes) <= maxLanes {
		return l.Lanes
	}
	rest := Lane{Name: "+" + count(len(l.Lanes)-maxLanes+1), Role: l.say("more, in one lane")}
	for _, lane := range l.Lanes[maxLanes-1:] {
		rest.Points = append(rest.Points, lane.Points...)
		rest.Spans = append(rest.Spans, lane.Spans...)
	}
	return append(slices.Clone(l.Lanes[:maxLanes-1]), rest)
}

// SVG implements Drawing.
func (l Timeline) SVG(id string) []byte {
	if len(l.Lanes)+len(l.Marks) == 0 {
		return blank(id, l.Head)
	}
	p, f, lanes := (&pen{}).head(l.Head), l.frame(), l.shownLanes()
	marks := l.marksWithin(f)
	const top = 34.0
	bottom := top + laneHigh*float64(len(lanes)) + 6
	notes := min(len(marks), maxNotes+1)
	high := bottom + 90 + 16*float64(notes)
	p.open(id, "wide", timesWide, high)
	f.axis(p, top-8, bottom)
	p.text("q", "start", timesLeft, bottom+46, timesWide-timesLeft-timesEnd, "→ "+l.say("time from left to right, in UTC · a number: so many, of the kinds above it"))
	l.flags(p, f, marks, top-8, bottom)
	for i, lane := range lanes {
		l.lane(p, f, lane, top+laneHigh*float64(i))
	}
	l.legend(p, f, bottom+64)
	for i, m := range marks[:min(len(marks), maxNotes)] {
		p.text("t", "start", 8, bottom+84+16*float64(i), timesWide-16, "⚑"+count(i+1)+"  "+utc(m.At)+"  "+m.Says)
	}
	if more := len(marks) - maxNotes; more > 0 {
		p.text("q", "start", 8, bottom+84+16*maxNotes, timesWide-16, "+"+count(more)+" "+l.say("more in the table only"))
	}
	return p.done()
}

func (l Timeline) marksWithin(f frame) []Mark {
	marks := slices.DeleteFunc(slices.Clone(l.Marks), func(m Mark) bool { return !f.holds(m.At) })
	slices.SortStableFunc(marks, func(a, b Mark) int { return a.At.Compare(b.At) })
	return marks
}

// lane draws one lane: its spans, and its points, those close together as one mark that
// says how many it stands for.
func (l Timeline) lane(p *pen, f frame, lane Lane, y float64) {
	middle := y + laneHigh/2
	p.line("grid", 4, y+laneHigh, timesWide-4, y+laneHigh)
	p.text("t", "start", 8, y+13, timesLeft-16, lane.Name)
	p.text("q", "start", 8, y+26, timesLeft-16, l.say(lane.Role))
	hidden := 0
	for i, s := range lane.Spans {
		switch {
		case s.Until.Before(f.from) || s.From.After(f.until):
		case i >= maxSpans:
			hidden++
		default:
			p.rect("box", utc(s.From)+" – "+utc(s.Until)+" "+s.Says, f.x(s.From), middle-9, max(f.x(s.Until)-f.x(s.From), 2), 18)
		}
	}
	if hidden > 0 {
		p.text("q", "end", timesWide-timesEnd, middle+4, 60, "+"+count(hidden))
	}
	for _, b := range bins(f, lane.Points) {
		l.bin(p, f, b, middle)
	}
}

// bins are the points of a lane by where they lie.
func bins(f frame, points []Point) [][]Point {
	all := make([][]Point, int(f.wide/binWide)+1)
	for _, pt := range points {
		if f.holds(pt.At) {
			i := int((f.x(pt.At) - f.left) / binWide)
			all[i] = append(all[i], pt)
		}
	}
	return slices.DeleteFunc(all, func(b []Point) bool { return len(b) == 0 })
}

// bin draws points as one mark, with the sign of every kind that is in it: a number
// under the sign of an attempt alone would say that all of them were attempts.
func (l Timeline) bin(p *pen, f frame, b []Point, y float64) {
	x := f.x(b[0].At)
	if len(b) == 1 {
		symbol(p, b[0].Kind, utc(b[0].At)+" "+b[0].Says, x, y, 1)
		return
	}
	i := float64(int((x - f.left) / binWide))
	x = min(f.left+binWide*i+binWide/2, timesWide-timesEnd-binWide/2)
	p.rect("box", l.binSays(b), x-binWide/2+1, y-11, binWide-2, 22)
	var within []Kind
	for k := Attempt; k >= Event; k-- {
		if slices.ContainsFunc(b, func(pt Point) bool { return kindOf(pt.Kind) == k }) {
			within = append(within, k)
		}
	}
	for i, k := range within {
		symbol(p, k, "", x+6.2*(float64(i)-float64(len(within)-1)/2), y-5, map[bool]float64{true: 1, false: 0.55}[len(within) == 1])
	}
	p.text("n", "middle", x, y+9, binWide, brief(len(b)))
}

// binSays is how many points of each kind a mark stands for, and their time.
func (l Timeline) binSays(b []Point) string {
	var n [len(kinds)]int
	from, until := b[0].At, b[0].At
	for _, pt := range b {
		n[kindOf(pt.Kind)]++
		if pt.At.Before(from) {
			from = pt.At
		}
		if pt.At.After(until) {
			until = pt.At
		}
	}
	says := utc(from) + " – " + utc(until)
	for k, n := range n {
		if n > 0 {
			says += "; " + count(n) + " " + l.say(kinds[k])
		}
	}
	return says
}

func kindOf(k Kind) Kind { return min(max(k, Event), Attempt) }

// symbol draws a kind of point by its shape, in its full size or less.
func symbol(p *pen, k Kind, says string, x, y, size float64) {
	switch kindOf(k) {
	case Attempt:
		p.polygon("bad", says, x, y-5*size, x+5.5*size, y+4*size, x-5.5*size, y+4*size)
	case Held:
		p.polygon("open", says, x, y-5*size, x+5.5*size, y+4*size, x-5.5*size, y+4*size)
	case Trace:
		p.shape("rect", "trace", says, "x", x-4*size, "y", y-4*size, "width", 8*size, "height", 8*size)
	default:
		p.shape("circle", "other", says, "cx", x, "cy", y, "r", 4*size)
	}
}

// flags draws the marks as numbered lines; close ones share a flag.
func (l Timeline) flags(p *pen, f frame, marks []Mark, top, bottom float64) {
	last, first := -100.0, 0
	for i := 0; i < len(marks); i++ {
		x := f.x(marks[i].At)
		p.line("weak", x, top, x, bottom)
		first, last = i, x
		for i+1 < len(marks) && f.x(marks[i+1].At)-last < 62 {
			i++
			p.line("weak", f.x(marks[i].At), top, f.x(marks[i].At), bottom)
		}
		sign := "⚑" + count(first+1)
		if i > first {
			sign += "–" + count(i+1)
		}
		if x > timesWide-62 {
			p.text("b", "end", x+4, top-4, 62, sign)
			continue
		}
		p.text("b", "start", x-5, top-4, 62, sign)
	}
}

// legend says what the shapes mean and what lies outside.
func (l Timeline) legend(p *pen, f frame, y float64) {
	x := 14.0
	for k := Attempt; k >= Event; k-- {
		symbol(p, k, "", x, y-4, 1)
		p.text("q", "start", x+10, y, 130, l.say(kinds[k]))
		x += extent(l.say(kinds[k]), small) + 34
	}
	before, after := l.outside(f)
	if before+after > 0 {
		p.text("q", "end", timesWide-8, y, timesWide-x-8, strings.Join([]string{count(before), l.say("before"), count(after), l.say("after")}, " "))
	}
}

// entry is a row of the table before it is written: a point or span of a lane, or a mark.
type entry struct {
	at    time.Time
	lane  *Lane
	point *Point
	span  *Span
	mark  *Mark
}

func (e entry) row(l Timeline) []string {
	switch {
	case e.mark != nil:
		return []string{utc(e.at), "", "", l.say("marker"), e.mark.Says}
	case e.span != nil:
		return []string{utc(e.at) + " – " + utc(e.span.Until), e.lane.Name, l.say(e.lane.Role), l.say("span"), e.span.Says}
	}
	return []string{utc(e.at), e.lane.Name, l.say(e.lane.Role), l.say(kinds[kindOf(e.point.Kind)]), e.point.Says}
}

// entries are all that lies within the frame, by time.
func (l Timeline) entries(f frame) (all []entry) {
	for i := range l.Lanes {
		lane := &l.Lanes[i]
		for k := range lane.Points {
			if p := &lane.Points[k]; f.holds(p.At) {
				all = append(all, entry{at: p.At, lane: lane, point: p})
			}
		}
		for k := range lane.Spans {
			if s := &lane.Spans[k]; !s.Until.Before(f.from) && !s.From.After(f.until) {
				all = append(all, entry{at: s.From, lane: lane, span: s})
			}
		}
	}
	for i := range l.Marks {
		if m := &l.Marks[i]; f.holds(m.At) {
			all = append(all, entry{at: m.At, mark: m})
		}
	}
	slices.SortStableFunc(all, func(a, b entry) int { return a.at.Compare(b.at) })
	return all
}

// Table implements Drawing. It has what lies between From and Until, as the drawing.
func (l Timeline) Table() []byte {
	var rows listing
	f := l.frame()
	before, after := l.outside(f)
	for i, n := range []int{before, after} {
		if n > 0 {
			rows.add(func() []string { return []string{"", "", "", l.say([]string{"before", "after"}[i]), count(n)} })
		}
	}
	for _, e := range l.entries(f) {
		rows.add(func() []string { return e.row(l) })
	}
	return rows.table(l.Head, []string{"time (UTC)", "who", "role", "what", "remark"})
}
