package heuristic

import (
	"fmt"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	Register(Heuristic{
		Name:      "h.profile_events",
		Title:     "Configuration profiles that were installed, changed or removed",
		Artifacts: []string{"ios.profile_events"},
		Refs: []string{
			"https://support.apple.com/guide/deployment/intro-to-mdm-profiles-depc0aadd3fe/web",
			"https://docs.mvt.re/en/latest/ios/records/",
		},
		New: func(acquisition.Device) Watcher {
			var events groups
			return Rule{
				OnRecord: func(r *artifact.Record, _ Report) {
					profile := orNone(text(r, "profile"))
					events.add(profile+"\x00"+text(r, "operation"), r)
				},
				OnEnd: func(report Report) {
					events.each(report, func(_ string, s *sample) Finding {
						r := s.kept[0]
						when := ""
						if !r.Time.IsZero() {
							when = " on " + day(r.Time)
						}
						return s.finding(artifact.Low, fmt.Sprintf("Configuration profile %s: %s%s by %s", orNone(text(r, "profile")),
							orNone(text(r, "operation")), when, orNone(text(r, "process"))),
							"Profiles change settings of the whole phone: certificates, proxies, VPNs, what may be installed. Employers, schools, mobile operators and beta programmes use them. Check in Settings, General, VPN & Device Management that you know each one.")
					})
				},
			}
		},
	})
}
