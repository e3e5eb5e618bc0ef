package heuristic

import (
	"fmt"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	Register(Heuristic{
		Name:      "h.key_integrity",
		Title:     "Keys of the phone that were changed from outside",
		Artifacts: []string{"android.intrusion_security"},
		Refs:      securityLog,
		New: func(acquisition.Device) Watcher {
			var seen groups
			return Rule{
				OnRecord: func(r *artifact.Record, _ Report) {
					if r.Int("tag") == tagKeyIntegrity {
						seen.add(keyName(r), r)
					}
				},
				OnEnd: func(report Report) {
					seen.each(report, func(what string, s *sample) Finding {
						return s.finding(artifact.Medium, fmt.Sprintf("The key %s in the phone's key store is not what it was (%s)", what, counted(s.n, "time")),
							"Android found that a stored key had been changed or damaged. Something with the system's rights may have touched it; a failing memory or an update that went wrong does the same.")
					})
				},
			}
		},
	})
}

// keyName is how the event names the key, whatever it calls it.
func keyName(r *artifact.Record) string {
	for _, field := range []string{"key_alias", "key_id", "alias", "key"} {
		if name := r.Text(field); name != "" {
			return name
		}
	}
	return "without a name"
}
