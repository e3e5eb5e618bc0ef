package heuristic

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

// implants are programs of spyware by their published whole paths; the base
// names alone are those of the system's own programs.
var implants = []string{
	"/private/var/tmp/UserEventAgent", "/private/var/tmp/com.apple.WebKit.Networking", "/private/var/tmp/hooker", "/private/var/tmp/takePhoto", // Predator
	"/private/tmp/UserEventAgent", "/private/tmp/hooker", "/private/tmp/takePhoto", "/private/tmp/com.apple.WebKit.Networking",
}

func init() {
	Register(Heuristic{
		Name:      "h.staging_paths",
		Title:     "Paths from which known spyware for iOS ran",
		Artifacts: []string{"ios.shutdown_log", "ios.crash_reports", "ios.ps", "ios.ps_thread", "ios.task_info", "ios.spindump", "ios.uuid2path", "ios.file_system", "ios.manifest"},
		Refs: append([]string{
			"https://citizenlab.ca/2023/09/predator-in-the-wires-ahmed-eltantawy-targeted-with-predator-spyware-after-announcing-presidential-ambitions/",
			"https://github.com/mvt-project/mvt-indicators",
		}, placeRefs...),
		New: func(acquisition.Device) Watcher {
			var found groups
			return Rule{
				OnRecord: func(r *artifact.Record, _ Report) {
					if path := text(r, "path"); strings.Contains(path, "/tmp/") || strings.Contains(path, "/db/com.apple.xpc.r") {
						if path = device(path); staged(path, r.Act) {
							found.add(path, r)
						}
					}
				},
				OnEnd: func(report Report) { found.each(report, stagedPath) },
			}
		},
	})
}

// staged tells whether a path is one of known spyware. Of a file listing the
// folders of the staging area itself do not count: the system makes them.
func staged(path string, act artifact.Act) bool {
	inside, found := strings.CutPrefix(path, staging)
	if !found {
		return slices.Contains(implants, path)
	}
	if act == artifact.Present && (inside == "" || inside == "exec" || strings.HasPrefix(inside, "exec/")) {
		return false
	}
	return placeOf(path) == stagingPlace
}

func stagedPath(path string, s *sample) Finding {
	what := "A program ran from"
	if s.kept[0].Act == artifact.Present {
		what = "A file stands in"
	}
	pid := ""
	if p := s.kept[0].Text("pid"); p != "" {
		pid = " (process " + p + ")"
	}
	f := s.finding(artifact.High, fmt.Sprintf("%s a place that known spyware uses: %s%s, seen %s", what, path, pid, counted(s.n, "time")),
		"Published analyses of Pegasus and Predator found their programs in this very place, and nothing of the system stands there under this name. A jailbreak tool could use it too. It is a strong sign; a laboratory has to say what the program was.")
	return f
}
