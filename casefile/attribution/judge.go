package attribution

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Provenance says where exhibits come from: what each was derived from, and from
// which source one was taken in that was not derived.
type Provenance struct {
	Inputs  map[string][]string // exhibit: those it was derived from
	Source  map[string]string   // exhibit: phone of T-0007, records of the service
	Same    map[string][]string // exhibit: others of the same bytes, whatever source was named for them
	Who     []string            // persons of the office who may review
	Authors []string            // all who wrote a part of it; none of them reviews it
}

// Result is what the evidence carries.
type Result struct {
	Hash     string     `json:"hash"`
	Families [][]string `json:"families"` // of evidence, by its sources; each is one voice
	Rungs    []Finding  `json:"rungs"`
}

// Finding is what the evidence carries for one rung.
type Finding struct {
	Name       string   `json:"name"`
	Claim      string   `json:"claim"`
	Subject    string   `json:"subject,omitempty"`
	Affirmed   bool     `json:"affirmed"`
	Likelihood string   `json:"likelihood,omitempty"` // where it is affirmed
	Confidence string   `json:"confidence,omitempty"` // where it is affirmed: after the caps
	Why        []string `json:"why,omitempty"`        // it is not attributed, because
	Caps       []string `json:"caps,omitempty"`       // why the confidence may not be higher
	Ranking    []Ranked `json:"ranking"`              // what speaks least against, first
	Rows       []Row    `json:"rows"`
	Drops      []Drop   `json:"drops"` // each family left out in turn
	HangsOn    []string `json:"hangs_on,omitempty"`
	For        []string `json:"for"`     // evidence that speaks for the claim
	Against    []string `json:"against"` // and against it
}

// Ranked is a hypothesis with what speaks against it.
type Ranked struct {
	Hypothesis string   `json:"hypothesis"`
	Kind       string   `json:"kind"`
	Text       string   `json:"text"`
	Weight     int      `json:"weight"` // of the inconsistencies: strong ones count two, and individual characteristics double
	Against    []string `json:"against"`
}

// Row is what a piece of evidence does for one rung.
type Row struct {
	Evidence string `json:"evidence"`
	Family   int    `json:"family"` // number of its family, from 1
	Counts   bool   `json:"counts"` // in the ranking
	Why      string `json:"why,omitempty"`
	Spread   int    `json:"spread"` // how far it tells the hypotheses apart
}

// Drop is the ranking without one family.
type Drop struct {
	Family int    `json:"family"`
	Source string `json:"source"`
	Leader string `json:"leader"` // hypothesis; "": none leads
	Flips  bool   `json:"flips"`
}

// Judge works out what the evidence carries. The order of rows and cells changes
// nothing.
func (j Judgement) Judge(from Provenance) Result {
	families, of := j.families(from)
	r := Result{Hash: j.Hash()}
	for _, f := range families {
		r.Families = append(r.Families, f.evidence)
	}
	done := map[string]Finding{}
	for _, rung := range j.Rungs {
		b := newBench(j, rung, families, of)
		f := b.finding()
		b.caps(&f)
		b.rests(&f, done)
		if rung.Name == Government {
			b.government(&f, from)
		}
		if f.Affirmed = len(f.Why) == 0; !f.Affirmed {
			f.Likelihood, f.Confidence = "", ""
		}
		done[rung.Name] = f
		r.Rungs = append(r.Rungs, f)
	}
	return r
}

// family is evidence that goes back to one source.
type family struct {
	sources  []string
	evidence []string
}

