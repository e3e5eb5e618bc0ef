package heuristic

import (
	"fmt"
	"strings"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	Register(Heuristic{
		Name:      "h.attachment_var_tmp",
		Title:     "Attachments that were received into a temporary folder",
		Artifacts: []string{"ios.sms_attachments"},
		Refs: []string{
			"https://www.amnesty.org/en/latest/research/2021/07/forensic-methodology-report-how-to-catch-nso-groups-pegasus/",
			"https://docs.mvt.re/en/latest/ios/records/",
		},
		New: func(acquisition.Device) Watcher {
			return bounded(func(r *artifact.Record) (Finding, bool) {
				name := text(r, "path")
				if r.Act == artifact.Sent || !strings.HasSuffix(name, "-1") || !strings.HasPrefix(device(name), "/private/var/tmp/") {
					return Finding{}, false
				}
				return Finding{Severity: artifact.Medium,
					Title:       fmt.Sprintf("An attachment was received as %s", name),
					Explanation: "Messages keeps received files in its own folder. Entries that stand in /var/tmp and end in -1 were seen where Pegasus attacked through iMessage without a click. The file itself is usually gone. It does not show that an attack succeeded."}, true
			})
		},
	})
}
