package android

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "android.aqf_mounts",
		Title: "Mounted file systems",
		Kinds: aqf,
		Paths: []string{"/aqf/mounts.json", "/aqf/mounts.txt"},
		Refs:  []string{"https://github.com/mvt-project/androidqf", "https://man7.org/linux/man-pages/man8/mount.8.html"},
		Fields: [][2]string{
			{"device", "what is mounted"},
			{"path", "where"},
			{"type", "kind of file system"},
			{"options", "as written"},
			{"writable", "it is mounted for writing"},
		},
		Parse: parseMounts,
	})
}

var (
	errNoText  = errors.New("no JSON text")
	errNoMount = errors.New("no line of mount's or of /proc/mounts")
)

func parseMounts(src *artifact.Source, to *artifact.Sink) error {
	begin := make([]byte, 64)
	n, _ := src.Content.ReadAt(begin, 0)
	if bytes.HasPrefix(bytes.TrimSpace(begin[:n]), []byte("[")) {
		f := faults{to: to}
		defer f.end()
		return eachText(src, to, func(line string, e entry) {
			if !emitMount(beginEntry(src, to, artifact.Configured, e), to, line) {
				f.add(fmt.Sprintf("entry %d", e.n), errNoMount)
			}
		})
	}
	d := newDump(src, to)
	for line := range d.lines() {
		if line != "" && !emitMount(d.record(artifact.Configured, moment{}), to, line) {
			d.faults.add(d.where(), errNoMount)
		}
	}
	return d.end()
}

// emitMount reads "/dev/x on /system type ext4 (ro,seclabel)" and
// "/dev/x /system ext4 ro,seclabel 0 0".
func emitMount(r *artifact.Record, to *artifact.Sink, line string) bool {
	device, rest, found := strings.Cut(line, " on ")
	var path, kind, options string
	if found {
		path, rest, found = strings.Cut(rest, " type ")
		kind, options, _ = strings.Cut(rest, " ")
		options = strings.Trim(options, "()")
	} else if cells := strings.Fields(line); len(cells) >= 4 {
		device, path, kind, options, found = cells[0], cells[1], cells[2], cells[3], true
	}
	if !found || !strings.HasPrefix(path, "/") {
		return false
	}
	r.Set("device", device)
	r.Set("path", path)
	r.Set("type", kind)
	r.Set("options", options)
	r.Set("writable", strings.HasPrefix(options+",", "rw,"))
	r.Observe(indicator.FilePath, path)
	if strings.HasPrefix(device, "/") {
		r.Observe(indicator.FilePath, device)
	}
	to.Emit()
	return true
}
