package heuristic

import (
	"fmt"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	Register(Heuristic{
		Name:         "h.logging_stopped",
		Title:        "The intrusion log was stopped",
		Artifacts:    []string{"android.intrusion_security"},
		AntiForensic: true,
		Refs:         securityLog,
		New: func(acquisition.Device) Watcher {
			var seen sample
			return Rule{
				OnRecord: func(r *artifact.Record, _ Report) {
					if r.Int("tag") == tagLoggingStopped {
						seen.add(r)
					}
				},
				OnEnd: func(report Report) {
					if seen.n > 0 {
						report(seen.finding(artifact.Low, fmt.Sprintf("The intrusion log was switched off %s, first on %s", counted(seen.n, "time"), day(seen.kept[0].Time)),
							"While it is off, nothing is written down. Its owner can switch it off in the settings, and switching Advanced Protection off does it too. If you did not, somebody with the unlocked phone in hand did."))
					}
				},
			}
		},
	})
}
