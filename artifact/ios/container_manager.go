package ios

import (
	"strings"

	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.container_manager",
		Title: "Log of the folders that apps and services are given",
		Kinds: inLogs,
		Paths: []string{"**/logs/MobileContainerManager/containermanagerd*.log*", "**/Logs/MobileContainerManager/containermanagerd*.log*"},
		Refs: []string{
			"https://github.com/EC-DIGIT-CSIRC/sysdiagnose",
			"https://iverify.io/blog/key-iocs-for-pegasus-and-predator-spyware-cleaned-with-ios-26-update",
		},
		Fields: entryFields,
		Parse: func(s *artifact.Source, to *artifact.Sink) error {
			return daemonLog(s, to, containerEvent)
		},
	})
}

func containerEvent(message string) string {
	switch {
	case strings.Contains(message, "performing first boot initialization"):
		return "boot"
	case strings.Contains(message, "Destroying container"), strings.Contains(message, "Removing container"):
		return "container_removed"
	case strings.Contains(message, "Created container"), strings.Contains(message, "Creating container"):
		return "container_made"
	}
	return ""
}
