package ios

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "ios.mounts",
		Title:  "Volumes that are mounted",
		Kinds:  inSysdiagnose,
		Paths:  []string{"/mount.txt", "/*/mount.txt"},
		Refs:   []string{"https://keith.github.io/xcode-man-pages/mount.8.html"},
		Fields: [][2]string{{"device", "the volume"}, {"path", "where it stands"}, {"type", "kind of file system"}, {"options", "as mounted, with commas"}, {"read_only", "nothing can be written to it"}},
		Parse:  mounts,
	})
}

// mountLine is "/dev/disk1s1 on / (apfs, sealed, local, read-only)".
var mountLine = regexp.MustCompile(`^(\S.*?) on (.+?) \((.*)\)$`)

func mounts(s *artifact.Source, to *artifact.Sink) error {
	for l, err := range s.Lines() {
		if err != nil {
			return err
		}
		m := mountLine.FindStringSubmatch(string(l.Text))
		if m == nil {
			if len(l.Text) > 0 {
				to.Damage("line "+strconv.FormatInt(l.N, 10), errOddLine)
			}
			continue
		}
		r := to.Record(artifact.Configured, time.Time{})
		r.Where.Row, r.Where.Offset = l.N, l.Offset
		kind, options, _ := strings.Cut(m[3], ", ")
		r.Set("device", m[1])
		r.Set("path", m[2])
		r.Set("type", kind)
		r.Set("options", options)
		r.Set("read_only", strings.Contains(options, "read-only"))
		to.Emit()
	}
	return nil
}
