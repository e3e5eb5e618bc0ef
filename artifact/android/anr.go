package android

import (
	"strings"

	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "android.anr",
		Title:  "Apps that stopped answering, with every process that was traced then",
		Kinds:  dumps,
		Paths:  []string{"**/anr/*"},
		Refs:   []string{"https://developer.android.com/topic/performance/vitals/anr", "https://source.android.com/docs/core/tests/debug/read-bug-reports"},
		Fields: [][2]string{{"process", "the process that was traced"}, {"package", "its app"}, {"pid", "process id"}, {"subject", "what the system says of the first one"}},
		Parse:  parseANR,
	})
}

// parseANR reads "----- pid 1234 at 2022-03-29 23:14:26.123456789+0200 -----"
// and the "Cmd line: com.a" that follows.
func parseANR(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	var pid, subject string
	var when moment
	var begin place
	for line := range d.lines() {
		if s, found := strings.CutPrefix(line, "Subject: "); found {
			subject = s
			continue
		}
		if head, found := strings.CutPrefix(line, "----- pid "); found {
			pid, head, _ = strings.Cut(head, " at ")
			when, begin = d.local(head), d.place()
			continue
		}
		process, found := strings.CutPrefix(strings.TrimSpace(line), "Cmd line: ")
		if !found {
			process, found = strings.CutPrefix(strings.TrimSpace(line), "Cmdline: ")
		}
		if !found || pid == "" {
			continue
		}
		r := d.recordAt(begin, artifact.Ran, when)
		r.Set("process", process)
		r.Set("package", packageIn(process))
		r.Set("pid", whole(pid))
		r.Set("subject", subject)
		program, _, _ := strings.Cut(process, " ")
		observeProcess(r, program)
		to.Emit()
		pid, subject = "", ""
	}
	return d.end()
}
