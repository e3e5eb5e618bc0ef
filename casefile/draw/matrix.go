package draw

import "strings"

// Cell is how one piece of evidence stands to one hypothesis.
type Cell struct {
	Score  string // CC, C, N, I, II or NA
	Reason string // one line
}

// Evidence is one row of the matrix.
type Evidence struct {
	Says   string
	Grade  string // Admiralty: A1 to F6
	Family string // of evidence that depends on the same source
	Struck bool   // it fits every hypothesis, so it decides nothing
	Cells  []Cell // by hypothesis
}

// Hypothesis is one column of the matrix.
type Hypothesis struct {
	Name string
	Rank int    // 1 is what the evidence speaks least against
	Sum  string // of weighted inconsistency, as the judgement prints it
}

// Matrix is the analysis of competing hypotheses (Heuer, Psychology of Intelligence
// Analysis, chapter 8): what speaks against each, not what speaks for one.
type Matrix struct {
	Head
	Hypotheses []Hypothesis
	Evidence   []Evidence
}

const (
	maxHypotheses = 10
	maxEvidence   = 60
	matrixLeft    = 250.0
	matrixCell    = 88.0
	matrixRow     = 52.0
)

// scores are what cells may say, and how grave each is drawn.
var scores = map[string]struct{ says, level string }{
	"CC": {"strongly consistent", "box"}, "C": {"consistent", "box"}, "N": {"neutral", "box"},
	"I": {"inconsistent", "l2"}, "II": {"strongly inconsistent", "l3"}, "NA": {"does not apply", "well"},
}

// SVG implements Drawing.
func (m Matrix) SVG(id string) []byte {
	if len(m.Evidence) == 0 {
		return blank(id, m.Head)
	}
	const top = 74.0
	p := (&pen{}).head(m.Head)
	columns, rows := m.Hypotheses[:min(len(m.Hypotheses), maxHypotheses)], m.Evidence[:min(len(m.Evidence), maxEvidence)]
	wide := max(matrixLeft+matrixCell*float64(len(columns))+8, 560)
	high := top + matrixRow*float64(len(rows)) + 86
	p.open(id, map[bool]string{true: "wide", false: "middle"}[wide > 700], wide, high)
	for i, h := range columns {
		p.lines("b", "middle", matrixLeft+matrixCell*(float64(i)+0.5), 18, matrixCell-8, 4, h.Name)
	}
	for i, e := range rows {
		m.row(p, e, columns, top+matrixRow*float64(i), wide)
	}
	y := top + matrixRow*float64(len(rows))
	p.line("calm", 4, y, wide-4, y)
	p.text("b", "start", 8, y+16, matrixLeft-16, m.say("weighted inconsistency"))
	p.text("q", "start", 8, y+30, matrixLeft-16, m.say("rank: 1 is least spoken against"))
	for i, h := range columns {
		x := matrixLeft + matrixCell*(float64(i)+0.5)
		p.text("b", "middle", x, y+16, matrixCell-8, h.Sum)
		p.text("q", "middle", x, y+30, matrixCell-8, m.say("rank")+" "+count(h.Rank))
	}
	p.text("q", "start", 8, high-24, wide-16, m.say("CC strongly consistent, C consistent, N neutral, I inconsistent,"))
	p.text("q", "start", 8, high-10, wide-16, m.say("II strongly inconsistent, NA does not apply. Struck rows decide nothing.")+m.beyond())
	return p.done()
}

// beyond says what is not drawn.
func (m Matrix) beyond() (says string) {
	if more := len(m.Hypotheses) - maxHypotheses; more > 0 {
		says += " +" + count(more) + " " + m.say("hypotheses in the table only.")
	}
	if more := len(m.Evidence) - maxEvidence; more > 0 {
		says += " +" + count(more) + " " + m.say("rows in the table only.")
	}
	return says
}

func (m Matrix) row(p *pen, e Evidence, columns []Hypothesis, y, wide float64) {
	p.line("grid", 4, y, wide-4, y)
	if e.Struck { // behind the cells, so that they can still be read
		p.line("weak", matrixLeft-4, y+matrixRow/2, wide-4, y+matrixRow/2)
	}
	p.lines("t", "start", 8, y+15, matrixLeft-16, 2, e.Says)
	p.text("q", "start", 8, y+44, matrixLeft-16, e.Grade+" · "+e.Family+m.struck(e))
	for i := range columns {
		if i >= len(e.Cells) {
			break
		}
		c, x := e.Cells[i], matrixLeft+matrixCell*float64(i)
		score, ok := scores[c.Score]
		if !ok {
			score.says, score.level = "not scored", "well"
		}
		p.rect(score.level, m.say(score.says)+": "+c.Reason, x+12, y+8, matrixCell-24, matrixRow-16)
		p.text("b", "middle", x+matrixCell/2, y+matrixRow/2+4, matrixCell-28, c.Score)
	}
}

func (m Matrix) struck(e Evidence) string {
	if e.Struck {
		return " · " + m.say("struck")
	}
	return ""
}

// Table implements Drawing.
func (m Matrix) Table() []byte {
	heads := []string{"evidence", "grade", "family"}
	sums := []string{m.say("weighted inconsistency"), "", ""}
	for _, h := range m.Hypotheses {
		heads = append(heads, h.Name)
		sums = append(sums, h.Sum+" ("+m.say("rank")+" "+count(h.Rank)+")")
	}
	var rows [][]string
	for _, e := range m.Evidence {
		row := []string{e.Says, e.Grade, e.Family + m.struck(e)}
		for i := range m.Hypotheses {
			cell := m.say("not scored")
			if i < len(e.Cells) {
				cell = strings.TrimSuffix(e.Cells[i].Score+": "+e.Cells[i].Reason, ": ")
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	return table(m.Head, heads, append(rows, sums))
}
