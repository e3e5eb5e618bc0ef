package android

import "github.com/ringfence/ringfence/artifact"

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "android.aqf_logcat",
		Title:  "The system's log, as androidqf collects it",
		Kinds:  aqf,
		Paths:  []string{"/aqf/logcat.txt", "/aqf/logcat_*.txt", "/aqf/logcat_old.txt"},
		Refs:   []string{"https://github.com/mvt-project/androidqf", "https://developer.android.com/tools/logcat"},
		Fields: logFields,
		Parse:  parseLogcat,
	})
}
