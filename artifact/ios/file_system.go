package ios

import (
	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.file_system",
		Title: "Every file of the phone",
		Kinds: inFileSystem,
		Refs: []string{
			"https://docs.mvt.re/en/latest/ios/records/",
			"https://www.amnesty.org/en/latest/research/2021/07/forensic-methodology-report-how-to-catch-nso-groups-pegasus/",
		},
		Fields: fileFields,
		File: func(f acquisition.File, to *artifact.Sink) {
			hostsInNames(fileRecord(&f, to), f.Path)
			to.Emit()
		},
	})
}
