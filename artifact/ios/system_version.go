package ios

import (
	"time"

	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "ios.system_version",
		Title:  "Version of iOS",
		Kinds:  inLogs,
		Paths:  []string{"/System/Library/CoreServices/SystemVersion.plist", "**/logs/SystemVersion/SystemVersion.plist"},
		Refs:   []string{"https://github.com/EC-DIGIT-CSIRC/sysdiagnose"},
		Fields: [][2]string{{"product", "name of the system"}, {"version", "its version"}, {"build", "its build"}, {"build_id", "identifier of the build"}},
		Parse: func(s *artifact.Source, to *artifact.Sink) error {
			d, err := dictionary(s)
			if err != nil {
				return err
			}
			r := to.Record(artifact.Configured, time.Time{})
			r.Set("product", textOf(d["ProductName"]))
			r.Set("version", textOf(d["ProductVersion"]))
			r.Set("build", textOf(d["ProductBuildVersion"]))
			r.Set("build_id", textOf(d["BuildID"]))
			to.Emit()
			return nil
		},
	})
}
