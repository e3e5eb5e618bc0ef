package android

import (
	"bytes"
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

var propertyFields = [][2]string{{"name", "the property"}, {"value", "its value"}}

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "android.getprop",
		Title:  "System properties: build, patch level, settings of the system",
		Kinds:  bugreport,
		Paths:  dumpstate("SYSTEM PROPERTIES"),
		Refs:   []string{"https://source.android.com/docs/core/architecture/configuration/add-system-properties", "https://android.googlesource.com/platform/system/core/+/refs/heads/main/toolbox/getprop.cpp"},
		Fields: propertyFields,
		Parse:  parseProperties,
	})
}

// parseProperties reads lines "[name]: [value]"; a value may have several lines.
func parseProperties(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	var name string
	var value []byte
	var begin place
	emit := func() {
		if name == "" {
			return
		}
		r := d.recordAt(begin, artifact.Configured, moment{})
		r.Set("name", name)
		v := strings.TrimSuffix(string(value), "]")
		r.Fields = append(r.Fields, artifact.Field{Name: "value", Value: v})
		r.Observe(indicator.Property, name)
		r.Observe(indicator.Property, name+"="+v)
		to.Emit()
		name = ""
	}
	for line := range d.lines() {
		if name != "" {
			value = append(append(value, '\n'), line...)
		} else {
			head, first, found := strings.Cut(line, "]: [")
			if !found || !strings.HasPrefix(head, "[") {
				continue
			}
			begin, name, value = d.place(), head[1:], append(value[:0], first...)
		}
		if bytes.HasSuffix(value, []byte("]")) || len(value) > artifact.MaxLine {
			emit()
		}
	}
	emit() // cut off
	return d.end()
}
