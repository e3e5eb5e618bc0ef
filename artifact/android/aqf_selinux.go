package android

import (
	"strings"

	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "android.aqf_selinux",
		Title:  "Whether SELinux is enforced",
		Kinds:  aqf,
		Paths:  []string{"/aqf/selinux.txt"},
		Refs:   []string{"https://github.com/mvt-project/androidqf", "https://source.android.com/docs/security/features/selinux"},
		Fields: [][2]string{{"status", "Enforcing, Permissive or Disabled"}, {"enforcing", "it is Enforcing"}},
		Parse:  parseSELinux,
	})
}

func parseSELinux(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	for line := range d.lines() {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		r := d.record(artifact.Configured, moment{})
		r.Set("status", line)
		r.Set("enforcing", strings.EqualFold(line, "Enforcing"))
		to.Emit()
	}
	return d.end()
}
