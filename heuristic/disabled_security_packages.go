package heuristic

import (
	"fmt"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

// protecting are packages that check, report or update, and what they do.
var protecting = map[string]string{
	"com.android.vending":                         "the Play Store, which checks apps",
	"com.google.android.gms":                      "Google Play services, which check apps and update parts of the system",
	"com.google.android.gms.supervision":          "a part of Google Play services",
	"com.google.android.configupdater":            "updates of certificates and of blocked servers",
	"com.google.android.modulemetadata":           "updates of parts of the system",
	"com.android.packageinstaller":                "the question before an app is installed",
	"com.google.android.packageinstaller":         "the question before an app is installed",
	"com.samsung.android.securitylogagent":        "Samsung's security log",
	"com.samsung.android.app.omcagent":            "Samsung's installer of updates of apps",
	"com.samsung.android.sm.devicesecurity":       "Samsung's malware scanner",
	"com.samsung.android.knox.analytics.uploader": "Samsung's Knox reports",
	"com.samsung.klmsagent":                       "Samsung's Knox licences",
	"com.sec.android.soagent":                     "Samsung's software updates",
	"com.wssyncmldm":                              "Samsung's software updates",
	"com.policydm":                                "updates of Samsung's security policy",
	"com.huawei.android.hwouc":                    "Huawei's software updates",
	"com.miui.guardprovider":                      "Xiaomi's malware scanner",
	"com.miui.securitycenter":                     "Xiaomi's security centre",
	"com.android.updater":                         "Xiaomi's software updates",
	"com.oppo.ota":                                "OPPO's software updates",
	"com.oplus.ota":                               "OPPO's software updates",
	"com.motorola.ccc.ota":                        "Motorola's software updates",
	"com.lge.lgdmsclient":                         "LG's software updates",
}

func init() {
	Register(Heuristic{
		Name:      "h.disabled_security_packages",
		Title:     "Packages that check or update the phone and are disabled",
		Artifacts: packageArtifacts,
		Refs:      []string{"https://docs.mvt.re/en/latest/android/methodology/", "https://developer.android.com/tools/adb#pm"},
		New: func(acquisition.Device) Watcher {
			var off groups
			return Rule{
				OnRecord: func(r *artifact.Record, _ Report) {
					if app := text(r, "package"); is(r, "disabled") && protecting[app] != "" {
						off.add(app, r)
					}
				},
				OnEnd: func(report Report) {
					off.each(report, func(app string, s *sample) Finding {
						return s.finding(artifact.Low, fmt.Sprintf("%s is disabled: %s", app, protecting[app]),
							"People who remove a maker's programs, custom systems and some companies disable it. Whoever installs stalkerware disables it as well, so that nothing warns and nothing is repaired. Without it the phone gets fewer warnings or no updates.")
					})
				},
			}
		},
	})
}
