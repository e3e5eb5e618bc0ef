package heuristic

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

// collectors are what acquisition tools themselves put into /data/local/tmp.
var collectors = []string{"collector", "androidqf", "bugreports"}

func init() {
	Register(Heuristic{
		Name:      "h.local_tmp",
		Title:     "Files in the folder that is only written from a computer or by exploits",
		Artifacts: []string{"android.aqf_files", "android.aqf_processes", "android.processes"},
		Refs: []string{
			"https://www.amnesty.org/en/documents/eur70/8813/2024/en/", // NoviSpy, in /data/local/tmp
			"https://docs.mvt.re/en/latest/android/methodology/",
		},
		New: func(acquisition.Device) Watcher {
			var files sample
			var ran groups
			var names []string
			return Rule{
				OnRecord: func(r *artifact.Record, _ Report) {
					path := text(r, "path")
					if path == "" {
						path = text(r, "process")
					}
					inside, found := strings.CutPrefix(path, "/data/local/tmp/")
					first, _, _ := strings.Cut(inside, "/")
					switch {
					case !found || inside == "" || slices.Contains(collectors, first):
					case r.Act == artifact.Ran:
						ran.add(path, r)
					default:
						files.add(r)
						if len(names) <= maxListed {
							names = append(names, path)
						}
					}
				},
				OnEnd: func(report Report) {
					ran.each(report, func(path string, s *sample) Finding {
						return s.finding(artifact.Medium, fmt.Sprintf("A program is running from /data/local/tmp: %s", path),
							"Programs of apps and of the system do not stand in this folder. A computer can put one there over the cable and start it (developers do), and exploits keep their parts there.")
					})
					if files.n > 0 {
						report(files.finding(artifact.Low, fmt.Sprintf("%s in /data/local/tmp: %s", counted(files.n, "file"), list(names)),
							"Apps cannot write into this folder; a computer that is connected for debugging can, and developers' tools leave files there. Exploits and forensic tools use it too. Look at who connected the phone when the files were made."))
					}
				},
			}
		},
	})
}
