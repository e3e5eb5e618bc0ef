package ios

import "github.com/ringfence/ringfence/artifact"

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "ios.ps_thread",
		Title:  "Processes and their threads (ps)",
		Kinds:  inSysdiagnose,
		Paths:  []string{"/ps_thread.txt", "/psthread.txt", "/*/ps_thread.txt", "/*/psthread.txt"},
		Refs:   []string{"https://github.com/EC-DIGIT-CSIRC/sysdiagnose", "https://keith.github.io/xcode-man-pages/ps.1.html"},
		Fields: processFields,
		Parse:  func(s *artifact.Source, to *artifact.Sink) error { return processTable(s, to, true) },
	})
}
