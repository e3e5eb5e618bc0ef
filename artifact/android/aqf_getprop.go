package android

import "github.com/ringfence/ringfence/artifact"

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "android.aqf_getprop",
		Title:  "System properties, as androidqf collects them",
		Kinds:  aqf,
		Paths:  []string{"/aqf/getprop.txt"},
		Refs:   []string{"https://github.com/mvt-project/androidqf", "https://source.android.com/docs/core/architecture/configuration/add-system-properties"},
		Fields: propertyFields,
		Parse:  parseProperties,
	})
}
