package heuristic

import (
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	Register(Heuristic{
		Name:         "h.usage_manipulated",
		Title:        "Traffic of processes whose entry was taken out of the database",
		Artifacts:    usageArtifacts,
		AntiForensic: true,
		Refs:         usageRefs,
		New: func(acquisition.Device) Watcher {
			all := usages{}
			return Rule{
				OnRecord: func(r *artifact.Record, _ Report) { all.watch(r) },
				OnEnd: func(report Report) {
					for _, file := range all.files() {
						manipulated(all[file], report)
					}
				},
			}
		},
	})
}

func manipulated(u *usage, report Report) {
	var orphans []int64
	for id := range u.traffic {
		if !u.live[id] {
			orphans = append(orphans, id)
		}
	}
	// A file whose table of processes could not be read says nothing.
	if len(u.live) == 0 {
		return
	}
	slices.Sort(orphans)
	for i, id := range orphans[:min(len(orphans), maxSingle)] {
		f := Finding{Severity: artifact.High, Record: u.traffic[id],
			Title:       fmt.Sprintf("Traffic of process %d is counted, and the process was taken out of the database", id),
			Explanation: "iOS counts the traffic of every process in two tables, and removes both entries together. Here one was removed and the other left. Pegasus was seen to clean up like this after it had run; no other cause is published. A damaged database could look the same: see under coverage whether this file was read without damage."}
		if was := u.deleted[id]; was != nil {
			f.Title += fmt.Sprintf("; its deleted entry could be recovered: %s", orNone(text(was, "process")))
			f.Around = append(f.Around, was)
		}
		if i == maxSingle-1 && len(orphans) > maxSingle {
			f.Explanation += fmt.Sprintf(" There are %d more.", len(orphans)-maxSingle)
		}
		report(f)
	}
}
