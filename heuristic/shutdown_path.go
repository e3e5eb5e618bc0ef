package heuristic

import (
	"fmt"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	Register(Heuristic{
		Name:      "h.shutdown_path",
		Title:     "Programs at shutdown that ran from folders where none belongs",
		Artifacts: []string{"ios.shutdown_log"},
		Refs:      append([]string{"https://github.com/KasperskyLab/iShutdown"}, placeRefs...),
		New: func(acquisition.Device) Watcher {
			var found groups
			return Rule{
				OnRecord: func(r *artifact.Record, _ Report) {
					if path := text(r, "path"); placeOf(path) > sealedPlace {
						found.add(device(path), r)
					}
				},
				OnEnd: func(report Report) {
					// h.staging_paths speaks of the staging folder.
					for path := range found.by {
						if placeOf(path) == stagingPlace {
							delete(found.by, path)
						}
					}
					found.each(report, shutdownPath)
				},
			}
		},
	})
}

func shutdownPath(path string, s *sample) Finding {
	pid := s.kept[0].Text("pid")
	switch placeOf(path) {
	case updatePlace:
		return s.finding(artifact.Info, fmt.Sprintf("A service of a system update was running at shutdown: %s (process %s)", path, pid),
			"iOS copies services of its updates into this folder and runs them there. Pegasus used the same folder under other names, so that it is written down here.")
	case writablePlace:
		return s.finding(artifact.High, fmt.Sprintf("A program was running from a folder where no program belongs: %s (process %s, %s)", path, pid, counted(s.n, "time")),
			"iOS only runs programs of its own sealed system and of installed apps. This one ran from a folder for data, which needs an exploit or a jailbreak. Pegasus and Reign ran from /private/var/db/, Predator from /private/var/tmp/. The log does not say what the program did.")
	}
	return s.finding(artifact.Medium, fmt.Sprintf("A program was running that belongs neither to the system nor to an installed app: %s (process %s, %s)", path, pid, counted(s.n, "time")),
		"On an iPhone that was not jailbroken, programs run only from the system's and from installed apps' folders. A jailbreak by its owner explains this; otherwise somebody broke into the phone. A new version of iOS with a folder that this rule does not know would look the same.")
}
