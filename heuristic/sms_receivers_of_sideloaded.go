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
		Name:      "h.sms_receivers_of_sideloaded",
		Title:     "Apps from no store that are told of messages or calls",
		Artifacts: append([]string{"android.receivers", "android.notification_listeners"}, packageArtifacts...),
		Refs: []string{
			"https://developer.android.com/reference/android/provider/Telephony.Sms.Intents",
			"https://docs.mvt.re/en/latest/android/methodology/",
		},
		New: func(acquisition.Device) Watcher {
			heard := map[string][]string{} // by app
			keep := func(r *artifact.Record) bool {
				what := text(r, "listens")
				if r.Artifact == "android.notification_listeners" {
					what = "notifications"
				}
				if !slices.Contains([]string{"sms", "outgoing_call", "call", "notifications"}, what) {
					return false
				}
				app := text(r, "package")
				if len(heard) < maxGroups && !slices.Contains(heard[app], what) {
					heard[app] = append(heard[app], what)
				}
				return true
			}
			return inOrigin(keep, func(app string, from origin, s *sample, report Report) {
				if from == sideloaded {
					report(listening(app, heard[app], s))
				}
			})
		},
	})
}

func listening(app string, heard []string, s *sample) Finding {
	slices.Sort(heard)
	f := s.finding(artifact.Low, fmt.Sprintf("The app %s, which came from no store, is told of: %s", app, strings.ReplaceAll(strings.Join(heard, ", "), "_", " ")),
		"Messengers, dialers and watches' companions need this, also when they were installed by hand. Stalkerware and apps that steal one-time codes need it too. Check that you know the app.")
	// One of them is ordinary; all three together are what an app needs that
	// watches a person.
	if len(heard) >= 3 {
		f.Severity = artifact.Medium
	}
	return f
}
