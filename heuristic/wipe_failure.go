package heuristic

import (
	"fmt"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	Register(Heuristic{
		Name:         "h.wipe_failure",
		Title:        "A factory reset that did not work",
		Artifacts:    []string{"android.intrusion_security"},
		AntiForensic: true,
		Refs:         securityLog,
		New: func(acquisition.Device) Watcher {
			var seen sample
			return Rule{
				OnRecord: func(r *artifact.Record, _ Report) {
					if r.Int("tag") == tagWipeFailure {
						seen.add(r)
					}
				},
				OnEnd: func(report Report) {
					if seen.n > 0 {
						report(seen.finding(artifact.Medium, fmt.Sprintf("The phone was to be erased %s and was not (%s)", counted(seen.n, "time"), reasonOf(seen.kept[0])),
							"Somebody, or a program that administers the phone, asked to erase it, and it went wrong. You may have done it yourself; if not, somebody tried to remove everything, traces among it."))
					}
				},
			}
		},
	})
}
