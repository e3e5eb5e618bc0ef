package heuristic

import (
	"fmt"
	"strings"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	Register(Heuristic{
		Name:      "h.id_status_nul",
		Title:     "iMessage look-ups of accounts with zero bytes in their names",
		Artifacts: []string{"ios.id_status_cache"},
		Refs: []string{
			"https://www.amnesty.org/en/latest/research/2021/07/forensic-methodology-report-how-to-catch-nso-groups-pegasus/",
			"https://docs.mvt.re/en/latest/ios/records/",
		},
		New: func(acquisition.Device) Watcher {
			return bounded(func(r *artifact.Record) (Finding, bool) {
				account := text(r, "account")
				if strings.Count(account, "\x00") < 2 {
					return Finding{}, false
				}
				return Finding{Severity: artifact.High, Attempt: true,
					Title:       fmt.Sprintf("iMessage looked up an account whose name has zero bytes in it: %q", account),
					Explanation: "No person's account looks like this. Such look-ups were seen where attackers sent crafted messages to Apple's services on a phone. It shows that an attack was tried, not that it succeeded."}, true
			})
		},
	})
}
