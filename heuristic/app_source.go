package heuristic

import (
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

// appleSources are programs of Apple that install apps: the store, TestFlight,
// device management, restoring from a backup, Xcode.
var appleSources = []string{
	"com.apple.AppStore", "com.apple.dmd", "dmd", "com.apple.TestFlight", "com.apple.appstored", "appstored", "com.apple.Preferences",
	"com.apple.Bridge", "com.apple.MobileSMS", "com.apple.Spotlight", "com.apple.springboard", "com.apple.ios.StoreKitUIService", "com.apple.AppStoreDaemon", "com.apple.arcade",
}

func init() {
	Register(Heuristic{
		Name:      "h.app_source",
		Title:     "Apps that did not come from Apple's store",
		Artifacts: []string{"ios.applications"},
		Refs: []string{
			"https://support.apple.com/en-us/117767", // alternative marketplaces
			"https://docs.mvt.re/en/latest/ios/records/",
		},
		New: func(acquisition.Device) Watcher {
			var by groups
			apps := map[string][]string{}
			return Rule{
				OnRecord: func(r *artifact.Record, _ Report) {
					source := text(r, "source_app")
					if source == "" || slices.Contains(appleSources, source) {
						return
					}
					by.add(source, r)
					if len(apps) < maxGroups && len(apps[source]) < maxSingle {
						apps[source] = append(apps[source], orNone(first(r, "bundle", "name")))
					}
				},
				OnEnd: func(report Report) {
					by.each(report, func(source string, s *sample) Finding {
						slices.Sort(apps[source])
						return s.finding(artifact.Low, fmt.Sprintf("Installed by %s and not by Apple's store: %s", source, list(slices.Compact(apps[source]))),
							"In some countries other marketplaces are allowed; a link in another app that opens the store is noted like this too, and so are companies' own apps. Check that you know each app.")
					})
				},
			}
		},
	})
}
