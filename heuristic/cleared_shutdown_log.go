package heuristic

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

// lateLog is by how much the log of shutdowns may begin after the phone's first
// start that is known.
const lateLog = 14 * 24 * time.Hour

func init() {
	Register(Heuristic{
		Name:         "h.cleared_shutdown_log",
		Title:        "A log of shutdowns that is empty or begins too late",
		Artifacts:    append([]string{"ios.shutdown_log", "ios.file_system"}, bootArtifacts...),
		AntiForensic: true,
		Refs:         bootRefs,
		New: func(d acquisition.Device) Watcher {
			var s starts
			return Rule{
				OnRecord: func(r *artifact.Record, _ Report) { s.watch(r) },
				OnEnd:    func(report Report) { s.cleared(overwritten(d.System), report) },
			}
		},
	})
}

// overwritten tells whether this iOS begins the log anew at each start, which
// is reported of iOS 26.
func overwritten(system string) bool {
	version, found := strings.CutPrefix(system, "iOS ")
	major, _, _ := strings.Cut(version, ".")
	n, err := strconv.Atoi(major)
	return found && err == nil && n >= 26
}

func (s *starts) cleared(overwritten bool, report Report) {
	boots, shutdowns := s.times()
	const since = " iOS 26 begins the log anew at every start; earlier ones keep it for years. Restoring or resetting the phone empties it. Clean or odd logs were seen on phones with Pegasus and Predator, which remove the entries that name them."
	switch {
	case len(boots) < 2:
	case s.empty != nil && s.clients == 0:
		f := Finding{Severity: artifact.Medium, Record: s.empty, Around: []*artifact.Record{s.boot},
			Title:       fmt.Sprintf("The log of shutdowns is empty, and the phone was started %d times %s", len(boots), span(boots)),
			Explanation: "Every ordinary shutdown leaves an entry." + since}
		if overwritten {
			f.Severity = artifact.Low
		}
		report(f)
	case len(shutdowns) > 0 && shutdowns[0].Sub(boots[0]) > lateLog && !shutdowns[0].Before(boots[1]):
		f := Finding{Severity: artifact.Low, Record: s.shutdown, Around: []*artifact.Record{s.boot},
			Title:       fmt.Sprintf("The log of shutdowns begins on %s, and the phone was started before, on %s", day(shutdowns[0]), day(boots[0])),
			Explanation: "The log should reach back as far as the other logs." + since}
		if overwritten {
			f.Severity = artifact.Info
		}
		report(f)
	}
}
