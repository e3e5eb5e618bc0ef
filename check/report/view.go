package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/check"
	"github.com/ringfence/ringfence/internal/look"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{"shown": shown, "titled": titled, "signed": signed, "place": place, "utc": utc}).Parse(pageText))

// How much of a large result the page shows; all of it stands in findings.json.
const (
	maxOpen   = 25  // serious findings that are open at once; more are folded
	maxShown  = 200 // findings of one weight
	maxInputs = 100
)

// view is what the page shows.
type view struct {
	*words
	Style    template.CSS
	R        *check.Result
	Says     sentence
	Serious  []alike
	Folded   []alike // serious ones after those
	Hidden   int     // serious ones that are not shown
	Anti     []alike
	Slight   []alike
	SlightIn int // slight ones in all
	Drawn    *drawing
	Coverage []covered
	Inputs   []check.Input
	Options  Options
	Steps    []string
	Counts   []count
}

// count is how many findings have a severity.
type count struct {
	Severity artifact.Severity
	N        int
}

// covered is the coverage of one acquisition.
type covered struct {
	check.Examined
	N      int
	Bar    []bar
	Parts  []check.Coverage
	Absent []check.Coverage
	// Missing is how many files are listed in the acquisition and not there.
	Missing int
}

// bar is a part of the drawn coverage, in percent of its width.
type bar struct {
	State   check.State
	N       int
	X, Wide float64
}

// render writes the page.
func render(r *check.Result, o Options) ([]byte, error) {
	w := languages[o.Language]
	if w == nil {
		w = english
	}
	v := view{words: w, Style: template.CSS(look.Base() + pageStyle), R: r, Says: w.Verdict[r.Verdict], Options: o, Coverage: coverages(r), Inputs: r.Inputs[:min(len(r.Inputs), maxInputs)]}
	n := map[artifact.Severity]int{}
	var serious, anti, slight []check.Finding
	for _, f := range r.Findings {
		n[f.Severity]++
		switch {
		case f.AntiForensic:
			anti = append(anti, f)
		case f.Severity > artifact.Low:
			serious = append(serious, f)
		default:
			slight = append(slight, f)
		}
	}
	for _, s := range slices.Backward(slices.Sorted(maps.Keys(n))) {
		v.Counts = append(v.Counts, count{s, n[s]})
	}
	v.Drawn = draw(serious)
	v.Serious, v.Anti, v.Slight = grouped(serious), grouped(anti), grouped(slight)
	v.SlightIn, v.Hidden = len(v.Slight), max(0, len(v.Serious)-maxShown)
	v.Serious, v.Slight, v.Anti = v.Serious[:min(len(v.Serious), maxShown)], v.Slight[:min(len(v.Slight), maxShown)], v.Anti[:min(len(v.Anti), maxShown)]
	if len(v.Serious) > maxOpen {
		v.Serious, v.Folded = v.Serious[:maxOpen], v.Serious[maxOpen:]
	}
	v.Steps = steps(r.Verdict)
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, v)
	return b.Bytes(), err
}

// steps are what to do after a verdict, by their names in words.
func steps(v check.Verdict) []string {
	switch v {
	case check.Nothing:
		return []string{"next0"}
	case check.Inconclusive:
		return []string{"nextAgain"}
	}
	return []string{"next1", "next2", "next3"}
}

func utc(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// coverages are the parts of each acquisition, those with trouble first.
func coverages(r *check.Result) []covered {
	order := []check.State{check.Damaged, check.Unreadable, check.Read, check.Empty, check.Absent}
	var all []covered
	for i, a := range r.Acquisitions {
		c := covered{Examined: a, N: i + 1, Missing: missing(r, i)}
		n := map[check.State]int{}
		for _, p := range r.Coverage {
			if p.Acquisition != i {
				continue
			}
			n[p.State]++
			if p.State == check.Absent {
				c.Absent = append(c.Absent, p)
			} else {
				c.Parts = append(c.Parts, p)
			}
		}
		slices.SortStableFunc(c.Parts, func(a, b check.Coverage) int {
			return slices.Index(order, a.State) - slices.Index(order, b.State)
		})
		total, x := len(c.Parts)+len(c.Absent), 0.0
		for _, s := range []check.State{check.Read, check.Empty, check.Damaged, check.Unreadable, check.Absent} {
			if n[s] > 0 {
				wide := 100 * float64(n[s]) / float64(total)
				c.Bar = append(c.Bar, bar{s, n[s], x, wide})
				x += wide
			}
		}
		all = append(all, c)
	}
	return all
}

// drawing is the findings along time.
type drawing struct {
	From, To string
	Dots     []dot
	Unknown  int
}

// dot is one or more findings at a place, in percent of the width.
type dot struct {
	X        float64
	Y        float64
	N        int
	Severity artifact.Severity
	Says     string
}

// draw places the findings that have a time; nil when fewer than two do.
func draw(fs []check.Finding) *drawing {
	var timed []check.Finding
	d := &drawing{}
	for _, f := range fs {
		if f.Time != nil {
			timed = append(timed, f)
		} else {
			d.Unknown++
		}
	}
	if len(timed) < 2 {
		return nil
	}
	slices.SortFunc(timed, func(a, b check.Finding) int { return a.Time.Compare(*b.Time) })
	first, last := *timed[0].Time, *timed[len(timed)-1].Time
	span := max(last.Sub(first), time.Second)
	d.From, d.To = first.UTC().Format(time.DateOnly), last.UTC().Format(time.DateOnly)
	rows := map[artifact.Severity]float64{artifact.Critical: 18, artifact.High: 42, artifact.Medium: 66}
	at := map[string]int{}
	for _, f := range timed {
		x := 3 + 94*float64(f.Time.Sub(first))/float64(span)
		key := fmt.Sprint(int(x), f.Severity)
		if i, ok := at[key]; ok {
			d.Dots[i].N++
			continue
		}
		at[key] = len(d.Dots)
		d.Dots = append(d.Dots, dot{X: x, Y: rows[f.Severity], N: 1, Severity: f.Severity, Says: utc(f.Time) + " " + shown(strings.ToValidUTF8(f.Title, "?"))})
	}
	return d
}

// one is a finding with the words it is told in.
type one struct {
	W *words
	F alike
}

// With sets a finding beside the page's words.
func (v view) With(f alike) one { return one{v.words, f} }
