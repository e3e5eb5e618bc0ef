package android

import (
	"path"
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "android.aqf_files",
		Title: "Files on the phone that could be listed",
		Kinds: aqf,
		Paths: []string{"/aqf/files.json"},
		Refs:  []string{"https://github.com/mvt-project/androidqf", "https://docs.mvt.re/en/latest/android/methodology/"},
		Fields: [][2]string{
			{"path", "the file"},
			{"size", "bytes"},
			{"mode", "its permissions, as ls writes them or in octal"},
			{"suid", "it runs as its owner or group, whoever starts it"},
			{"uid", "its owner"},
			{"user", "name of its owner"},
			{"gid", "its group"},
			{"group", "name of its group"},
			{"changed", "when its metadata was last changed"},
			{"modified", "when its content was last changed"},
			{"accessed", "when it was last read"},
			{"context", "its SELinux context"},
			{"sha256", "of its content"},
			{"error", "why it could not be read"},
		},
		Parse: parseAQFFiles,
	})
}

// parseAQFFiles reads hundreds of thousands of entries: what repeats is kept
// once, and what is empty is left out.
func parseAQFFiles(src *artifact.Source, to *artifact.Sink) error {
	names := interned{}
	return eachEntry(src, to, func(w *walk, e entry) {
		r := beginEntry(src, to, artifact.Present, e)
		name := ""
		w.object(func(key []byte) {
			switch string(key) {
			case "path":
				name = string(w.text())
				r.Set("path", name)
			case "size":
				r.Set("size", w.number())
			case "mode":
				mode := w.text()
				r.Set("mode", names.value(mode))
				if suid(string(mode)) {
					r.Set("suid", true)
				}
			case "user_name":
				r.Set("user", names.value(w.text()))
			case "group_name":
				r.Set("group", names.value(w.text()))
			case "user_id":
				r.Set("uid", w.number())
			case "group_id":
				r.Set("gid", w.number())
			case "changed_time":
				r.Set("changed", unix(w.number()))
			case "modified_time":
				r.Time = unix(w.number())
				r.Set("modified", r.Time)
			case "access_time":
				r.Set("accessed", unix(w.number()))
			case "context":
				r.Set("context", names.value(w.text()))
			case "error":
				r.Set("error", names.value(w.text()))
			case "sha256":
				h := string(w.text())
				r.Set("sha256", h)
				r.Observe(indicator.SHA256, h)
			case "sha1":
				r.Observe(indicator.SHA1, string(w.text()))
			case "md5":
				r.Observe(indicator.MD5, string(w.text()))
			}
		})
		if name == "" {
			w.bad = true
			return
		}
		r.Observe(indicator.FilePath, name)
		r.Observe(indicator.FileName, path.Base(name))
		to.Emit()
	})
}

// suid tells whether permissions, "-rwsr-xr-x" or "4755", make a file run as
// its owner or its group.
func suid(mode string) bool {
	if len(mode) > 0 && len(mode) <= 5 && strings.Trim(mode, "01234567") == "" {
		return len(mode) > 3 && strings.ContainsAny(mode[len(mode)-4:len(mode)-3], "234567")
	}
	return len(mode) == 10 && mode[0] == '-' && strings.ContainsAny(mode[3:4]+mode[6:7], "sS")
}
