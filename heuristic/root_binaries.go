package heuristic

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

// rootBinaries are programs that give root, by name, and suFolders the folders
// in which a program of that name is one. A file called "su" in a person's
// documents is none.
var (
	rootBinaries = []string{"su", "daemonsu", "magisk", "magiskpolicy", "magiskinit", "ksud", "apd", "supolicy"}
	suFolders    = []string{"/system/", "/vendor/", "/sbin/", "/product/", "/system_ext/", "/data/local/", "/data/adb/", "/su/", "/odm/", "/debug_ramdisk/", "/cache/"}
)

func init() {
	Register(Heuristic{
		Name:      "h.root_binaries",
		Title:     "Programs that give root",
		Artifacts: []string{"android.aqf_root_binaries", "android.aqf_files", "android.aqf_magisk_modules"},
		Refs: []string{
			"https://topjohnwu.github.io/Magisk/",
			"https://github.com/mvt-project/androidqf",
		},
		New: func(acquisition.Device) Watcher {
			var found groups
			return Rule{
				OnRecord: func(r *artifact.Record, _ Report) {
					if path := text(r, "path"); path != "" && (r.Artifact != "android.aqf_files" || rootBinary(path)) {
						found.add(path, r)
					}
				},
				OnEnd: func(report Report) {
					found.each(report, func(path string, s *sample) Finding {
						if base(path) == "busybox" {
							return s.finding(artifact.Low, fmt.Sprintf("A program is on the phone that comes with root more often than not: %s", path),
								"It is a collection of ordinary commands and gives no rights by itself. Phones are sold without it; custom systems and apps for rooted phones bring it.")
						}
						return s.finding(artifact.Medium, fmt.Sprintf("A program that gives root, or a part of one, is on the phone: %s", path),
							"Phones are sold without it. Many people root their own phone; custom systems bring it with them. It means that something may have full power over the phone and can hide from this examination. It does not mean that spyware is installed.")
					})
				},
			}
		},
	})
}

func rootBinary(path string) bool {
	return slices.Contains(rootBinaries, base(path)) &&
		slices.ContainsFunc(suFolders, func(folder string) bool { return strings.HasPrefix(path, folder) })
}
