package android

import (
	"strings"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "android.ab_listing",
		Title:  "Files in a backup",
		Kinds:  backup,
		Refs:   []string{"https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/services/backup/java/com/android/server/backup/fullbackup/FullBackupEngine.java", "https://developer.android.com/identity/data/autobackup"},
		Fields: append([][2]string{{"package", "the app that it belongs to"}}, listingFields...),
		File:   abFile,
	})
}

// abDomains are the folders of a backup and what they stand for on the phone.
// https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/core/java/android/app/backup/FullBackup.java
var abDomains = map[string]string{
	"a": "/data/app/%/", "obb": "/sdcard/Android/obb/%/", "r": "/data/data/%/", "f": "/data/data/%/files/",
	"db": "/data/data/%/databases/", "sp": "/data/data/%/shared_prefs/", "nb": "/data/data/%/no_backup/", "c": "/data/data/%/cache/",
	"ef": "/sdcard/Android/data/%/files/", "d_r": "/data/user_de/0/%/", "d_f": "/data/user_de/0/%/files/",
	"d_db": "/data/user_de/0/%/databases/", "d_sp": "/data/user_de/0/%/shared_prefs/", "d_nb": "/data/user_de/0/%/no_backup/", "d_c": "/data/user_de/0/%/cache/",
}

// abFile lists one file under the path that it has on the phone.
func abFile(f acquisition.File, to *artifact.Sink) {
	if f.Dir {
		return
	}
	name, pkg := f.Path, ""
	if rest, found := strings.CutPrefix(f.Path, "/apps/"); found {
		pkg, rest, _ = strings.Cut(rest, "/")
		domain, file, _ := strings.Cut(rest, "/")
		if folder := abDomains[domain]; folder != "" {
			name = strings.Replace(folder, "%", pkg, 1) + file
		}
	} else if rest, found := strings.CutPrefix(f.Path, "/shared/0/"); found {
		name = "/sdcard/" + rest
	}
	r := to.Record(artifact.Present, f.Modified)
	r.Where.File = f.Stored
	r.Set("package", pkg)
	r.Observe(indicator.App, pkg)
	fillListed(r, f, name)
	to.Emit()
}
