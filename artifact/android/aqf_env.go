package android

import (
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "android.aqf_env",
		Title:  "Environment of the shell",
		Kinds:  aqf,
		Paths:  []string{"/aqf/env.txt"},
		Refs:   []string{"https://github.com/mvt-project/androidqf", "https://man7.org/linux/man-pages/man7/environ.7.html"},
		Fields: [][2]string{{"name", "the variable"}, {"value", "its value"}},
		Parse:  parseEnv,
	})
}

// parseEnv reads lines "NAME=value". Paths in a value, as in PATH or
// LD_PRELOAD, are observed.
func parseEnv(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	for line := range d.lines() {
		name, v, found := strings.Cut(line, "=")
		if !found || name == "" || strings.Contains(name, " ") {
			continue
		}
		r := d.record(artifact.Configured, moment{})
		r.Set("name", name)
		r.Set("value", v)
		for path := range strings.SplitSeq(v, ":") {
			if strings.HasPrefix(path, "/") {
				r.Observe(indicator.FilePath, path)
			}
		}
		to.Emit()
	}
	return d.end()
}
