package draw

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Actor is one of the four parties of a call.
type Actor int

// The parties, from left to right.
const (
	Caller Actor = iota
	Signalling
	Relay
	Callee
)

var actors = [...]string{"caller", "signalling", "relay", "callee"}

// Never is the place of an answer that did not come, and NotRecorded that of one of which
// there is no record.
const (
	Never       = -1
	NotRecorded = -2
)

// Octets are bytes of a message that a reader should see.
type Octets struct {
	Offset int    // of the first, from the beginning of the message
	Data   []byte // what is beyond three lines of them is counted
	Says   string // what is wrong with them
}

// Message is one arrow.
type Message struct {
	At       time.Duration // since the beginning of the call; below zero: not recorded
	From, To Actor
	Name     string
	Differs  bool // from the normal call
	Stopped  bool // it did not reach whom it was for
	Bytes    []Octets
}

// Step is a message of the normal call beside that of the attack; either may be missing.
type Step struct{ Normal, Attack *Message }

// Flow is a normal call and an attack beside one another, message by message.
type Flow struct {
	Head
	Steps []Step
	// How many steps came before the answer; Never, when there was none.
	NormalAnswer, AttackAnswer int
}

const (
	maxSteps   = 60 // are drawn
	flowColumn = 392.0
	flowTimes  = 58.0 // wide, at the left of each column
	flowGap    = 100.0
	hexLine    = 12 // bytes
	hexLines   = 3
	maxOffset  = 1 << 30
	maxOctets  = 4 // pieces of a message
)

// flowSide is one of the two columns.
type flowSide struct {
	x      float64
	title  string
	answer int
	of     func(Step) *Message
}

func (f Flow) sides() [2]flowSide {
	return [2]flowSide{
		{0, "Normal call", f.NormalAnswer, func(s Step) *Message { return s.Normal }},
		{flowColumn, "Attack", f.AttackAnswer, func(s Step) *Message { return s.Attack }},
	}
}

// reached are the messages of one side that the callee got before the answer.
func (f Flow) reached(side flowSide) (names []string) {
	for i, s := range f.Steps {
		m := side.of(s)
		if m != nil && party(m.To) == Callee && !m.Stopped && (side.answer < 0 || i < side.answer) {
			names = append(names, m.Name)
		}
	}
	return names
}

// SVG implements Drawing.
func (f Flow) SVG(id string) []byte {
	if len(f.Steps) == 0 {
		return blank(id, f.Head)
	}
	const top = 112.0
	p := (&pen{}).head(f.Head)
	steps := f.Steps[:min(len(f.Steps), maxSteps)]
	y, ys := top, make([]float64, len(steps))
	for i, s := range steps {
		if f.NormalAnswer == i || f.AttackAnswer == i {
			y += 30
		}
		ys[i] = y
		y += 40 + 14*float64(max(calloutLines(s.Normal), calloutLines(s.Attack)))
	}
	high := y + 56
	p.open(id, "wide", 2*flowColumn, high)
	for _, side := range f.sides() {
		f.column(p, side, y)
		for i, s := range steps {
			if side.answer == i {
				f.answered(p, side, ys[i]-20)
			}
			if m := side.of(s); m != nil {
				f.message(p, side, m, ys[i])
			}
		}
		if side.answer < 0 || side.answer >= len(f.Steps) {
			f.answered(p, side, y+12)
		}
	}
	p.line("axis", flowColumn, 4, flowColumn, high-24)
	legend := f.say("≠ differs from the normal call · ● reached the callee · ✕ stopped on its way")
	if more := len(f.Steps) - maxSteps; more > 0 {
		legend += " · " + count(more) + " " + f.say("more steps are in the table only")
	}
	p.text("q", "start", 4, high-8, 2*flowColumn-8, legend)
	return p.done()
}

// party is one of the four, whatever stands in a message.
func party(a Actor) Actor { return min(max(a, Caller), Callee) }

func lifeline(side flowSide, a Actor) float64 {
	return side.x + flowTimes + 12 + flowGap*float64(party(a))
}

// column draws what stands behind the messages.
func (f Flow) column(p *pen, side flowSide, bottom float64) {
	p.text("b", "start", side.x+6, 16, flowColumn-12, f.say(side.title))
	got := f.reached(side)
	p.lines("t", "start", side.x+6, 34, flowColumn-16, 3, fmt.Sprintf("%s: %s. %s", f.say("Reached the callee before the answer"), count(len(got)), strings.Join(got, ", ")))
	for a := range actors {
		x := lifeline(side, Actor(a))
		p.text("q", "middle", min(x, side.x+flowColumn-30), 88, flowGap-6, f.say(actors[a]))
		p.line("life", x, 94, x, bottom)
	}
}

// answered draws the line before which nothing of the caller's should reach the callee.
func (f Flow) answered(p *pen, side flowSide, y float64) {
	says := "answered"
	if side.answer < 0 {
		says = unanswered(side.answer)
	}
	p.rect("well", "", side.x+4, y-12, flowColumn-8, 18)
	p.line("calm", side.x+4, y+6, side.x+flowColumn-4, y+6)
	p.text("b", "start", side.x+flowTimes+8, y+1, flowColumn-flowTimes-16, "✆ "+f.say(says))
}

