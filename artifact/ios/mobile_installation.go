package ios

import (
	"strings"

	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.mobile_installation",
		Title: "Log of installed, updated and removed apps",
		Kinds: inLogs,
		Paths: []string{
			"**/logs/MobileInstallation/mobile_installation.log*", "**/Logs/MobileInstallation/mobile_installation.log*",
			"/private/var/installd/Library/Logs/MobileInstallation/mobile_installation.log*",
		},
		Refs:   []string{"https://github.com/abrignoni/iOS-Mobile-Installation-Logs-Parser", "https://github.com/EC-DIGIT-CSIRC/sysdiagnose"},
		Fields: entryFields,
		Parse: func(s *artifact.Source, to *artifact.Sink) error {
			return daemonLog(s, to, installationEvent)
		},
	})
}

func installationEvent(message string) string {
	for _, known := range [][2]string{
		{"Reboot detected", "boot"}, {"Install Successful", "installed"}, {"Uninstalling identifier", "uninstalled"}, {"Uninstall requested", "uninstalled"},
		{"Made container live", "container_made"}, {"Destroying container", "container_removed"}, {"Updating", "updated"},
	} {
		if strings.Contains(message, known[0]) {
			return known[1]
		}
	}
	return ""
}
