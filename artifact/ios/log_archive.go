package ios

import (
	"fmt"
	"time"

	"github.com/ringfence/ringfence/acquisition/plist"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.log_archive",
		Title: "Unified logs",
		Kinds: inLogs,
		Paths: []string{"**/system_logs.logarchive/Info.plist", "/private/var/db/diagnostics/version.plist"},
		Refs:  []string{"https://github.com/libyal/dtformats/blob/main/documentation/Apple%20Unified%20Logging%20and%20Activity%20Tracing%20formats.asciidoc"},
		Fields: [][2]string{
			{"first", "time of the oldest entry"}, {"last", "time of the newest entry"}, {"version", "of the format"}, {"build", "build of iOS"},
		},
		Parse: logArchive,
	})
}

// logArchive says from when to when the unified logs reach. Their entries are not
// decoded: that is told, so that nobody takes silence for absence.
func logArchive(s *artifact.Source, to *artifact.Sink) error {
	d, err := dictionary(s)
	if err != nil {
		return err
	}
	var first, last time.Time
	walkDictionaries(d, nil, func(_ []string, inner plist.Dict) bool {
		if v, ok := inner["WallTime"]; ok { // Unix time in nanoseconds
			if at := unixTime(float64(numberOf(v)) / 1e9); !at.IsZero() {
				if first.IsZero() || at.Before(first) {
					first = at
				}
				if at.After(last) {
					last = at
				}
			}
		}
		return true
	})
	r := to.Record(artifact.Present, last)
	r.Set("first", first)
	r.Set("last", last)
	if v := firstOf(d, "OSArchiveVersion", "Version"); v != nil {
		r.Set("version", numberOf(v))
	}
	r.Set("build", firstText(d, "OSVersion", "BuildVersion"))
	to.Emit()
	if first.IsZero() {
		return fmt.Errorf("%w: the entries of the unified logs (tracev3)", artifact.ErrUndecoded)
	}
	return fmt.Errorf("%w: the entries of the unified logs (tracev3), from %s to %s", artifact.ErrUndecoded, first.Format(time.RFC3339), last.Format(time.RFC3339))
}
