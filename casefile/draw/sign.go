package draw

// Spark is a small line of numbers, to stand in a text.
type Spark struct {
	Head
	Values []int
}

const (
	sparkWide = 120.0
	sparkHigh = 24.0
	maxSpark  = 120
)

// SVG implements Drawing. Of many values the largest of neighbours are drawn, so that no
// peak is lost.
func (s Spark) SVG(id string) []byte {
	p := (&pen{}).head(s.Head)
	p.open(id, "inline", sparkWide, sparkHigh)
	var values []int
	together := max(1, (len(s.Values)+maxSpark-1)/maxSpark)
	for i, v := range s.Values {
		if i%together == 0 {
			values = append(values, 0)
		}
		values[len(values)-1] = max(values[len(values)-1], v)
	}
	most := 1
	for _, v := range values {
		most = max(most, v)
	}
	points := ""
	for i, v := range values {
		x := 2 + (sparkWide-8)*float64(i)/float64(max(len(values)-1, 1))
		y := sparkHigh - 3 - (sparkHigh-6)*float64(v)/float64(most)
		points += num(x) + "," + num(y) + " "
		if i == len(values)-1 {
			p.shape("circle", "ink", "", "cx", x, "cy", y, "r", 2.5)
		}
	}
	p.shape("polyline", "calm", "", "points", points)
	return p.done()
}

// Table implements Drawing.
func (s Spark) Table() []byte {
	var rows listing
	for i, v := range s.Values {
		rows.add(func() []string { return []string{count(i + 1), count(v)} })
	}
	return rows.table(s.Head, []string{"place", "number"})
}

// State is what the integrity light says.
type State int

// The states of the light. What was never proved is not good.
const (
	Unproved State = iota // a circle with a question mark
	Intact                // a circle with a tick
	Pending               // a triangle: proved, but a witness or a timestamp is outstanding
	Broken                // an octagon with a cross
)

var states = [...]string{"not proved yet", "intact", "pending", "broken"}

// Light is the integrity light: the state in shape, colour and, in Says, words.
type Light struct {
	Head
	State State
	Says  string // all 1,204 exhibits proved intact 12 min ago
}

func (l Light) state() State {
	if l.State < Unproved || l.State > Broken {
		return Unproved
	}
	return l.State
}

// SVG implements Drawing: the sign alone, its words being in its title; stand the text
// beside it.
func (l Light) SVG(id string) []byte {
	h := l.Head
	h.Title = l.say(states[l.state()])
	if l.Says != "" {
		h.Desc = l.Says
	}
	p := (&pen{}).head(h)
	p.open(id, "inline", 24, 24)
	switch l.state() {
	case Intact:
		p.shape("circle", "good", "", "cx", 12, "cy", 12, "r", 10)
		p.shape("polyline", "tick", "", "points", "7,12.5 10.5,16 17,8.5")
	case Pending:
		p.polygon("open", "", 12, 2, 23, 21, 1, 21)
		p.line("alarm", 12, 9, 12, 15)
		p.line("alarm", 12, 17, 12, 19.5)
	case Broken:
		p.polygon("bad", "", 8, 2, 16, 2, 22, 8, 22, 16, 16, 22, 8, 22, 2, 16, 2, 8)
		p.line("tick", 8, 8, 16, 16)
		p.line("tick", 8, 16, 16, 8)
	default:
		p.shape("circle", "box", "", "cx", 12, "cy", 12, "r", 10)
		p.text("b", "middle", 12, 16.5, 20, "?")
	}
	return p.done()
}

// Table implements Drawing.
func (l Light) Table() []byte {
	return table(l.Head, []string{"state", "remark"}, [][]string{{l.say(states[l.state()]), l.Says}})
}
