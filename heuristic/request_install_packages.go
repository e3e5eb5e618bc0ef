package heuristic

import (
	"fmt"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	Register(Heuristic{
		Name:      "h.request_install_packages",
		Title:     "Apps that are no store and asked to install other apps",
		Artifacts: append([]string{"android.appops"}, packageArtifacts...),
		Refs: []string{
			"https://developer.android.com/reference/android/Manifest.permission#REQUEST_INSTALL_PACKAGES",
			"https://docs.mvt.re/en/latest/android/methodology/",
		},
		New: func(acquisition.Device) Watcher {
			return inOrigin(
				func(r *artifact.Record) bool {
					return text(r, "op") == "REQUEST_INSTALL_PACKAGES" && text(r, "access") == "access" && !isStore(text(r, "package"))
				},
				func(app string, from origin, s *sample, report Report) {
					if from == systemImage {
						return
					}
					report(s.finding(artifact.Low, fmt.Sprintf("The app %s asked to install another app", app),
						"Browsers, messengers and file managers do this when a person opens a downloaded app file. Malware does it to bring its second stage. It does not mean that something was installed: look at what was installed at that time."))
				})
		},
	})
}
