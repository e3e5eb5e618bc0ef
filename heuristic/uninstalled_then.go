package heuristic

import (
	"fmt"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	Register(Heuristic{
		Name:         "h.uninstalled_then",
		Title:        "Apps that were removed",
		Artifacts:    []string{"android.battery_daily"},
		AntiForensic: true,
		Refs: []string{
			"https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/core/java/android/os/BatteryStats.java",
			"https://docs.mvt.re/en/latest/android/methodology/",
		},
		New: func(acquisition.Device) Watcher {
			var gone groups
			return Rule{
				OnRecord: func(r *artifact.Record, _ Report) {
					if text(r, "action") == "uninstall" {
						gone.add(text(r, "package"), r)
					}
				},
				OnEnd: func(report Report) {
					gone.each(report, func(app string, s *sample) Finding {
						when := ""
						if at := s.kept[0].Time; !at.IsZero() {
							when = " on " + day(at)
						}
						return s.finding(artifact.Low, fmt.Sprintf("The app %s was removed%s", app, when),
							"The statistics of the battery still name an app that is gone (version 0). People remove apps every day. It matters when you did not remove it yourself or do not know it: stalkerware and spyware are removed to leave no trace.")
					})
				},
			}
		},
	})
}
