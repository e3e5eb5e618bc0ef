package android

import (
	"strings"

	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "android.dumpstate_header",
		Title:  "What the bugreport says of itself: build, time, kernel",
		Kinds:  bugreport,
		Paths:  dumpstate("header"),
		Refs:   []string{"https://source.android.com/docs/core/tests/debug/read-bug-reports", "https://android.googlesource.com/platform/frameworks/native/+/refs/heads/main/cmds/dumpstate/dumpstate.cpp"},
		Fields: [][2]string{{"name", "Build, Build fingerprint, Bootloader, Kernel, Uptime, ..."}, {"value", "as written"}},
		Parse:  parseHeader,
	})
}

// parseHeader reads "== dumpstate: 2022-03-29 23:14:26" and lines "Name: value".
func parseHeader(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	for line := range d.lines() {
		name, v, found := strings.Cut(strings.TrimLeft(line, "= "), ": ")
		if !found || len(name) > 40 {
			continue
		}
		v = strings.Trim(v, "' ")
		when := moment{}
		if name == "dumpstate" {
			when = d.local(v)
		}
		r := d.record(artifact.Configured, when)
		r.Set("name", name)
		r.Set("value", v)
		to.Emit()
	}
	return d.end()
}
