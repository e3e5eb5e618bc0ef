package ios

import (
	"strings"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.manifest",
		Title: "Every file that the backup lists",
		Kinds: inBackup,
		Refs: []string{
			"https://theapplewiki.com/wiki/ITunes_Backup",
			"https://docs.mvt.re/en/latest/ios/records/",
		},
		Fields: append([][2]string{{"domain", "the backup's name for a part of the phone"}, {"relative", "path within the domain"}}, fileFields...),
		File:   manifestFile,
	})
}

func manifestFile(f acquisition.File, to *artifact.Sink) {
	r := fileRecord(&f, to)
	r.Where.Table = "Files"
	r.Set("domain", f.Domain)
	r.Set("relative", f.Relative)
	if f.Relative != "" {
		// An absolute path stands without its first slash in some domains.
		if cut := len(f.Path) - len(f.Relative) - 1; cut > 0 && strings.HasSuffix(f.Path, f.Relative) && f.Path[cut] == '/' {
			r.Observe(indicator.FilePath, f.Path[cut:])
		} else if "/"+f.Relative != f.Path {
			r.Observe(indicator.FilePath, "/"+f.Relative)
		}
	}
	hostsInNames(r, f.Relative)
	to.Emit()
}
