package draw

import (
	"slices"
	"strings"
)

// Rung is one claim of the claim ladder.
type Rung struct {
	Claim      string // what is claimed
	Word       string // of ICD 203; empty: not attributed
	Confidence string // low, moderate or high; of the judgement, not of the claim
	Cap        string // why the confidence may not be higher; empty: nothing holds it down
}

// Ladder is the claims of an attribution, from the lowest rung (the same cluster) to the
// highest (a government), each with its own judgement.
type Ladder struct {
	Head
	Rungs []Rung
}

// likelihoods are the words of ICD 203 §6.B(2)(a), with their bands in percent. No other
// number is ever drawn for a judgement.
var likelihoods = []struct {
	words    []string
	from, to int
}{
	{[]string{"almost no chance", "remote"}, 1, 5},
	{[]string{"very unlikely", "highly improbable"}, 5, 20},
	{[]string{"unlikely", "improbable"}, 20, 45},
	{[]string{"roughly even chance", "roughly even odds", "roughly even"}, 45, 55},
	{[]string{"likely", "probable"}, 55, 80},
	{[]string{"very likely", "highly probable"}, 80, 95},
	{[]string{"almost certain", "nearly certain", "almost certainly"}, 95, 99},
}

// band is what a word says in percent; false when it is no word of ICD 203.
func band(word string) (from, to int, ok bool) {
	word = strings.ToLower(strings.TrimSpace(word))
	for _, l := range likelihoods {
		if slices.Contains(l.words, word) {
			return l.from, l.to, true
		}
	}
	return 0, 0, false
}

var confidences = []string{"low", "moderate", "high"}

const (
	maxRungs   = 12
	ladderWide = 560.0
	rungHigh   = 98.0
)

// SVG implements Drawing.
func (l Ladder) SVG(id string) []byte {
	if len(l.Rungs) == 0 {
		return blank(id, l.Head)
	}
	p := (&pen{}).head(l.Head)
	rungs := l.Rungs[:min(len(l.Rungs), maxRungs)]
	high := rungHigh*float64(len(rungs)) + 34
	p.open(id, "middle", ladderWide, high)
	p.line("axis", 20, 8, 20, high-26)
	p.line("axis", 44, 8, 44, high-26)
	for i, r := range rungs {
		// The lowest rung stands at the foot.
		l.rung(p, i+1, r, 8+rungHigh*float64(len(rungs)-1-i))
	}
	legend := l.say("The bar is the band of the word (ICD 203), in percent. Confidence is of the judgement.")
	if more := len(l.Rungs) - maxRungs; more > 0 {
		legend = "+" + count(more) + " " + l.say("more in the table only") + ". " + legend
	}
	p.text("q", "start", 8, high-8, ladderWide-16, legend)
	return p.done()
}

func (l Ladder) rung(p *pen, number int, r Rung, y float64) {
	class := map[bool]string{true: "weak", false: "calm"}[r.Word == ""]
	p.line(class, 14, y+20, 50, y+20)
	p.shape("circle", "box", "", "cx", 32, "cy", y+20, "r", 12)
	p.text("b", "middle", 32, y+24.5, 24, count(number))
	p.lines("b", "start", 66, y+16, ladderWide-76, 2, r.Claim)
	if r.Word == "" {
		p.shape("rect", "weak", "", "x", 66, "y", y+39, "width", 150, "height", 20, "rx", 3)
		p.text("t", "middle", 141, y+53, 146, l.say("not attributed"))
	} else {
		l.judged(p, r, y+40)
	}
	if r.Cap != "" {
		p.text("q", "start", 66, y+86, ladderWide-76, "⊤ "+l.say("capped:")+" "+r.Cap)
	}
}

// judged draws the word, its band and the confidence.
func (l Ladder) judged(p *pen, r Rung, y float64) {
	const left, wide = 300.0, 130.0
	p.text("t", "start", 66, y+13, 220, l.say(r.Word))
	p.rect("box", "", left, y+2, wide, 14)
	if from, to, ok := band(r.Word); ok {
		p.rect("trace", count(from)+"–"+count(to)+" %", left+wide*float64(from)/100, y+2, wide*float64(to-from)/100, 14)
		p.text("q", "middle", left+wide/2, y+28, wide, count(from)+"–"+count(to)+" %")
	} else {
		p.text("q", "middle", left+wide/2, y+28, wide, l.say("no word of ICD 203"))
	}
	level := slices.Index(confidences, strings.ToLower(r.Confidence))
	for i := range confidences {
		p.shape("circle", map[bool]string{true: "ink", false: "box"}[i <= level], "", "cx", 452+float64(i)*15, "cy", y+9, "r", 5)
	}
	p.text("q", "start", 446, y+28, ladderWide-448, l.say(r.Confidence))
}

// Table implements Drawing.
func (l Ladder) Table() []byte {
	var rows [][]string
	for i, r := range l.Rungs {
		word, percent := l.say(r.Word), ""
		if from, to, ok := band(r.Word); ok {
			percent = count(from) + "–" + count(to) + " %"
		}
		if r.Word == "" {
			word = l.say("not attributed")
		}
		rows = append(rows, []string{count(i + 1), r.Claim, word, percent, l.say(r.Confidence), r.Cap})
	}
	return table(l.Head, []string{"rung", "claim", "judgement", "band", "confidence", "capped, because"}, rows)
}
