package heuristic

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/artifact"
)

// packageArtifacts say where the apps of an Android phone come from.
var packageArtifacts = []string{"android.packages", "android.aqf_packages"}

// stores are installers that are app stores, and the makers' own programs that
// install what belongs to the phone or was on the old one.
var stores = []string{
	"com.android.vending", "com.google.android.feedback", "com.google.android.apps.restore", "com.google.android.partnersetup",
	"com.sec.android.app.samsungapps", "com.samsung.android.app.omcagent", "com.sec.android.easymover", "com.samsung.android.app.watchmanager",
	"com.amazon.venezia", "com.huawei.appmarket", "com.hihonor.appmarket", "com.xiaomi.market", "com.xiaomi.mipicks", "com.xiaomi.discover",
	"com.heytap.market", "com.oppo.market", "com.bbk.appstore", "com.vivo.appstore", "com.transsion.phoenix", "com.facebook.system",
	"org.fdroid.fdroid", "org.fdroid.basic", "com.aurora.store", "com.looker.droidify", "dev.imranr.obtainium", "app.accrescent.client",
	"com.rustore", "ru.vk.store", "com.uptodown", "com.aptoide.pt", "app.grapheneos.apps",
}

// browsers are installers that a page or a message can reach: a person opened a
// downloaded file there.
var browsers = []string{
	"com.android.chrome", "com.chrome.beta", "com.google.android.googlequicksearchbox", "org.mozilla.firefox", "org.mozilla.fenix", "org.mozilla.focus",
	"com.sec.android.app.sbrowser", "com.opera.browser", "com.opera.mini.native", "com.microsoft.emmx", "com.brave.browser", "com.duckduckgo.mobile.android",
	"com.ucmobile.intl", "com.android.browser", "com.mi.globalbrowser", "com.huawei.browser", "com.vivo.browser", "com.kiwibrowser.browser",
	"org.telegram.messenger", "com.whatsapp", "com.facebook.orca", "com.viber.voip", "com.discord",
}

// origin is where an app comes from.
type origin int

const (
	unknownOrigin origin = iota
	sideloaded           // by a file, a browser, a file manager, adb
	fromStore
	systemImage
)

// origins learns where apps come from.
type origins map[string]origin

func (o origins) learn(r *artifact.Record) {
	name := text(r, "package")
	if name == "" || len(o) >= maxEvents {
		return
	}
	// Two sources of one acquisition may differ: the system image and a store
	// speak for an app, and being told nothing does not speak against it.
	o[name] = max(o[name], originOf(r))
}

func originOf(r *artifact.Record) origin {
	installer, named := r.Get("installer").(string)
	switch {
	case is(r, "system") || is(r, "updated_system") || is(r, "hidden_system"):
		return systemImage
	case isStore(installer):
		return fromStore
	case !named:
		return unknownOrigin
	}
	return sideloaded
}

func isStore(installer string) bool { return slices.Contains(stores, strings.ToLower(installer)) }

// isPackage tells whether a record is one of packageArtifacts.
func isPackage(r *artifact.Record) bool { return slices.Contains(packageArtifacts, r.Artifact) }

// inOrigin watches records of other artifacts together with the apps' origins,
// and at the end goes through what was kept by app.
func inOrigin(keep func(*artifact.Record) bool, end func(app string, from origin, s *sample, report Report)) Rule {
	known, found := origins{}, groups{}
	return Rule{
		OnRecord: func(r *artifact.Record, _ Report) {
			if isPackage(r) {
				known.learn(r)
			} else if app := text(r, "package"); app != "" && keep(r) {
				found.add(app, r)
			}
		},
		OnEnd: func(report Report) {
			n := 0
			var more Finding
			for _, app := range found.names() {
				end(app, known[app], found.by[app], func(f Finding) {
					if n++; n <= maxSingle {
						report(f)
					} else if more.Record == nil || f.Severity > more.Severity {
						more = f
					}
				})
			}
			if n > maxSingle {
				more.Title = fmt.Sprintf("There are %d more like the %d before; the gravest: %s", n-maxSingle, maxSingle, more.Title)
				report(more)
			}
		},
	}
}
