package heuristic

import (
	"fmt"
	"time"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	Register(Heuristic{
		Name:      "h.adb_activity",
		Title:     "A computer debugged the phone, also at night",
		Artifacts: []string{"android.intrusion_security"},
		Refs: append([]string{
			"https://www.amnesty.org/en/documents/eur70/8813/2024/en/", // phones that were prepared over USB while they were out of hands
		}, securityLog...),
		New: func(d acquisition.Device) Watcher {
			var days, nights groups
			return Rule{
				OnRecord: func(r *artifact.Record, _ Report) {
					if tag := r.Int("tag"); tag < tagShellInteractive || tag > tagFilePushed {
						return
					}
					at := r.Time
					if d.Located != nil {
						at = at.In(d.Located)
					}
					if at.Hour() < 5 && d.Located != nil {
						nights.add(at.Format("2006-01-02"), r)
					} else {
						days.add(at.Format("2006-01-02"), r)
					}
				},
				OnEnd: func(report Report) {
					days.each(report, func(on string, s *sample) Finding { return debugged(artifact.Info, on, s) })
					nights.each(report, func(on string, s *sample) Finding {
						return debugged(artifact.Low, on+", between midnight and five", s)
					})
				},
			}
		},
	})
}

func debugged(severity artifact.Severity, on string, s *sample) Finding {
	what := text(s.kept[0], "command")
	if what == "" {
		what = text(s.kept[0], "path")
	}
	if what == "" {
		what = text(s.kept[0], "event")
	}
	return s.finding(severity, fmt.Sprintf("A computer debugged the phone on %s (%s, the first at %s): %s", on, counted(s.n, "event"), s.kept[0].Time.Format(time.TimeOnly)+" UTC", what),
		"Somebody connected the unlocked phone to a computer that it trusts and ran commands or copied files. Developers do, and so do forensic tools, at border checks too, and the tool that made this acquisition. Ask who had the phone then.")
}
