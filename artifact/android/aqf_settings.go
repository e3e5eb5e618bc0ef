package android

import (
	"path"
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "android.aqf_settings",
		Title:  "Settings of the system",
		Kinds:  aqf,
		Paths:  []string{"/aqf/settings_*.txt"},
		Refs:   []string{"https://github.com/mvt-project/androidqf", "https://developer.android.com/reference/android/provider/Settings"},
		Fields: [][2]string{{"namespace", "system, secure or global"}, {"name", "the setting"}, {"value", "its value; private texts as they are"}},
		Parse:  parseSettings,
	})
}

// parseSettings reads lines "name=value". Values that name components, such as
// the accessibility services that are enabled, are compared as apps.
func parseSettings(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	namespace := strings.TrimSuffix(strings.TrimPrefix(path.Base(src.Path), "settings_"), ".txt")
	for line := range d.lines() {
		name, v, found := strings.Cut(line, "=")
		if !found || name == "" || strings.ContainsAny(name, " \t") {
			continue
		}
		r := d.record(artifact.Configured, moment{})
		r.Set("namespace", namespace)
		r.Set("name", name)
		r.Fields = append(r.Fields, artifact.Field{Name: "value", Value: v})
		for c := range components(v) {
			r.Observe(indicator.App, packageOf(c))
		}
		if isPackage(v) {
			r.Observe(indicator.App, v)
		}
		r.Links(v)
		to.Emit()
	}
	return d.end()
}
