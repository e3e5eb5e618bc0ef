package heuristic

import (
	"fmt"
	"strings"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	Register(Heuristic{
		Name:      "h.adb_keys",
		Title:     "Computers that may debug the phone",
		Artifacts: []string{"android.adb_state", "android.aqf_acquisition"},
		Refs: []string{
			"https://developer.android.com/tools/adb",
			"https://www.amnesty.org/en/documents/eur70/8813/2024/en/", // phones unlocked and prepared over USB
		},
		New: func(acquisition.Device) Watcher {
			own := map[string]bool{}
			var keys groups
			return Rule{
				OnRecord: func(r *artifact.Record, _ Report) {
					mark := strings.ToUpper(text(r, "fingerprint"))
					switch {
					case r.Artifact == "android.aqf_acquisition":
						if mark != "" && len(own) < maxGroups {
							own[mark] = true
						}
					case text(r, "event") == "key":
						keys.add(mark, r)
					}
				},
				OnEnd: func(report Report) {
					for mark := range own {
						delete(keys.by, mark)
					}
					keys.each(report, trustedKey)
				},
			}
		},
	})
}

func trustedKey(mark string, s *sample) Finding {
	r := s.kept[0]
	host := text(r, "host")
	if host == "" {
		host = "without a name"
	}
	if is(r, "invalid") {
		return s.finding(artifact.Low, fmt.Sprintf("A key for debugging is no key that a computer could use (%s)", host),
			"The phone's list of trusted computers holds something that adb does not write. It may be damage, or somebody changed the list.")
	}
	return s.finding(artifact.Low, fmt.Sprintf("A computer may debug the phone: %s (key %s)", host, mark),
		"Whoever has this key can connect the unlocked phone by cable and install apps, read data and see the screen. Somebody allowed it on the screen of the phone. It may be your own computer, or the one that made this acquisition; names can be invented.")
}
