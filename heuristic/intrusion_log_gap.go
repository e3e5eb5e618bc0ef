package heuristic

import (
	"fmt"
	"time"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

// quietIntrusion is how long an intrusion log may say nothing: a phone that is
// switched on looks up names all the time.
const quietIntrusion = 24 * time.Hour

func init() {
	Register(Heuristic{
		Name:         "h.intrusion_log_gap",
		Title:        "Times of which the intrusion log says nothing",
		Artifacts:    []string{"android.intrusion_dns", "android.intrusion_connect", "android.intrusion_security"},
		AntiForensic: true,
		Refs:         securityLog,
		New:          func(acquisition.Device) Watcher { return intrusionGap() },
	})
}

func intrusionGap() Watcher {
	hours := map[int64]bool{}
	var last *artifact.Record
	shut := map[int64]bool{} // hours in which the phone was switched off, or the log was
	return Rule{
		OnRecord: func(r *artifact.Record, _ Report) {
			if r.Time.IsZero() {
				return
			}
			hour := r.Time.Unix() / 3600
			if tag := r.Int("tag"); len(shut) < maxEvents && (tag == tagShutdown || tag == tagLoggingStopped) {
				shut[hour] = true
			}
			if !hours[hour] && len(hours) < maxEvents {
				hours[hour] = true
			}
			if last == nil || r.Time.After(last.Time) && r.Time.Sub(last.Time) > time.Hour {
				last = r.Clone()
			}
		},
		OnEnd: func(report Report) {
			for _, g := range gapsOf(hours, int64(quietIntrusion/time.Hour)) {
				why := "No shutdown of the phone stands before it."
				if shut[g[0]] {
					why = "Before it the phone was switched off, or the log was."
				}
				from, to := time.Unix(g[0]*3600, 0).UTC(), time.Unix(g[1]*3600, 0).UTC()
				report(Finding{Severity: artifact.Low, Record: last,
					Title:       fmt.Sprintf("The intrusion log says nothing from %s to %s UTC", from.Format("2006-01-02 15h"), to.Format("2006-01-02 15h")),
					Explanation: why + " A phone that is switched off or has no network writes little; a phone in use looks up names every few minutes. If the phone was in use then, the log was not complete."})
			}
		},
	}
}
