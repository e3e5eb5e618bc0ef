package ios

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/ringfence/ringfence/acquisition/plist"
	"github.com/ringfence/ringfence/acquisition/sqlite"
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.analytics_db",
		Title: "What the keychain and the network counted as failures (Keychains/Analytics)",
		Kinds: inPhone,
		Paths: []string{"/private/var/Keychains/Analytics/*.db"},
		Refs: []string{"https://docs.mvt.re/en/latest/ios/records/",
			"https://github.com/apple-oss-distributions/Security/blob/main/Analytics/SFAnalyticsSQLiteStore.m"},
		Fields: [][2]string{{"event", "what happened"}, {"class", "how it was counted: hard, soft, success"}, {"build", "the system's build"}, {"data", "all that was noted"}},
		Parse:  parseAnalytics,
	})
}

// maxNoted is how many values of one event are observed.
const maxNoted = 1000

func parseAnalytics(src *artifact.Source, to *artifact.Sink) error {
	db, err := src.SQLite()
	if err != nil {
		return err
	}
	for _, table := range db.Tables() {
		if !table.Has("data") || !table.Has("timestamp") {
			continue
		}
		for row := range table.Rows("timestamp", "data") {
			if len(row.Blob(1)) > 0 {
				analyticsEvent(table.Name, row, to)
			}
		}
	}
	return nil
}

// analyticsEvent gives one event; every text of it may name a program or a host.
func analyticsEvent(table string, row *sqlite.Row, to *artifact.Sink) {
	v, err := plistOrJSON(row.Blob(1))
	if err != nil && row.Recovered == "" { // a deleted one is shown for what is left of it
		to.Damage(fmt.Sprintf("%s row %d", table, row.ID), err)
		return
	}
	r := to.Row(table, row, artifact.Named, unixOf(row.Float(0)))
	if d, ok := v.(plist.Dict); ok {
		r.Set("event", textOf(firstValue(d["eventType"], d["event"])))
		r.Set("class", textOf(d["eventClass"]))
		r.Set("build", textOf(d["build"]))
	}
	r.Set("data", shownValue(v))
	seen := map[string]bool{}
	eachText(v, func(text string) {
		if len(text) < 2 || len(text) > 256 || strings.ContainsAny(text, " \t\n") || len(seen) >= maxNoted || seen[text] {
			return
		}
		seen[text] = true
		switch {
		case strings.Contains(text, "://"):
			r.Link(text)
			return
		case strings.HasPrefix(text, "/"):
			r.Observe(indicator.FilePath, text)
		case strings.Contains(text, ".") && !strings.ContainsAny(text, "/:()<>=,"):
			r.Host(text)
		}
		r.Observe(indicator.Process, text)
	})
	to.Emit()
}

// plistOrJSON reads what is either.
func plistOrJSON(b []byte) (any, error) {
	if trimmed := bytes.TrimSpace(b); bytes.HasPrefix(trimmed, []byte("{")) || bytes.HasPrefix(trimmed, []byte("[")) {
		var v any
		err := json.Unmarshal(trimmed, &v)
		if d, ok := v.(map[string]any); ok {
			return plist.Dict(d), err
		}
		return v, err
	}
	return plist.Parse(b)
}

// unixOf is a time in seconds or in milliseconds since 1970.
func unixOf(n float64) time.Time {
	if n > 1e11 {
		n /= 1000
	}
	return unixTime(n)
}
