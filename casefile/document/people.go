package document

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/casefile/fact"
)

// few is the least number of people of whom the editions for everybody say how many
// they are: below it, somebody could be found by it.
const few = 5

// count is a number of people or of their devices.
func (b *book) count(n int, noun string) string {
	if b.open && n > 0 && n < few {
		return fmt.Sprintf("fewer than %d %ss", few, noun)
	}
	return plural(n, noun)
}

// tally is how many of something there are.
type tally struct {
	Name string
	N    int
}

const (
	others    = "others"
	fewOthers = "fewer than 5, or not said"
)

// tallied are counts as the edition may show them. In the editions for everybody
// those below few are put together until they are no longer few, so that nothing
// can be found by taking the rest from the sum.
func (b *book) tallied(counts map[string]int) (all []tally) {
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if counts[name] > 0 {
			all = append(all, tally{name, counts[name]})
		}
	}
	slices.SortStableFunc(all, func(x, y tally) int { return y.N - x.N })
	if !b.open {
		return all
	}
	rest, merged := 0, false
	for len(all) > 0 && (all[len(all)-1].N < few || merged && rest < few) {
		last := len(all) - 1
		rest, merged, all = rest+all[last].N, true, all[:last]
	}
	switch {
	case merged && rest >= few:
		all = append(all, tally{others, rest})
	case merged:
		all = append(all, tally{fewOthers, 0})
	}
	return all
}

// shares are the counts of the targets: by class and country as the campaigns have
// them, or else as the records of persons do; by system as the devices do.
func (b *book) shares() (class, country, system []tally) {
	classes, countries, systems := map[string]int{}, map[string]int{}, map[string]int{}
	for _, p := range b.targets {
		classes[p.Fact.Class]++
		countries[cmp.Or(p.Fact.Country, "not known")]++
	}
	hunted, places := map[string]int{}, map[string]int{}
	for _, c := range b.campaigns {
		for k, n := range c.Fact.Classes {
			hunted[k] += n
		}
		for k, n := range c.Fact.Countries {
			places[k] += n
		}
	}
	if sum(hunted) > sum(classes) {
		classes = hunted
	}
	if sum(places) > sum(countries) {
		countries = places
	}
	for _, d := range b.devices {
		name, _, _ := strings.Cut(cmp.Or(d.Fact.OS, "not known"), " ")
		systems[name]++
	}
	return b.tallied(classes), b.tallied(countries), b.tallied(systems)
}

func sum(counts map[string]int) (n int) {
	for _, k := range counts {
		n += k
	}
	return n
}

func (w *writer) aimedAt() {
	w.begin("targets", "Those whom it was aimed at")
	class, country, system := w.shares()
	w.counts("classes", "Targets by class", "Class", class, "the classes of targets")
	w.drawn("countries", "a drawing of the countries of targets")
	w.counts("countries", "Targets by country (ISO 3166-1)", "Country", country, "the countries of targets")
	w.counts("systems", "Devices by operating system", "System", system, "the systems of their devices")
	if w.open {
		w.said("Numbers below %d are put together with others, and where that is not enough they are not shown: a small number in a small place can be a name.", few)
	}
	w.heading("How the class of a target is known")
	known, n := map[string]int{}, 0
	for _, p := range w.targets {
		known[cmp.Or(p.Fact.KnownBy, "not known")]++
		n++
	}
	w.say("A class is recorded only as the person, or somebody whom the person trusts, gave it. It is never inferred from data about the person.")
	w.counts("known", "How the class is known", "From", w.tallied(known), "how classes are known")
	w.heading("Consent")
	w.consent()
	if own, ok := strings.CutPrefix(w.Edition, "person:"); ok {
		w.own(own)
	}
}

func (w *writer) counts(id, caption, of string, all []tally, about string) {
	t := table{ID: id, Caption: caption, Head: columns(of, "#Number")}
	for _, one := range all {
		n := number(one.N)
		if one.Name == fewOthers {
			n = cell{{Text: fmt.Sprintf("< %d", few)}}
		}
		t.Rows = append(t.Rows, []cell{w.text(one.Name), n})
	}
	w.table(t, about)
}

func (w *writer) consent() {
	examined, counted := map[string]int{}, map[string]int{}
	for _, p := range w.targets {
		examined[cmp.Or(p.Fact.Examined, "not asked")]++
		counted[cmp.Or(p.Fact.Counted, "not asked")]++
	}
	w.say("Devices are examined with the consent of the person whose device it is, and the findings go to that person first. Consent can be withdrawn at any time; what it was given for then ends.")
	w.counts("examined", "Consent to an examination", "Answer", w.tallied(examined), "consent to examinations")
	w.counts("counted", "Consent to be counted in public", "Answer", w.tallied(counted), "consent to be counted")
}

// own is what is recorded of the person whose file this is.
func (w *writer) own(id string) {
	w.heading("What is recorded about you")
	t := table{ID: "own", Caption: "You, as " + id, Head: columns("What", "Value")}
	for _, p := range w.targets {
		if p.ID != id {
			continue
		}
		f := p.Fact
		for _, row := range [][2]string{{"Class", f.Class}, {"How it is known", f.KnownBy}, {"Country", f.Country}, {"Language", f.Language}, {"First attempt", stamp(f.First)}, {"Last attempt", stamp(f.Last)},
			{"Attempts", fmt.Sprint(f.Attempts)}, {"Notice sent", stamp(f.Notified)}, {"Notice read", stamp(f.Read)}, {"Consent to an examination", f.Examined}, {"Consent to be counted", f.Counted}} {
			t.Rows = append(t.Rows, []cell{w.text(row[0]), w.text(cmp.Or(row[1], "not recorded"))})
		}
	}
	w.table(t, "you")
}

func (w *writer) forensics() {
	w.begin("forensics", "Forensic findings")
	w.say("A device has one of five verdicts: %s. \"Attempted\" means that something was tried, and no sign that it worked was found. \"No finding\" is not a proof that nothing happened.", strings.Join(fact.Verdicts, ", "))
	if w.Edition == "public" {
		w.said("What was found on single devices is not in this edition: each is the phone of a person.")
		verdicts := map[string]int{}
		for _, d := range w.devices {
			verdicts[d.Fact.Verdict]++
		}
		w.counts("verdicts", "Devices by verdict", "Verdict", w.tallied(verdicts), "devices")
		return
	}
	w.drawn("phones", "a drawing of attempts and traces on phones")
	t := table{ID: "devices", Caption: "Devices", Head: columns("No.", "Person", "Model", "System", "Verdict", "Acquired", "Traces from", "Which logs there were", "Rests on", "Entry"), File: "tables/device.csv"}
	for _, d := range w.devices {
		f := d.Fact
		t.Rows = append(t.Rows, []cell{code(d.ID), w.text(f.Person), w.text(f.Model), w.text(f.OS), w.text(f.Verdict), at(f.Taken), at(f.Traces), w.text(cmp.Or(f.Available, "not recorded")), w.rests(d.Record), w.of(d.Record)})
	}
	w.table(t, "devices")
	a := table{ID: "findings", Caption: "Traces on devices", Head: columns("No.", "Device", "When", "Severity", "What", "Where", "Published sign that matched", "Explanation", "Rests on", "Entry"), File: "tables/finding.csv"}
	for _, x := range w.findings {
		f := x.Fact
		a.Rows = append(a.Rows, []cell{code(x.ID), code(f.Device), at(f.At), w.text(f.Severity), w.text(f.What), w.text(f.Where), w.text(f.Indicator), w.text(f.Explanation), w.rests(x.Record), w.of(x.Record)})
	}
	w.table(a, "traces on devices")
}
