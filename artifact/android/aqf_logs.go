package android

import (
	"path"
	"strings"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "android.aqf_logs",
		Title:  "Logs and temporary files that androidqf copied",
		Kinds:  aqf,
		Refs:   []string{"https://github.com/mvt-project/androidqf", "https://docs.mvt.re/en/latest/android/methodology/"},
		Fields: listingFields,
		File:   aqfCopied,
	})
}

// aqfCopied lists what androidqf copied off the phone. logs/ keeps the path on
// the device, tmp/ holds /data/local/tmp, with or without that path.
func aqfCopied(f acquisition.File, to *artifact.Sink) {
	if f.Dir {
		return
	}
	if name, found := strings.CutPrefix(f.Path, "/aqf/logs/"); found {
		listed(f, to, path.Join("/", name))
	}
	if name, found := strings.CutPrefix(f.Path, "/aqf/tmp/"); found {
		if !strings.HasPrefix(name, "data/local/tmp/") {
			name = "data/local/tmp/" + name
		}
		listed(f, to, "/"+name)
	}
}
