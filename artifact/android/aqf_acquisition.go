package android

import (
	"path"
	"strings"
	"time"

	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "android.aqf_acquisition",
		Title: "How androidqf made the acquisition, and what it could not collect",
		Kinds: aqf,
		Paths: []string{"/aqf/acquisition.json", "/aqf/adb_host_key.pub", "/aqf/command.log"},
		Refs:  []string{"https://github.com/mvt-project/androidqf"},
		Fields: [][2]string{
			{"uuid", "the acquisition's id"},
			{"version", "of androidqf"},
			{"started", "when it began"},
			{"completed", "when it ended"},
			{"cpu", "the phone's processor"},
			{"host", "name in the adb key of the computer that made it"},
			{"fingerprint", "MD5 of that key, as android.adb_state has it of the keys that the phone trusts"},
			{"level", "of a line of its log: ERROR, WARNING or FATAL; others are not given"},
			{"message", "what it says"},
		},
		Parse: parseAQFAcquisition,
	})
}

func parseAQFAcquisition(src *artifact.Source, to *artifact.Sink) error {
	switch path.Ext(src.Path) {
	case ".log":
		return parseAQFLog(src, to)
	case ".pub":
		return parseHostKey(src, to)
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
			case "adb_host_public_key":
				setHostKey(r, string(w.text()))
			}
		})
		to.Emit()
	})
}

// setHostKey sets whose key "QAAAA... user@computer" is.
func setHostKey(r *artifact.Record, line string) {
	key, host, _ := strings.Cut(strings.TrimSpace(line), " ")
	sum, _ := fingerprint(key)
	r.Set("host", host)
	r.Set("fingerprint", sum)
}

func parseHostKey(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	for line := range d.lines() {
		if isKey(line) {
			setHostKey(d.record(artifact.Configured, moment{}), line)
			to.Emit()
		}
	}
	return d.end()
}

// parseAQFLog gives the lines of the log that say what went wrong. Their times
// are of the clock of the computer, whose zone the log does not tell.
func parseAQFLog(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	for line := range d.lines() {
		for _, level := range [...]string{"ERROR", "WARNING", "FATAL"} {
			if !strings.Contains(line, level) {
				continue
			}
			r := d.record(artifact.Configured, local(nil, strings.TrimLeft(line, "[ ")))
			r.Set("level", level)
			r.Set("message", line)
			to.Emit()
			break
		}
	}
	return d.end()
}
