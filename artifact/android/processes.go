package android

import (
	"slices"
	"strings"

	"github.com/ringfence/ringfence/artifact"
)

var processFields = [][2]string{
	{"process", "its name or the path it was started from; kernel threads in brackets"},
	{"pid", "process id"},
	{"ppid", "of its parent"},
	{"user", "user that it runs as"},
	{"label", "its SELinux context"},
	{"state", "S sleeping, R running, Z ended, ..."},
	{"threads", "how many threads are listed"},
	{"arguments", "of its command line"},
	{"cwd", "its working folder"},
}

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "android.processes",
		Title:  "Running processes (ps)",
		Kinds:  bugreport,
		Paths:  dumpstate("PROCESSES AND THREADS", "PROCESSES"),
		Refs:   []string{"https://source.android.com/docs/core/tests/debug/read-bug-reports", "https://android.googlesource.com/platform/frameworks/native/+/refs/heads/main/cmds/dumpstate/dumpstate.cpp"},
		Fields: processFields,
		Parse:  parsePS,
	})
}

// psRow is one process of a table, and its threads.
type psRow struct {
	place
	cells   []string
	threads int
}

// parsePS reads a table of ps whose columns its first line names. Of threads,
// which have a TID other than their PID, the number is kept.
func parsePS(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	var head []string
	var row *psRow
	flush := func() {
		if row != nil {
			emitProcess(d, head, row)
		}
		row = nil
	}
	for line := range d.lines() {
		cells := strings.Fields(line)
		switch {
		case slices.Contains(cells, "PID") && (slices.Contains(cells, "NAME") || slices.Contains(cells, "CMD") || slices.Contains(cells, "ARGS")):
			flush()
			head = cells
		case head == nil || len(cells) == 0:
		case len(cells) < len(head):
			d.faults.add(d.where(), errCells)
		default:
			if tid, pid := column(head, cells, "TID"), column(head, cells, "PID"); tid != "" && tid != pid && row != nil && column(head, row.cells, "PID") == pid {
				row.threads++
				continue
			}
			flush()
			row = &psRow{place: d.place(), cells: cells, threads: 1}
		}
	}
	flush()
	return d.end()
}

// column returns a row's cell of the column with one of the names. The name of
// the process is last, and may hold spaces.
func column(head, cells []string, names ...string) string {
	for i, h := range head {
		if !slices.Contains(names, h) {
			continue
		}
		if i == len(head)-1 {
			return strings.Join(cells[i:], " ")
		}
		return cells[i]
	}
	return ""
}

func emitProcess(d *dump, head []string, row *psRow) {
	cell := func(names ...string) string { return column(head, row.cells, names...) }
	r := d.recordAt(row.place, artifact.Ran, moment{})
	name := cell("NAME", "CMD", "ARGS")
	r.Set("process", name)
	r.Set("pid", whole(cell("PID")))
	if ppid := cell("PPID"); ppid != "" {
		r.Set("ppid", whole(ppid))
	}
	r.Set("user", cell("USER", "UID"))
	r.Set("label", cell("LABEL"))
	r.Set("state", cell("S", "STAT"))
	if slices.Contains(head, "TID") {
		r.Set("threads", row.threads)
	}
	program, _, _ := strings.Cut(name, " ")
	observeProcess(r, program)
	d.to.Emit()
}
