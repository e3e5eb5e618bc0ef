package heuristic

import (
	"fmt"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	Register(Heuristic{
		Name:      "h.quadream_calendar",
		Title:     "Calendar entries as QuaDream's attack left them",
		Artifacts: []string{"ios.calendar"},
		Refs:      []string{"https://citizenlab.ca/2023/04/spyware-vendor-quadream-exploits-victims-customers/"},
		New: func(acquisition.Device) Watcher {
			return bounded(func(r *artifact.Record) (Finding, bool) {
				if text(r, "summary") != "Meeting" || text(r, "description") != "Notes" {
					return Finding{}, false
				}
				return Finding{Severity: artifact.High, Attempt: true,
					Title:       fmt.Sprintf("A calendar entry is called \"Meeting\" with the text \"Notes\" (organiser: %s)", orNone(text(r, "organizer"))),
					Explanation: "QuaDream's spyware (Reign) attacked iPhones with invisible invitations to meetings in the past, with exactly these two words. Somebody who names a meeting so lazily would leave the same. It shows that an attack was tried, not that it succeeded. Look at whether you know the organiser and made the entry yourself."}, true
			})
		},
	})
}

// orNone writes a value, or that there is none.
func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
