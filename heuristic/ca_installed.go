package heuristic

import (
	"fmt"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	Register(Heuristic{
		Name:      "h.ca_installed",
		Title:     "Authorities for certificates that were installed",
		Artifacts: []string{"android.intrusion_security"},
		Refs:      securityLog,
		New: func(acquisition.Device) Watcher {
			var seen groups
			return Rule{
				OnRecord: func(r *artifact.Record, _ Report) {
					if success, told := r.Get("success").(bool); r.Int("tag") == tagAuthority && (success || !told) {
						seen.add(text(r, "subject"), r)
					}
				},
				OnEnd: func(report Report) {
					seen.each(report, func(what string, s *sample) Finding {
						return s.finding(artifact.Medium, fmt.Sprintf("A certificate authority was installed: %s (%s)", what, counted(s.n, "time")),
							"Whoever owns this authority can read traffic of apps that trust it. Schools, companies, ad blockers and developers install one. If you did not install it yourself, somebody did who wanted to read what the phone sends.")
					})
				},
			}
		},
	})
}
