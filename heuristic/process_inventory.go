package heuristic

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

// processLists are the lists of running processes in a sysdiagnose, the one
// that all are held against first.
var processLists = []string{"ios.ps", "ios.ps_thread", "ios.task_info", "ios.spindump"}

func init() {
	Register(Heuristic{
		Name:         "h.process_inventory",
		Title:        "Processes that one list of running processes hides",
		Artifacts:    processLists,
		AntiForensic: true,
		Refs: []string{
			"https://github.com/EC-DIGIT-CSIRC/sysdiagnose", // ps_matrix
			"https://attack.mitre.org/techniques/T1628/",    // hide artifacts, mobile
		},
		New: func(acquisition.Device) Watcher {
			v := inventory{}
			return Rule{OnRecord: func(r *artifact.Record, _ Report) { v.watch(r) }, OnEnd: v.end}
		},
	})
}

// running is one process: the lists that name it.
type running struct {
	pid    int64
	lists  [4]bool
	record *artifact.Record
}

type inventory struct {
	by      map[int64]*running
	present [4]bool // the lists that were there
	highest int64   // process id of ps
}

func (v *inventory) watch(r *artifact.Record) {
	list := slices.Index(processLists, r.Artifact)
	pid := r.Int("pid")
	if list < 0 || pid <= 0 {
		return
	}
	v.present[list] = true
	if list == 0 {
		v.highest = max(v.highest, pid)
	}
	p := v.by[pid]
	if p == nil {
		if len(v.by) >= maxEvents/8 {
			return
		}
		if v.by == nil {
			v.by = map[int64]*running{}
		}
		p = &running{pid: pid, record: r.Clone()}
		v.by[pid] = p
	}
	p.lists[list] = true
}

// end names what the lists that ask the kernel show and both forms of ps do
// not. A sysdiagnose takes minutes: a process that began after ps was run has a
// higher number than all that ps saw.
func (v *inventory) end(report Report) {
	if !v.present[0] || !v.present[2] || !v.present[3] {
		return
	}
	var hidden []*running
	for _, p := range v.by {
		if !p.lists[0] && !p.lists[1] && p.lists[2] && p.lists[3] && p.pid < v.highest {
			hidden = append(hidden, p)
		}
	}
	slices.SortFunc(hidden, func(a, b *running) int { return cmp.Compare(a.pid, b.pid) })
	severity := artifact.Medium
	if len(hidden) > fewMissing {
		severity = artifact.Low // rather a list of ps that was cut
	}
	for _, p := range hidden[:min(len(hidden), maxSingle)] {
		report(Finding{Severity: severity, Record: p.record,
			Title:       fmt.Sprintf("Process %d (%s) was running, and ps does not list it", p.pid, orNone(text(p.record, "process"))),
			Explanation: "Two lists of the system name this process and the ordinary one does not, although it had been started before. Programs that hide themselves look like this. So does a list that was cut, or a number that was used again within minutes."})
	}
}
