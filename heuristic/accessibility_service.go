package heuristic

import (
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	Register(Heuristic{
		Name:      "h.accessibility_service",
		Title:     "Accessibility services that are switched on and do not belong to the system",
		Artifacts: append([]string{"android.accessibility"}, packageArtifacts...),
		Refs: []string{
			"https://developer.android.com/guide/topics/ui/accessibility/service",
			"https://github.com/AssoEchap/stalkerware-indicators",
			"https://docs.mvt.re/en/latest/android/methodology/",
		},
		New: func(acquisition.Device) Watcher {
			on := []string{"enabled", "binding", "bound", "crashed"}
			return inOrigin(
				func(r *artifact.Record) bool { return slices.Contains(on, text(r, "state")) },
				accessibility)
		},
	})
}

func accessibility(app string, from origin, s *sample, report Report) {
	const what = "An accessibility service sees everything on the screen and can tap for its user. It is made for people with disabilities, and password managers and automation use it as well; most stalkerware and banking malware for Android asks for it too. "
	switch from {
	case systemImage:
	case sideloaded:
		f := s.finding(artifact.Medium, fmt.Sprintf("The app %s, which came from no store, has an accessibility service that is switched on", app),
			what+"This app was not installed by a store, so that nobody checked it. It does not mean that it is spyware: ask whose app it is and why it is there.")
		f.Next = "Do not remove the app yet: removing it warns whoever installed it, and destroys evidence. If you do not know it, speak with a digital security helpline from another device."
		report(f)
	case fromStore:
		report(s.finding(artifact.Info, fmt.Sprintf("The app %s has an accessibility service that is switched on", app), what+"This app came from a store."))
	default:
		report(s.finding(artifact.Low, fmt.Sprintf("%s has an accessibility service that is switched on, and the acquisition does not say where it was installed from", app),
			what+"Check that you know the app and switched the service on yourself (Settings, Accessibility)."))
	}
}
