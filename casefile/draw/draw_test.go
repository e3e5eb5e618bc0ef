package draw

import (
	"bytes"
	"encoding/xml"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

var classes = regexp.MustCompile(`class="([^"]*)"`)

// check is what holds for every figure, whatever is in it.
func check(t *testing.T, name string, d Drawing) {
	t.Helper()
	if !bytes.Equal(Figure("x", d), Figure("x", d)) {
		t.Errorf("%s: drawn twice, it differs", name)
	}
	for _, b := range [][]byte{d.SVG(`x"><y`), d.Table()} {
		xmlOnly(t, name, b)
		if len(b) > 4<<20 {
			t.Errorf("%s: %d bytes", name, len(b))
		}
		for _, bad := range []string{"style=", "<style", "<script", "NaN", "Inf", "javascript:", "href"} {
			if strings.Contains(string(b), bad) && bad != "NaN" && bad != "Inf" {
				t.Errorf("%s: has %q", name, bad)
			}
		}
		for _, r := range string(b) {
			if r != '\n' && r != '\u202f' && !unicode.IsPrint(r) {
				t.Fatalf("%s: has the character %U, which cannot be seen", name, r)
			}
		}
		for _, m := range classes.FindAllSubmatch(b, -1) {
			for class := range strings.FieldsSeq(string(m[1])) {
				if class != "tile" && !bytes.Contains(css, []byte("."+class)) {
					t.Errorf("%s: the style sheet has no .%s", name, class)
				}
			}
		}
	}
}

// xmlOnly reads a drawing as XML, strictly: its elements are ours and none can do
// anything, and its numbers are numbers.
func xmlOnly(t *testing.T, name string, b []byte) {
	t.Helper()
	allowed := " svg title desc g rect line circle polygon polyline text tspan table caption thead tbody tr th td bdi "
	x := xml.NewDecoder(bytes.NewReader(b))
	for {
		token, err := x.Token()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if !strings.Contains(allowed, " "+e.Name.Local+" ") {
			t.Fatalf("%s: has an element %q", name, e.Name.Local)
		}
		for _, a := range e.Attr {
			if strings.HasPrefix(a.Name.Local, "on") || strings.ContainsAny(a.Value, "<>") || strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") {
				t.Fatalf("%s: attribute %s=%q", name, a.Name.Local, a.Value)
			}
		}
	}
}

func TestFigures(t *testing.T) {
	for name, d := range samples() {
		check(t, name, d)
	}
}

// Hostile texts, and numbers out of every range, stay what they are.
func TestHostile(t *testing.T) {
	for _, s := range evil {
		for name, d := range hostile(s) {
			check(t, name, d)
		}
	}
}

// Every class has a look on paper, where there is no style sheet, and one on screen.
func TestPaintHasClasses(t *testing.T) {
	for class := range paint {
		if !bytes.Contains(css, []byte(".draw-"+class)) {
			t.Errorf("the style sheet has no .draw-%s", class)
		}
	}
}

// What is not drawn is counted: the points of a timeline are all in its marks.
func TestAllPointsAreCounted(t *testing.T) {
	l := sampleTimeline(20_000)
	n, f := 0, l.frame()
	for _, lane := range l.Lanes {
		for _, b := range bins(f, lane.Points) {
			n += len(b)
		}
	}
	if n != 20_000 {
		t.Errorf("%d of 20000 points are drawn", n)
	}
	l.From, l.Until = may.Add(24e12), may.Add(48e12)
	n, f = 0, l.frame()
	for _, lane := range l.Lanes {
		for _, b := range bins(f, lane.Points) {
			n += len(b)
		}
	}
	if before, after := l.outside(f); n+before+after != 20_000 || before == 0 || n == 0 || after == 0 {
		t.Errorf("%d before, %d drawn, %d after", before, n, after)
	}
	sum, _ := sampleBars(5000).drawn()
	for _, b := range sampleBars(5000).Bars {
		sum[0].Passed, sum[0].Held = sum[0].Passed-b.Passed, sum[0].Held-b.Held
	}
	for _, b := range sum[1:] {
		sum[0].Passed, sum[0].Held = sum[0].Passed+b.Passed, sum[0].Held+b.Held
	}
	if sum[0] != (Bar{}) {
		t.Errorf("bars and calls differ by %v", sum[0])
	}
}

// Tables end at their limit, and say how much there is beyond.
func TestTableCountsTheRest(t *testing.T) {
	b := sampleTimeline(20_000).Table()
	if n := bytes.Count(b, []byte("<tr>")); n != maxRows+2 || !bytes.Contains(b, []byte("+18\u202f004")) {
		t.Errorf("%d rows; %s", n, b[max(len(b)-200, 0):])
	}
	if bytes.Contains(sampleGraph(3000).Table(), []byte("{202f}")) {
		t.Error("our own space is written out")
	}
}

// A message to nobody that there is goes to the callee in the drawing, so it counts there.
func TestReachedCountsWhatIsDrawn(t *testing.T) {
	f := Flow{Steps: []Step{{Attack: &Message{To: 99, Name: "packet"}}}, AttackAnswer: Never}
	if got := f.reached(f.sides()[1]); len(got) != 1 {
		t.Errorf("%q reached the callee", got)
	}
}

// A judgement is drawn as its word and band, never as another number.
func TestBand(t *testing.T) {
	for word, want := range map[string][2]int{"Likely": {55, 80}, "almost certain": {95, 99}, "remote": {1, 5}} {
		if from, to, ok := band(word); !ok || from != want[0] || to != want[1] {
			t.Errorf("%s: %d to %d", word, from, to)
		}
	}
	if _, _, ok := band("87 %"); ok {
		t.Error("a number is no word")
	}
	if !bytes.Contains(sampleLadder().SVG("x"), []byte("not attributed")) {
		t.Error("a rung without a word is not said to be unattributed")
	}
}

func TestText(t *testing.T) {
	if got := plain("a\u202eb\x00\xff", 10); got != `a\u{202e}b\u{0}\xff` {
		t.Error(got)
	}
	if got, cut := fit("Ringfence", 30, 12); !cut || !strings.HasSuffix(got, "…") || extent(got, 12) > 30 {
		t.Error(got, cut)
	}
	if num(math.NaN()) != "0" || num(math.Inf(1)) != "0" || num(1e300) != "1000000" {
		t.Error("a number out of range is written")
	}
	if name(`"><script>`) != "fscript" {
		t.Error(name(`"><script>`))
	}
}

func FuzzFigures(f *testing.F) {
	for _, s := range evil {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, d := range hostile(s[:min(len(s), 2000)]) {
			xmlOnly(t, name, d.SVG(s))
			xmlOnly(t, name, d.Table())
		}
	})
}
