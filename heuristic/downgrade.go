package heuristic

import (
	"fmt"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	Register(Heuristic{
		Name:      "h.downgrade",
		Title:     "Apps that were replaced by an older version",
		Artifacts: []string{"android.battery_daily"},
		Refs: []string{
			"https://docs.mvt.re/en/latest/android/methodology/",
			"https://support.cellebrite.com/hc/en-us/sections/360000166014", // APK downgrade, a way to extract an app's data
		},
		New: func(acquisition.Device) Watcher {
			var older groups
			return Rule{
				OnRecord: func(r *artifact.Record, _ Report) {
					if text(r, "action") == "downgrade" {
						older.add(text(r, "package"), r)
					}
				},
				OnEnd: func(report Report) {
					older.each(report, func(app string, s *sample) Finding {
						r := s.kept[0]
						return s.finding(artifact.Low, fmt.Sprintf("The app %s was replaced by an older version: %s after %s", app, r.Text("version_code"), r.Text("previous_version_code")),
							"Android does not let a person install an older version over a newer one, except after removing the app, through a store's withdrawal, or from a computer. Forensic extraction tools do it to read a messenger's data. A change of beta programme is the harmless reason. Ask whether the phone was out of your hands that day.")
					})
				},
			}
		},
	})
}
