package ios

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.version_history",
		Title: "Versions of iOS that the phone ran, from its analytics journal",
		Kinds: inFileSystem,
		Paths: []string{"**/db/analyticsd/Analytics-Journal-*.ips", "**/db/analyticsd/*/Analytics-Journal-*.ips"},
		Refs:  []string{"https://docs.mvt.re/en/latest/ios/records/"},
		Fields: [][2]string{
			{"system", "version and build of iOS"}, {"incident", "identifier of the report"}, {"bug_type", "kind of report"},
		},
		Parse: versionHistory,
	})
}

func versionHistory(s *artifact.Source, to *artifact.Sink) error {
	for l, err := range s.Lines() {
		if err != nil {
			return err
		}
		var head struct {
			Timestamp string `json:"timestamp"`
			OSVersion string `json:"os_version"`
			Incident  string `json:"incident_id"`
			BugType   any    `json:"bug_type"`
		}
		if err := json.Unmarshal(l.Text, &head); err != nil {
			return fmt.Errorf("its first line is no JSON: %w", err)
		}
		r := to.Record(artifact.Configured, reportTime(head.Timestamp))
		r.Where.Row = l.N
		r.Set("system", head.OSVersion)
		r.Set("incident", head.Incident)
		if head.BugType != nil {
			r.Set("bug_type", fmt.Sprint(head.BugType))
		}
		to.Emit()
		return nil // what follows are the counts themselves
	}
	return nil
}

// reportTime reads the times of reports: "2026-01-02 03:04:05.00 +0100".
func reportTime(text string) time.Time {
	for _, layout := range []string{"2006-01-02 15:04:05 -0700", "2006-01-02T15:04:05Z07:00", "2006-01-02 15:04:05 Z0700"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
