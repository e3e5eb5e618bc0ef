package heuristic

import (
	"fmt"

	"github.com/ringfence/ringfence/artifact"
)

// bounded makes a watcher of a function that looks at one record at a time and
// says what it thinks of it. What is found beyond a bound is counted, in one
// finding of the same weight.
func bounded(find func(r *artifact.Record) (Finding, bool)) Watcher {
	var n int
	var more Finding
	return Rule{
		OnRecord: func(r *artifact.Record, report Report) {
			f, found := find(r)
			if !found {
				return
			}
			f.Record = r.Clone()
			if n++; n <= maxSingle {
				report(f)
			} else if more.Record == nil || f.Severity > more.Severity {
				more = f
			}
		},
		OnEnd: func(report Report) {
			if left := n - maxSingle; left > 0 {
				more.Title = fmt.Sprintf("There are %d more like the %d before; the gravest: %s", left, maxSingle, more.Title)
				report(more)
			}
		},
	}
}
