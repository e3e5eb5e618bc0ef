package heuristic

import (
	"fmt"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	Register(Heuristic{
		Name:      "h.cert_validation_failure",
		Title:     "Certificates of servers that did not hold",
		Artifacts: []string{"android.intrusion_security"},
		Refs:      securityLog,
		New: func(acquisition.Device) Watcher {
			var failed sample
			return Rule{
				OnRecord: func(r *artifact.Record, _ Report) {
					if r.Int("tag") == tagCertificate {
						failed.add(r)
					}
				},
				OnEnd: func(report Report) {
					if failed.n > 0 {
						report(failed.finding(artifact.Low, fmt.Sprintf("Certificates of servers did not hold %s, the first because of: %s", counted(failed.n, "time"), reasonOf(failed.kept[0])),
							"The phone refused to trust a server. Hotel Wi-Fi pages, wrong clocks and expired certificates do that every day. So does somebody who tries to read the phone's traffic on the way; then many different servers fail at the same place and time."))
					}
				},
			}
		},
	})
}

func reasonOf(r *artifact.Record) string {
	if why := text(r, "reason"); why != "" {
		return why
	}
	return "no reason is given"
}
