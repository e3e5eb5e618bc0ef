package heuristic

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	Register(Heuristic{
		Name:         "h.usage_gaps",
		Title:        "Numbers that are missing among the processes that used the network",
		Artifacts:    usageArtifacts,
		AntiForensic: true,
		Refs:         usageRefs,
		New: func(acquisition.Device) Watcher {
			all := usages{}
			return Rule{
				OnRecord: func(r *artifact.Record, _ Report) { all.watch(r) },
				OnEnd: func(report Report) {
					for _, file := range all.files() {
						usageGap(all[file], report)
					}
				},
			}
		},
	})
}

func usageGap(u *usage, report Report) {
	ids := make([]int64, 0, len(u.live))
	for id := range u.live {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	n, some := missing(ids, maxListed)
	if n == 0 {
		return
	}
	f := Finding{Severity: artifact.Low, Record: u.last,
		Title:       fmt.Sprintf("%d numbers are missing among the %d processes that used the network: %s", n, len(ids), numbers(some, n)),
		Explanation: "The database numbers processes one after the other. A missing number means that an entry was deleted: iOS does this when an app is removed and when it tidies up, so that most phones have such gaps. Pegasus deleted its own entries."}
	for _, id := range some {
		if was := u.deleted[id]; was != nil {
			f.Around = append(f.Around, was)
		}
	}
	report(f)
}

// numbers writes the first of n numbers out.
func numbers(some []int64, n int64) string {
	var b strings.Builder
	for i, id := range some {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprint(&b, id)
	}
	if more := n - int64(len(some)); more > 0 {
		fmt.Fprintf(&b, " and %d more", more)
	}
	return b.String()
}
