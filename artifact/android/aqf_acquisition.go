package android

import (
	"strings"
	"time"

	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "android.aqf_acquisition",
		Title: "How androidqf made the acquisition, and what it could not collect",
		Kinds: aqf,
		Paths: []string{"/aqf/acquisition.json", "/aqf/command.log"},
		Refs:  []string{"https://github.com/mvt-project/androidqf"},
		Fields: [][2]string{
			{"uuid", "the acquisition's id"},
			{"version", "of androidqf"},
			{"started", "when it began"},
			{"completed", "when it ended"},
			{"cpu", "the phone's processor"},
			{"adb_key", "public key of the computer that made it, as the phone may list it"},
			{"level", "of a line of its log: ERROR, WARNING or FATAL; others are not given"},
			{"message", "what it says"},
		},
		Parse: parseAQFAcquisition,
	})
}

func parseAQFAcquisition(src *artifact.Source, to *artifact.Sink) error {
	if strings.HasSuffix(src.Path, ".log") {
		return parseAQFLog(src, to)
	}
	return eachEntry(src, to, func(w *walk, e entry) {
		r := beginEntry(src, to, artifact.Configured, e)
		w.object(func(key []byte) {
			switch string(key) {
			case "uuid", "cpu":
				r.Set(string(key), string(w.text()))
			case "androidqf_version":
				r.Set("version", string(w.text()))
			case "started", "completed":
				t, _ := time.Parse(time.RFC3339, string(w.text()))
				if r.Set(string(key), t.UTC()); string(key) == "started" && !t.IsZero() {
					r.Time = t.UTC()
				}
			case "adb_host_public_key", "adb_host_key", "adb_public_key":
				r.Set("adb_key", string(w.text()))
			}
		})
		to.Emit()
	})
}

// parseAQFLog gives the lines of the log that say what went wrong.
func parseAQFLog(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	for line := range d.lines() {
		for _, level := range [...]string{"ERROR", "WARNING", "FATAL"} {
			if !strings.Contains(line, level) {
				continue
			}
			r := d.record(artifact.Configured, d.local(strings.TrimLeft(line, "[ ")))
			r.Set("level", level)
			r.Set("message", line)
			to.Emit()
			break
		}
	}
	return d.end()
}
