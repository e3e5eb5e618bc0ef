package heuristic

import (
	"fmt"
	"strings"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	Register(Heuristic{
		Name:      "h.tombstone_privileged",
		Title:     "Crashes of programs with the rights of root, the system or the shell",
		Artifacts: []string{"android.tombstones"},
		Refs: []string{
			"https://source.android.com/docs/core/tests/debug/native-crash",
			"https://docs.mvt.re/en/latest/android/methodology/",
		},
		New: func(acquisition.Device) Watcher {
			var crashed groups
			return Rule{
				OnRecord: func(r *artifact.Record, _ Report) {
					if uid, known := r.Get("uid").(int64); known && (uid == 0 || uid == 1000 || uid == 2000) {
						program, _, _ := strings.Cut(text(r, "process"), " ")
						crashed.add(program, r)
					}
				},
				OnEnd: func(report Report) { crashed.each(report, privilegedCrash) },
			}
		},
	})
}

func privilegedCrash(program string, s *sample) Finding {
	uid := s.kept[0].Text("uid")
	if strings.HasPrefix(program, "/data/") || strings.HasPrefix(program, "/tmp/") || strings.HasPrefix(program, "/dev/") {
		return s.finding(artifact.Medium, fmt.Sprintf("A program outside of the system crashed with the rights of user %s: %s", uid, program),
			"Programs with such rights belong to the system and stand in its own folders, which cannot be written. This one ran from a folder that can. Developers do this over the cable; exploits do it too.")
	}
	return s.finding(artifact.Low, fmt.Sprintf("A program with the rights of user %s crashed %s: %s", uid, counted(s.n, "time"), program),
		"Attacks on the system often fail a few times and leave crashes like this one. So do ordinary faults, which are far more common.")
}
