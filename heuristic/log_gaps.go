package heuristic

import (
	"fmt"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

// steadyLogs are logs of iOS into which a phone in use writes every day.
var steadyLogs = []string{"ios.mobile_installation", "ios.container_manager", "ios.lockdownd", "ios.powerlog", "ios.knowledge"}

// quietDays is how many days a steady log may say nothing.
const quietDays = 7

func init() {
	Register(Heuristic{
		Name:         "h.log_gaps",
		Title:        "Days of which one log says nothing while others do",
		Artifacts:    steadyLogs,
		AntiForensic: true,
		Refs:         bootRefs,
		New: func(acquisition.Device) Watcher {
			logs := map[string]map[int64]bool{}
			last := map[string]*artifact.Record{}
			return Rule{
				OnRecord: func(r *artifact.Record, _ Report) {
					if r.Time.IsZero() || r.Recovered != "" {
						return
					}
					days := logs[r.Artifact]
					if days == nil {
						days = map[int64]bool{}
						logs[r.Artifact] = days
					}
					if on := r.Time.Unix() / 86400; !days[on] && len(days) < maxGroups {
						days[on] = true
						last[r.Artifact] = r.Clone()
					}
				},
				OnEnd: func(report Report) { logGaps(logs, last, report) },
			}
		},
	})
}

func logGaps(logs map[string]map[int64]bool, last map[string]*artifact.Record, report Report) {
	for _, name := range steadyLogs {
		for _, g := range gapsOf(logs[name], quietDays) {
			// Another log that speaks of most of these days shows that the phone
			// was in use.
			by, spoke := loudest(logs, g)
			if int64(spoke) < (g[1]-g[0])/2 {
				continue
			}
			report(Finding{Severity: artifact.Low, Record: last[name],
				Title:       fmt.Sprintf("%s says nothing from %s to %s, while %s has entries of %s", name, dayOf(g[0]*86400), dayOf(g[1]*86400), by, counted(spoke, "day")),
				Explanation: "The phone was in use in these days, and one of its logs is silent. Logs are cut when they are full, and some write only when something happens, so that this is a hint only. Removing a part of a log looks the same."})
		}
	}
}

// loudest is the log that has entries of most days within a gap, and of how many.
func loudest(logs map[string]map[int64]bool, gap [2]int64) (by string, most int) {
	for _, name := range steadyLogs {
		n := 0
		for on := range logs[name] {
			if on > gap[0] && on < gap[1] {
				n++
			}
		}
		if n > most {
			by, most = name, n
		}
	}
	return by, most
}
