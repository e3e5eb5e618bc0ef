package check

import (
	"slices"
	"strings"
	"sync"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/heuristic"
	"github.com/ringfence/ringfence/indicator"
)

const (
	maxAlike = 25 // findings of one indicator in one artifact; more are counted
	maxShort = 50 // short links that are written out
	around   = 2  // records shown before and after a finding
)

// collector gathers what the observers of one acquisition find.
type collector struct {
	index      int
	indicators *indicator.Set
	watchers   map[string][]*watcher // by artifact; "" sees all
	started    []*watcher

	mu         sync.Mutex
	findings   []Finding
	alike      map[string][]int // indexes of the findings of one indicator in one artifact
	unresolved int
	short      []string
}

// watcher is a heuristic at work, one record at a time.
type watcher struct {
	mu sync.Mutex
	heuristic.Heuristic
	heuristic.Watcher
	broken bool
}

func newCollector(index int, set *indicator.Set) *collector {
	return &collector{index: index, indicators: set, alike: map[string][]int{}, watchers: map[string][]*watcher{}}
}

// watch starts the heuristics.
func (c *collector) watch(d acquisition.Device) {
	for _, h := range heuristic.All() {
		w := &watcher{Heuristic: h, Watcher: h.New(d)}
		c.started = append(c.started, w)
		names := h.Artifacts
		if len(names) == 0 {
			names = []string{""}
		}
		for _, name := range names {
			c.watchers[name] = append(c.watchers[name], w)
		}
	}
}

// end lets the heuristics draw their conclusions.
func (c *collector) end() {
	for _, w := range c.started {
		w.run(func() { w.End(c.report(w, nil)) })
	}
}

// broken names the heuristics that were taken out.
func (c *collector) broken() (names []string) {
	for _, w := range c.started {
		if w.broken {
			names = append(names, w.Name)
		}
	}
	return names
}

// run isolates a heuristic: one that breaks on hostile records is taken out,
// which coverage says, and the others go on.
func (w *watcher) run(do func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			w.broken = true
		}
	}()
	do()
}

// observer sees the records of one file. It keeps the last ones, to show them
// around a finding.
type observer struct {
	*collector
	examination *examination
	matches     []indicator.Match
	before      [around]artifact.Record
	n           int       // records seen
	open        []waiting // findings that still want records after them
	facts       *factsBatch
	timeline    *timelineBatch
}

// waiting is a finding that wants records after it.
type waiting struct {
	finding int // index
	more    int
}

func (e *examination) observe() *observer {
	o := &observer{collector: e.collected, examination: e}
	if e.Facts != nil {
		o.facts = e.Facts.batch(e.index)
	}
	if e.Timeline != nil {
		o.timeline = e.Timeline.batch()
	}
	return o
}

// take looks at one record.
func (o *observer) take(r *artifact.Record) {
	if len(o.open) > 0 {
		o.after(r)
	}
	if o.indicators != nil && len(r.Observables) > 0 {
		o.matches = joined(o.indicators.Match(o.matches[:0], r.Observables))
		for i := range o.matches {
			o.matched(r, &o.matches[i])
		}
	}
	for _, w := range o.watchers[r.Artifact] {
		w.run(func() { w.Watch(r, o.report(w, o)) })
	}
	for _, w := range o.watchers[""] {
		w.run(func() { w.Watch(r, o.report(w, o)) })
	}
	if len(r.Unresolved) > 0 {
		o.shortened(r.Unresolved)
	}
	if o.facts != nil {
		o.facts.add(r)
	}
	if o.timeline != nil {
		o.timeline.add(r)
	}
	keep(&o.before[o.n%around], r)
	o.n++
}

// joined makes one match of those that name the same sign from several lists.
func joined(ms []indicator.Match) []indicator.Match {
	n := 0
	for i := range ms {
		in := &ms[i].Indicator
		same := slices.IndexFunc(ms[:n], func(m indicator.Match) bool { return m.Indicator.Type == in.Type && m.Indicator.Value == in.Value })
		if same < 0 {
			ms[n] = ms[i]
			n++
			continue
		}
		to := &ms[same].Indicator
		to.Source = andAlso(to.Source, in.Source)
		to.Malware = andAlso(to.Malware, in.Malware)
	}
	return ms[:n]
}

func andAlso(list, one string) string {
	if one == "" || slices.Contains(strings.Split(list, ", "), one) {
		return list
	}
	if list == "" {
		return one
	}
	return list + ", " + one
}

// keep copies a record over another, whose room it uses again.
func keep(dst, r *artifact.Record) {
	fields, observables := append(dst.Fields[:0], r.Fields...), dst.Observables[:0]
	*dst = *r
	dst.Fields, dst.Observables, dst.Unresolved = fields, observables, nil
}

// end is called after the last record of the file.
func (o *observer) end() {
	if o.facts != nil {
		o.facts.end()
	}
	if o.timeline != nil {
		o.timeline.end()
	}
}

// matched makes a finding of a record that matches an indicator.
func (o *observer) matched(r *artifact.Record, m *indicator.Match) {
	f := indicated(r, m)
	f.Acquisition = o.index
	key := strings.Join([]string{r.Artifact, string(r.Act), f.Indicator.Type, f.Indicator.Value, f.Indicator.Source}, "\x00")
	o.mu.Lock()
	defer o.mu.Unlock()
	if same := o.alike[key]; len(same) >= maxAlike {
		o.findings[same[0]].Repeats++
		return
	}
	for i := max(0, o.n-around); i < o.n; i++ {
		f.Around = append(f.Around, beside(&o.before[i%around]))
	}
	o.alike[key] = append(o.alike[key], len(o.findings))
	o.open = append(o.open, waiting{len(o.findings), around})
	o.findings = append(o.findings, f)
}

// after shows a record with the findings just before it.
func (o *observer) after(r *artifact.Record) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range o.open {
		f := &o.findings[o.open[i].finding]
		f.Around = append(f.Around, beside(r))
		o.open[i].more--
	}
	o.open = slices.DeleteFunc(o.open, func(w waiting) bool { return w.more <= 0 })
}

// report takes what a heuristic reports.
func (c *collector) report(w *watcher, _ *observer) heuristic.Report {
	return func(h heuristic.Finding) {
		f := suspected(w.Heuristic, h)
		f.Acquisition = c.index
		c.mu.Lock()
		defer c.mu.Unlock()
		key := "heuristic\x00" + w.Name
		if same := c.alike[key]; len(same) >= 10*maxAlike && f.Severity <= c.findings[same[0]].Severity {
			c.findings[same[0]].Repeats++
			return
		}
		c.alike[key] = append(c.alike[key], len(c.findings))
		c.findings = append(c.findings, f)
	}
}

func (c *collector) shortened(links []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unresolved += len(links)
	if room := maxShort - len(c.short); room > 0 {
		c.short = append(c.short, links[:min(room, len(links))]...)
	}
}

func beside(r *artifact.Record) Beside {
	b := Beside{Where: r.Where, Record: slices.Clone(r.Fields)}
	if !r.Time.IsZero() {
		at := r.Time.UTC()
		b.Time = &at
	}
	return b
}
