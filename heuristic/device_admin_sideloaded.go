package heuristic

import (
	"fmt"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	Register(Heuristic{
		Name:      "h.device_admin_sideloaded",
		Title:     "Administrators of the phone that came from no store",
		Artifacts: append([]string{"android.device_policy"}, packageArtifacts...),
		Refs: []string{
			"https://developer.android.com/work/device-admin",
			"https://github.com/AssoEchap/stalkerware-indicators",
		},
		New: func(acquisition.Device) Watcher {
			return inOrigin(
				func(r *artifact.Record) bool { return text(r, "role") != "" },
				func(app string, from origin, s *sample, report Report) {
					role := text(s.kept[0], "role")
					switch from {
					case systemImage, fromStore:
					case sideloaded:
						report(s.finding(artifact.Medium, fmt.Sprintf("The app %s, which came from no store, administers the phone (%s)", app, role),
							"An administrator can lock and erase the phone, and cannot simply be removed. Companies use it on their phones. Stalkerware uses it to stay. If your employer did not set this up, ask a digital security helpline before you change anything."))
					default:
						report(s.finding(artifact.Low, fmt.Sprintf("%s administers the phone (%s), and the acquisition does not say where it was installed from", app, role),
							"An administrator can lock and erase the phone. Companies and some mail programs use it; check that you know it."))
					}
				})
		},
	})
}
