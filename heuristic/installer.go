package heuristic

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	Register(Heuristic{
		Name:      "h.installer",
		Title:     "Apps that were not installed by a store",
		Artifacts: append([]string{"android.install_sessions"}, packageArtifacts...),
		Refs: []string{
			"https://developer.android.com/reference/android/content/pm/InstallSourceInfo",
			"https://docs.mvt.re/en/latest/android/methodology/",
		},
		New: func(acquisition.Device) Watcher {
			var by groups
			apps := map[string][]string{}
			return Rule{
				OnRecord: func(r *artifact.Record, _ Report) {
					installer, app := text(r, "installer"), text(r, "package")
					if app == "" || !isPackage(r) || originOf(r) != sideloaded {
						return
					}
					by.add(installer, r)
					if named := apps[installer]; len(named) < maxSingle && !slices.Contains(named, app) {
						apps[installer] = append(named, app)
					}
				},
				OnEnd: func(report Report) {
					by.each(report, func(installer string, s *sample) Finding { return installedBy(installer, apps[installer], s) })
				},
			}
		},
	})
}

func installedBy(installer string, apps []string, s *sample) Finding {
	slices.Sort(apps)
	const meaning = " It does not mean that an app is bad: check that you know each of them."
	switch {
	case installer == "null":
		return s.finding(artifact.Low, fmt.Sprintf("Nothing says who installed %s: %s", counted(len(apps), "app"), list(apps)),
			"Apps that a computer installs over the cable name no installer, and neither do apps whose store was removed."+meaning)
	case slices.Contains(browsers, strings.ToLower(installer)):
		return s.finding(artifact.Low, fmt.Sprintf("Installed through the browser or messenger %s: %s", installer, list(apps)),
			"Somebody opened an app file from a page or a chat and allowed it to be installed. This is how most stalkerware and many phishing apps come in; apps that stores do not carry come in like this as well."+meaning)
	}
	return s.finding(artifact.Low, fmt.Sprintf("Installed by %s, which is no store that is known: %s", installer, list(apps)),
		"A person opened an app file, or another app brought it."+meaning)
}
