package heuristic

import (
	"fmt"
	"strings"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	Register(Heuristic{
		Name:      "h.profile_notification_settings",
		Title:     "Configuration profiles that begin with rules for notifications",
		Artifacts: []string{"ios.configuration_profiles"},
		Refs: []string{
			"https://citizenlab.ca/2021/12/pegasus-vs-predator-dissidents-doubly-infected-iphone-reveals-cytrox-mercenary-spyware/",
			"https://developer.apple.com/documentation/devicemanagement/notifications",
		},
		New: func(acquisition.Device) Watcher {
			return bounded(func(r *artifact.Record) (Finding, bool) {
				types := text(r, "payload_types")
				if !strings.HasPrefix(types, "com.apple.notificationsettings") {
					return Finding{}, false
				}
				name := first(r, "name", "identifier", "uuid")
				return Finding{Severity: artifact.Medium,
					Title:       fmt.Sprintf("A configuration profile sets what notifications are shown: %s", orNone(name)),
					Explanation: "Companies and schools send such profiles to phones that they manage. Predator installed one that hides the notifications of its own automation. If the phone is not managed by anybody, nobody should have installed a profile."}, true
			})
		},
	})
}
