package heuristic

import (
	"fmt"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	Register(Heuristic{
		Name:      "h.shell_appops",
		Title:     "Camera, microphone and other guarded operations used by the debugging shell",
		Artifacts: []string{"android.appops"},
		Refs: []string{
			"https://developer.android.com/reference/android/app/AppOpsManager",
			"https://docs.mvt.re/en/latest/android/methodology/",
		},
		New: func(acquisition.Device) Watcher {
			var used groups
			return Rule{
				OnRecord: func(r *artifact.Record, _ Report) {
					if text(r, "package") == "com.android.shell" && text(r, "access") == "access" {
						used.add(text(r, "op"), r)
					}
				},
				OnEnd: func(report Report) { used.each(report, shellUse) },
			}
		},
	})
}

func shellUse(op string, s *sample) Finding {
	const shell = "com.android.shell acts for a computer that is connected by cable or Wi-Fi with debugging switched on (adb), also when this acquisition was made. "
	return s.finding(artifact.Low, fmt.Sprintf("The debugging shell (com.android.shell) used %s %s", op, counted(s.n, "time")),
		shell+"Developers' tools and programs that mirror the screen use it. It also is what somebody uses who attaches the phone to a computer, or spyware that got the shell's rights. Ask who connected the phone at that time.")
}
