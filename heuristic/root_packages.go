package heuristic

import (
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

// rootPackages are apps that give root or hide it, by their public names.
var rootPackages = []string{
	"com.noshufou.android.su", "com.noshufou.android.su.elite", "com.koushikdutta.superuser", "com.thirdparty.superuser", "com.yellowes.su",
	"eu.chainfire.supersu", "eu.chainfire.supersu.pro", "me.phh.superuser", "com.kingroot.kinguser", "com.kingo.root", "com.smedialink.oneclickroot",
	"com.zhiqupk.root.global", "com.alephzain.framaroot", "com.topjohnwu.magisk", "io.github.huskydg.magisk", "io.github.vvb2060.magisk",
	"me.weishu.kernelsu", "com.rifsxd.ksunext", "me.bmax.apatch", "com.devadvance.rootcloak", "com.devadvance.rootcloakplus",
	"de.robv.android.xposed.installer", "org.meowcat.edxposed.manager", "org.lsposed.manager", "com.saurik.substrate", "com.amphoras.hidemyroot",
	"com.amphoras.hidemyrootadfree", "com.formyhm.hiderootpremium", "com.formyhm.hideroot", "com.zachspong.temprootremovejb", "com.ramdroid.appquarantine",
}

func init() {
	Register(Heuristic{
		Name:      "h.root_packages",
		Title:     "Apps that give root",
		Artifacts: packageArtifacts,
		Refs: []string{
			"https://topjohnwu.github.io/Magisk/",
			"https://docs.mvt.re/en/latest/android/methodology/",
		},
		New: func(acquisition.Device) Watcher {
			var found groups
			return Rule{
				OnRecord: func(r *artifact.Record, _ Report) {
					if app := text(r, "package"); slices.Contains(rootPackages, app) {
						found.add(app, r)
					}
				},
				OnEnd: func(report Report) {
					found.each(report, func(app string, s *sample) Finding {
						return s.finding(artifact.Medium, fmt.Sprintf("An app that gives root is installed: %s", app),
							"Root is full power over the phone. Many people root their own phone, and the app is legitimate then. It also means that any app that is given root can read everything and hide, and that this examination can be deceived. If neither you nor anybody you know did this, somebody with the phone in hand did.")
					})
				},
			}
		},
	})
}