// families joins evidence that shares a source, however far back.
func (j Judgement) families(from Provenance) (all []family, of map[string]int) {
	of = map[string]int{}
	for _, e := range j.Evidence {
		sources := map[string]bool{}
		for _, x := range e.Exhibits {
			from.roots(x, sources, map[string]bool{})
		}
		all = joined(all, family{slices.Sorted(maps.Keys(sources)), []string{e.ID}})
	}
	for i := range all {
		slices.Sort(all[i].evidence)
		slices.Sort(all[i].sources)
		all[i].sources = slices.CompactFunc(all[i].sources, strings.EqualFold)
	}
	slices.SortFunc(all, func(a, b family) int { return cmp.Compare(a.evidence[0], b.evidence[0]) })
	for i, f := range all {
		for _, id := range f.evidence {
			of[id] = i
		}
	}
	return all, of
}

// joined adds a family, together with those that share a source with it.
func joined(all []family, one family) (rest []family) {
	for _, f := range all {
		if !slices.ContainsFunc(f.sources, func(s string) bool {
			return slices.ContainsFunc(one.sources, func(o string) bool { return strings.EqualFold(s, o) })
		}) {
			rest = append(rest, f)
			continue
		}
		one.evidence = append(one.evidence, f.evidence...)
		one.sources = append(one.sources, f.sources...)
	}
	return append(rest, one)
}

// roots are the sources that an exhibit goes back to.
func (p Provenance) roots(exhibit string, into, seen map[string]bool) {
	if seen[exhibit] {
		return
	}
	seen[exhibit] = true
	for _, x := range p.Same[exhibit] {
		p.roots(x, into, seen)
	}
	if len(p.Inputs[exhibit]) == 0 {
		into[strings.TrimSpace(cmp.Or(p.Source[exhibit], exhibit))] = true
		return
	}
	for _, x := range p.Inputs[exhibit] {
		p.roots(x, into, seen)
	}
}

// bench is one rung under examination.
type bench struct {
	j        Judgement
	rung     Rung
	families []family
	of       map[string]int
	marks    map[[2]string]string // evidence and hypothesis
	struck   map[string]string    // evidence that does not count in the ranking, and why
}

func newBench(j Judgement, rung Rung, families []family, of map[string]int) *bench {
	b := &bench{j: j, rung: rung, families: families, of: of, marks: map[[2]string]string{}, struck: map[string]string{}}
	for _, c := range rung.Cells {
		b.marks[[2]string{c.Evidence, c.Hypothesis}] = c.Mark
	}
	for _, e := range j.Evidence {
		if why := b.strikes(e); why != "" {
			b.struck[e.ID] = why
		}
	}
	return b
}

// mark is what a cell says; one that is not filled in is neutral.
func (b *bench) mark(evidence, hypothesis string) string {
	return cmp.Or(b.marks[[2]string{evidence, hypothesis}], "N")
}

// weight is how much a mark speaks against.
func weight(mark string, individual bool) int {
	n := map[string]int{"I": 1, "II": 2}[mark]
	if individual {
		n *= 2
	}
	return n
}

// counts tells whether evidence counts in the ranking, or why not.
func (b *bench) counts(e Evidence) (bool, string) {
	why := b.struck[e.ID]
	return why == "", why
}

// strikes is why evidence does not count in the ranking; "" where it does.
func (b *bench) strikes(e Evidence) string {
	marks := map[string]bool{}
	for _, h := range b.rung.Hypotheses {
		if h.Kind != Unknown {
			marks[strings.TrimSuffix(b.mark(e.ID, h.ID), "A")] = true
		}
	}
	against := marks["I"] || marks["II"]
	switch {
	case len(b.rung.Cells) == 0 || len(marks) == 1 && marks["N"]:
		return "it says nothing here"
	case !e.judged():
		return "source or content cannot be judged, or is doubted (" + e.Grade + ")"
	case !against:
		return "it fits every hypothesis"
	}
	return ""
}

