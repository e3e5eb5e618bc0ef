package heuristic

import (
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

// manyDelays is how often the system may ask again before it is said: two or
// three times are seen on phones without spyware too, more than four are
// remarkable (Kaspersky).
const manyDelays = 3

func init() {
	Register(Heuristic{
		Name:      "h.shutdown_delay",
		Title:     "Programs that held up the phone's shutdown again and again",
		Artifacts: []string{"ios.shutdown_log"},
		Refs:      append([]string{"https://github.com/KasperskyLab/iShutdown"}, placeRefs...),
		New: func(acquisition.Device) Watcher {
			boots := map[bootKey]*holdUp{}
			return Rule{
				OnRecord: func(r *artifact.Record, _ Report) {
					key := bootKey{r.Where.File, r.Int("boot_index")}
					if text(r, "event") != "client" || (boots[key] == nil && len(boots) >= maxGroups) {
						return
					}
					if boots[key] == nil {
						boots[key] = &holdUp{}
					}
					boots[key].add(r)
				},
				OnEnd: func(report Report) { heldUp(boots, report) },
			}
		},
	})
}

type bootKey struct {
	file string
	boot int64
}

// holdUp is one shutdown that was held up.
type holdUp struct {
	sample
	delays []float64 // distinct seconds at which the system said who was still there
	odd    []string  // clients that are no program of the system or of an app
}

func (h *holdUp) add(r *artifact.Record) {
	h.sample.add(r)
	delay, _ := r.Get("delay").(float64)
	if whole, ok := r.Get("delay").(int64); ok {
		delay = float64(whole)
	}
	if len(h.delays) < maxGroups && !slices.Contains(h.delays, delay) {
		h.delays = append(h.delays, delay)
	}
	path := text(r, "path")
	if p := placeOf(path); p >= stagingPlace && len(h.odd) <= maxListed && !slices.Contains(h.odd, path) {
		h.odd = append(h.odd, path)
	}
}

func heldUp(boots map[bootKey]*holdUp, report Report) {
	var keys []bootKey
	for key, h := range boots {
		if len(h.delays) >= manyDelays {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b bootKey) int { return boots[a].kept[0].Time.Compare(boots[b].kept[0].Time) })
	for _, key := range keys[:min(len(keys), maxSingle)] {
		h := boots[key]
		when := ""
		if at := h.kept[0].Time; !at.IsZero() {
			when = " of " + day(at)
		}
		f := h.finding(artifact.Low, fmt.Sprintf("The shutdown%s was held up %d times by programs that did not end, for %g s", when, len(h.delays), slices.Max(h.delays)),
			"When a phone is switched off, the system asks all programs to end and notes which ones do not. All that held it up here are programs of the system or installed apps, which happens now and then. Spyware that does not want to be ended has been seen this way.")
		if len(h.odd) > 0 {
			f.Severity = artifact.Medium
			f.Title += ": " + list(h.odd)
			f.Explanation = "When a phone is switched off, the system asks all programs to end and notes which ones do not. Here, a program held it up that belongs neither to the system nor to an installed app. That is how Pegasus, Reign and Predator were found; a jailbreak's programs look the same."
		}
		report(f)
	}
}
