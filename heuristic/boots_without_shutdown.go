package heuristic

import (
	"fmt"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	Register(Heuristic{
		Name:         "h.boots_without_shutdown",
		Title:        "Starts of the phone without an entry in its log of shutdowns",
		Artifacts:    append([]string{"ios.shutdown_log"}, bootArtifacts...),
		AntiForensic: true,
		Refs:         bootRefs,
		New: func(acquisition.Device) Watcher {
			var s starts
			return Rule{OnRecord: func(r *artifact.Record, _ Report) { s.watch(r) }, OnEnd: s.unmatched}
		},
	})
}

func (s *starts) unmatched(report Report) {
	boots, shutdowns := s.times()
	if len(shutdowns) == 0 {
		return // h.cleared_shutdown_log speaks of that
	}
	var without []string
	n, next := 0, 0
	for i, boot := range boots {
		since := shutdowns[0]
		if i > 0 {
			since = boots[i-1]
		}
		for next < len(shutdowns) && shutdowns[next].Before(since) {
			next++
		}
		if boot.After(shutdowns[0]) && (next == len(shutdowns) || shutdowns[next].After(boot)) {
			n++
			if len(without) <= maxListed {
				without = append(without, boot.UTC().Format("2006-01-02 15:04"))
			}
		}
	}
	if n == 0 {
		return
	}
	severity := artifact.Info
	if n >= 3 {
		severity = artifact.Low
	}
	report(Finding{Severity: severity, Record: s.shutdown, Around: []*artifact.Record{s.boot},
		Title:       fmt.Sprintf("%s of the phone without a shutdown before: %s UTC", counted(n, "start"), list(without)),
		Explanation: "Before the phone starts anew, it should have noted the shutdown. An empty battery, a crash of the system and a forced restart leave no entry, so that a few are ordinary. Spyware was seen to remove entries in which it is named."})
}
