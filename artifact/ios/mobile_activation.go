package ios

import (
	"strings"

	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "ios.mobile_activation",
		Title:  "Log of the phone's activation, and of updates of iOS",
		Kinds:  inLogs,
		Paths:  []string{"**/logs/MobileActivation/mobileactivationd.log*", "**/Logs/mobileactivationd/mobileactivationd.log*"},
		Refs:   []string{"https://github.com/EC-DIGIT-CSIRC/sysdiagnose"},
		Fields: entryFields,
		Parse: func(s *artifact.Source, to *artifact.Sink) error {
			return daemonLog(s, to, func(message string) string {
				if strings.Contains(message, "Mobile Activation Startup") {
					return "startup" // of the daemon, which also starts between boots
				}
				return ""
			})
		},
	})
}
