package heuristic

import (
	"fmt"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

// dangerous is a setting that takes protection away, and why it matters.
type dangerous struct{ value, why string }

// dangerousSettings are by name; the phone's makers set none of them like this.
var dangerousSettings = map[string]dangerous{
	"verifier_verify_adb_installs":  {"0", "apps that a computer installs over the cable are not checked by Play Protect"},
	"package_verifier_enable":       {"0", "apps are not checked by Play Protect when they are installed"},
	"package_verifier_state":        {"0", "apps are not checked by Play Protect when they are installed"},
	"package_verifier_user_consent": {"-1", "checks by Play Protect were declined"},
	"upload_apk_enable":             {"0", "unknown apps are not sent to Google to be checked"},
	"adb_install_need_confirm":      {"0", "a computer can install apps without a question on the screen"},
	"send_security_reports":         {"0", "security reports are not sent to the maker"},
	"samsung_errorlog_agree":        {"0", "error logs are not sent to the maker"},
	"send_action_app_error":         {"0", "crashes of apps are not reported"},
	"install_non_market_apps":       {"1", "apps from outside of the store may be installed"},
	"adb_enabled":                   {"1", "debugging from a computer is switched on"},
	"adb_wifi_enabled":              {"1", "debugging over Wi-Fi is switched on"},
	"accessibility_enabled":         {"1", "an accessibility service is switched on"},
}

func init() {
	Register(Heuristic{
		Name:      "h.dangerous_settings",
		Title:     "Settings that take protection away",
		Artifacts: []string{"android.aqf_settings"},
		Refs: []string{
			"https://developer.android.com/reference/android/provider/Settings.Global",
			"https://docs.mvt.re/en/latest/android/methodology/",
		},
		New: func(acquisition.Device) Watcher {
			return bounded(func(r *artifact.Record) (Finding, bool) {
				name := text(r, "name")
				d, found := dangerousSettings[name]
				if !found || r.Text("value") != d.value {
					return Finding{}, false
				}
				severity := artifact.Low
				// androidqf itself needs adb, and screen readers are common.
				if name == "adb_enabled" || name == "accessibility_enabled" {
					severity = artifact.Info
				}
				return Finding{Severity: severity,
					Title:       fmt.Sprintf("The setting %s is %s: %s", name, d.value, d.why),
					Explanation: "People, companies and vendors switch this for reasons of their own, privacy among them, so that it is only a hint. Stalkerware's instructions tell whoever installs it to switch such protection off. Ask who changed it."}, true
			})
		},
	})
}
