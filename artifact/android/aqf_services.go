package android

import (
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "android.aqf_services",
		Title:  "Services of the system, and the interface of each",
		Kinds:  aqf,
		Paths:  []string{"/aqf/services.txt"},
		Refs:   []string{"https://github.com/mvt-project/androidqf", "https://android.googlesource.com/platform/frameworks/native/+/refs/heads/main/cmds/service/service.cpp"},
		Fields: [][2]string{{"name", "the service"}, {"interface", "the interface that it says it has"}},
		Parse:  parseServices,
	})
}

// parseServices reads "0<tab>accessibility: [android.view.accessibility.IAccessibilityManager]".
func parseServices(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	for line := range d.lines() {
		_, text, found := strings.Cut(line, "\t")
		i := strings.LastIndex(text, ": [")
		if !found || i < 0 {
			continue
		}
		r := d.record(artifact.Ran, moment{})
		r.Set("name", text[:i])
		r.Set("interface", strings.TrimSuffix(text[i+3:], "]"))
		r.Observe(indicator.Process, text[:i])
		to.Emit()
	}
	return d.end()
}
