package android

import (
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "android.activity_processes",
		Title:  "Processes of apps, as the activity manager knows them",
		Kinds:  dumps,
		Paths:  append(dumpsys("activity"), dumpstate("APP ACTIVITIES", "APP SERVICES", "APP PROCESSES")...),
		Refs:   []string{"https://developer.android.com/guide/components/activities/process-lifecycle", "https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/services/core/java/com/android/server/am/ProcessRecord.java"},
		Fields: [][2]string{{"process", "its name"}, {"package", "the app"}, {"pid", "process id"}, {"uid", "user id"}, {"persistent", "the system keeps it running"}},
		Parse:  parseActivityProcesses,
	})
}

// parseActivityProcesses reads lines
// "*APP* UID 10085 ProcessRecord{abc1234 1234:com.a:remote/u0a85}".
func parseActivityProcesses(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	for line := range d.lines() {
		head, text, found := strings.Cut(line, "ProcessRecord{")
		_, uid, listed := strings.Cut(head, "* UID ")
		if !found || !listed {
			continue
		}
		_, text, _ = strings.Cut(strings.TrimRight(text, "} "), " ")
		pid, process, found := strings.Cut(text, ":")
		if !found {
			continue
		}
		process, _, _ = strings.Cut(process, "/")
		r := d.record(artifact.Ran, moment{})
		r.Set("process", process)
		r.Set("package", packageIn(process))
		r.Set("pid", whole(pid))
		r.Set("uid", whole(strings.TrimSpace(uid)))
		if strings.Contains(head, "*PERS*") {
			r.Set("persistent", true)
		}
		observeProcess(r, process)
		to.Emit()
	}
	return d.end()
}

// observeProcess observes a process as what it may be: a path, a program's
// name, an app's process.
func observeProcess(r *artifact.Record, process string) {
	r.Observe(indicator.Process, process)
	if strings.HasPrefix(process, "/") {
		r.Observe(indicator.FilePath, process)
		return
	}
	r.Observe(indicator.App, packageIn(process))
}