// ranking ranks the hypotheses by what speaks against them, with some evidence left
// out.
func (b *bench) ranking(out func(Evidence) bool) (all []Ranked) {
	for _, h := range b.rung.Hypotheses {
		r := Ranked{Hypothesis: h.ID, Kind: h.Kind, Text: h.Text, Against: []string{}}
		for _, e := range b.j.Evidence {
			if ok, _ := b.counts(e); !ok || out != nil && out(e) {
				continue
			}
			if w := weight(b.mark(e.ID, h.ID), !e.Class); w > 0 {
				r.Weight += w
				r.Against = append(r.Against, e.ID)
			}
		}
		slices.Sort(r.Against)
		all = append(all, r)
	}
	slices.SortStableFunc(all, func(a, b Ranked) int {
		return cmp.Or(cmp.Compare(a.Weight, b.Weight), cmp.Compare(slices.Index(Kinds, a.Kind), slices.Index(Kinds, b.Kind)), cmp.Compare(a.Hypothesis, b.Hypothesis))
	})
	return all
}

// leader is the one hypothesis that less speaks against than against any rival; ""
// where none leads. Nothing can speak against what nobody has thought of, so that one
// is left aside: it is the answer where no other leads.
func leader(all []Ranked) string {
	named := slices.DeleteFunc(slices.Clone(all), func(r Ranked) bool { return r.Kind == Unknown })
	if len(named) < 2 || named[0].Weight == named[1].Weight {
		return ""
	}
	return named[0].Hypothesis
}

func (b *bench) finding() Finding {
	f := Finding{Name: b.rung.Name, Claim: b.rung.Claim, Subject: b.rung.Subject, Likelihood: b.rung.Likelihood, Confidence: b.rung.Confidence, Ranking: b.ranking(nil), For: []string{}, Against: []string{}, Drops: []Drop{}}
	proposed := b.rung.proposed()
	for _, e := range b.j.Evidence {
		ok, why := b.counts(e)
		f.Rows = append(f.Rows, Row{e.ID, b.of[e.ID] + 1, ok, why, b.spread(e)})
		switch b.mark(e.ID, proposed) {
		case "C", "CC":
			f.For = append(f.For, e.ID)
		case "I", "II":
			f.Against = append(f.Against, e.ID)
		}
	}
	slices.SortFunc(f.Rows, func(a, b Row) int { return cmp.Compare(a.Evidence, b.Evidence) })
	slices.Sort(f.For)
	slices.Sort(f.Against)
	switch lead := leader(f.Ranking); {
	case b.rung.Likelihood == "":
		f.Why = append(f.Why, "it was not judged")
	case lead == "":
		f.Why = append(f.Why, "the evidence speaks as little against another hypothesis as against the claim")
	case lead != proposed:
		f.Why = append(f.Why, "the evidence speaks less against another hypothesis: "+b.rung.text(lead))
	case !likely(b.rung.Likelihood):
		f.Why = append(f.Why, "it is judged "+b.rung.Likelihood)
	}
	return f
}

// likely tells whether a word says that it is more likely than not.
func likely(word string) bool {
	i := slices.IndexFunc(Likelihoods, func(l Likelihood) bool { return l.Word == word })
	return i >= 0 && Likelihoods[i].From >= 55
}

func (r Rung) proposed() string {
	return r.Hypotheses[slices.IndexFunc(r.Hypotheses, func(h Hypothesis) bool { return h.Kind == Proposed })].ID
}

func (r Rung) text(id string) string {
	i := slices.IndexFunc(r.Hypotheses, func(h Hypothesis) bool { return h.ID == id })
	return fmt.Sprintf("%s (%s)", r.Hypotheses[i].Text, id)
}

// spread is how far evidence tells the hypotheses apart, from 0.
func (b *bench) spread(e Evidence) int {
	low, high := 9, -9
	for _, h := range b.rung.Hypotheses {
		if v, ok := map[string]int{"CC": 2, "C": 1, "N": 0, "I": -1, "II": -2}[b.mark(e.ID, h.ID)]; ok && h.Kind != Unknown {
			low, high = min(low, v), max(high, v)
		}
	}
	return max(0, high-low)
}