// unanswered says why there is no place of an answer.
func unanswered(place int) string {
	if place == NotRecorded {
		return "whether it was answered is not recorded"
	}
	return "never answered"
}

// message draws one arrow, with its name above and its bytes beneath.
func (f Flow) message(p *pen, side flowSide, m *Message, y float64) {
	x1, x2 := lifeline(side, m.From), lifeline(side, m.To)
	class, text, label := "calm", "t", plain(m.Name, maxText)
	if m.Differs {
		class, text, label = "alarm", "x", "≠ "+label
		p.rect("band", "", side.x+4, y-14, flowColumn-8, 36+14*float64(calloutLines(m)))
	}
	if m.At >= 0 {
		p.text("q", "start", side.x+8, y, flowTimes-4, fmt.Sprintf("+%.2f s", m.At.Seconds()))
	}
	// The name may be longer than its arrow: it stands over it, within its column.
	room := flowColumn - flowTimes - 20
	short, _ := fit(label, room, sizes[text])
	half := extent(short, sizes[text]) / 2
	middle := min(max((x1+x2)/2, side.x+flowTimes+8+half), side.x+flowColumn-8-half)
	p.text(text, "middle", middle, y, room, label)
	arrow(p, class, x1, x2, y+10, m.Stopped)
	if party(m.To) == Callee && !m.Stopped {
		p.shape("circle", "ink", "", "cx", x2, "cy", y+10, "r", 4)
	}
	y += 30
	for i, o := range m.Bytes {
		if i == maxOctets {
			p.text("q", "start", side.x+flowTimes+8, y, room, "+"+count(len(m.Bytes)-i)+" "+f.say("more in the table only"))
			return
		}
		for _, l := range o.hex() {
			p.text("m", "start", side.x+flowTimes+8, y, room, l)
			y += 14
		}
		p.text("q", "start", side.x+flowTimes+8, y, room, o.Says)
		y += 14
	}
}

// arrow draws a message on its way, or one that ends halfway in a cross.
func arrow(p *pen, class string, x1, x2, y float64, stopped bool) {
	to := map[bool]float64{true: 1, false: -1}[x2 >= x1]
	if stopped {
		x2 = x1 + (x2-x1)*0.62
		p.line("alarm", x2-5, y-5, x2+5, y+5)
		p.line("alarm", x2-5, y+5, x2+5, y-5)
	}
	if x1 == x2 {
		p.shape("circle", class, "", "cx", x1, "cy", y, "r", 6)
		return
	}
	p.line(class, x1, y, x2-to*6, y)
	if !stopped {
		head := map[string]string{"calm": "ink", "alarm": "bad"}[class]
		p.polygon(head, "", x2-to*4, y, x2-to*13, y-5, x2-to*13, y+5)
	}
}

// calloutLines is how many lines the bytes of a message take.
func calloutLines(m *Message) (n int) {
	if m == nil {
		return 0
	}
	for i, o := range m.Bytes {
		if i == maxOctets {
			return n + 1
		}
		n += len(o.hex()) + 1
	}
	return n
}

// hex writes bytes with their offsets.
func (o Octets) hex() (lines []string) {
	for i := 0; i < len(o.Data) && len(lines) < hexLines; i += hexLine {
		lines = append(lines, fmt.Sprintf("%04x: % x", min(max(o.Offset, 0), maxOffset)+i, o.Data[i:min(i+hexLine, len(o.Data))]))
	}
	if more := len(o.Data) - hexLine*hexLines; more > 0 {
		lines[hexLines-1] += " +" + strconv.Itoa(more)
	}
	return lines
}

// Table implements Drawing.
func (f Flow) Table() []byte {
	var rows [][]string
	for _, side := range f.sides() {
		for i, s := range f.Steps {
			if side.answer == i {
				rows = append(rows, []string{f.say(side.title), "", "", f.say("answered"), "", ""})
			}
			if m := side.of(s); m != nil {
				rows = append(rows, f.row(side, m))
			}
		}
		switch {
		case side.answer < 0:
			rows = append(rows, []string{f.say(side.title), "", "", f.say(unanswered(side.answer)), "", ""})
		case side.answer >= len(f.Steps):
			rows = append(rows, []string{f.say(side.title), "", "", f.say("answered"), "", ""})
		}
	}
	return table(f.Head, []string{"call", "time", "from and to", "message", "remark", "bytes"}, rows)
}

func (f Flow) row(side flowSide, m *Message) []string {
	var remarks, octets []string
	if m.Differs {
		remarks = append(remarks, f.say("differs from the normal call"))
	}
	if m.Stopped {
		remarks = append(remarks, f.say("stopped on its way"))
	}
	for _, o := range m.Bytes[:min(len(m.Bytes), 20)] {
		octets = append(octets, strings.Join(o.hex(), " ")+" "+o.Says)
	}
	if more := len(m.Bytes) - 20; more > 0 {
		octets = append(octets, "+"+count(more))
	}
	at := ""
	if m.At >= 0 {
		at = fmt.Sprintf("+%.3f s", m.At.Seconds())
	}
	return []string{f.say(side.title), at, f.say(actors[party(m.From)]) + " → " + f.say(actors[party(m.To)]), m.Name, strings.Join(remarks, ", "), strings.Join(octets, "; ")}
}
