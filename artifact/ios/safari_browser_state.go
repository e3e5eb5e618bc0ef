package ios

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ringfence/ringfence/acquisition/plist"
	"github.com/ringfence/ringfence/acquisition/sqlite"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.safari_browser_state",
		Title: "Safari's tabs, and the pages before and after in each",
		Kinds: inPhone,
		Paths: []string{"/private/var/mobile/Library/Safari/BrowserState.db", "/private/var/mobile/Library/Safari/Profiles/*/BrowserState.db",
			"/private/var/mobile/Containers/Data/Application/*/Library/Safari/BrowserState.db",
			"/private/var/mobile/Containers/Data/Application/*/Library/Safari/Profiles/*/BrowserState.db",
			"/private/var/mobile/Library/Safari/SafariTabs.db", "/private/var/mobile/Containers/Data/Application/*/Library/Safari/SafariTabs.db"},
		Refs: []string{"https://docs.mvt.re/en/latest/ios/records/", "https://github.com/WebKit/WebKit/blob/main/Source/WebKit/UIProcess/mac/LegacySessionStateCoding.mm"},
		Fields: [][2]string{
			{"url", "the page"}, {"title", "its title"}, {"tab", "the tab's id"}, {"private", "whether the tab was a private one"},
			{"from_link", "whether a link of another app opened it"}, {"original_url", "of a page in a tab's history: what was asked for"},
		},
		Parse: parseBrowserState,
	})
}

// maxSession is how many bytes of one tab's history are unpacked.
const maxSession = 16 << 20

var errSession = errors.New("a tab's history in a form that is not known")

func parseBrowserState(src *artifact.Source, to *artifact.Sink) error {
	db, err := src.SQLite()
	if err != nil {
		return err
	}
	viewed := map[string]time.Time{}
	for row := range db.Table("tabs").Rows("url", "title", "uuid", "last_viewed_time", "private_browsing", "opened_from_link", "user_visible_url") {
		at := macTime(row.Float(3))
		if row.Recovered == "" {
			viewed[row.Text(2)] = at
		}
		r := to.Row("tabs", row, artifact.Visited, at)
		url, shown := row.Text(0), row.Text(6)
		r.Set("url", url)
		r.Set("title", row.Text(1))
		r.Set("tab", row.Text(2))
		r.Set("private", row.Int(4) != 0)
		r.Set("from_link", row.Int(5) != 0)
		r.Link(url)
		if shown != url {
			r.Link(shown)
		}
		to.Emit()
	}
	for row := range db.Table("tab_sessions").Rows("tab_uuid", "session_data") {
		if len(row.Blob(1)) > 0 {
			tabSession(row, to, viewed)
		}
	}
	for row := range db.Table("bookmarks").Rows("url", "title", "external_uuid", "last_modified") { // of SafariTabs.db
		if url := row.Text(0); url != "" {
			r := to.Row("bookmarks", row, artifact.Visited, macTime(row.Float(3)))
			r.Set("url", url)
			r.Set("title", row.Text(1))
			r.Set("tab", row.Text(2))
			r.Link(url)
			to.Emit()
		}
	}
	return nil
}

// tabSession gives the pages that a tab can go back and forth to.
func tabSession(row *sqlite.Row, to *artifact.Sink, viewed map[string]time.Time) {
	d, err := sessionState(row.Blob(1))
	if d == nil {
		if row.Recovered == "" { // what is left of a deleted one is no damage
			to.Damage(fmt.Sprintf("tab_sessions row %d", row.ID), err)
		}
		return
	}
	entries, _ := within(d, "SessionHistory")["SessionHistoryEntries"].([]any)
	for _, e := range entries {
		e, _ := e.(plist.Dict)
		url, original := textOf(e["SessionHistoryEntryURL"]), textOf(e["SessionHistoryEntryOriginalURL"])
		if url == "" && original == "" {
			continue
		}
		tab := row.Text(0)
		r := to.Row("tab_sessions", row, artifact.Visited, viewed[tab])
		r.Set("url", url)
		r.Set("title", textOf(e["SessionHistoryEntryTitle"]))
		r.Set("tab", tab)
		r.Link(url)
		if original != url {
			r.Set("original_url", original)
			r.Link(original)
		}
		to.Emit()
	}
}

// sessionState reads a tab's history: four bytes (WebKit's version) and a
// property list, packed or not.
func sessionState(b []byte) (plist.Dict, error) {
	at := bytes.Index(b[:min(len(b), 16)], []byte("bplist00"))
	if at < 0 {
		unpacked, _ := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(b)), maxSession)) // what is no property list then is told below
		if at = bytes.Index(unpacked[:min(len(unpacked), 16)], []byte("bplist00")); at < 0 {
			return nil, errSession
		}
		b = unpacked
	}
	v, err := plist.Parse(b[at:])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errSession, err)
	}
	d, ok := v.(plist.Dict)
	if !ok {
		return nil, errSession
	}
	return d, nil
}
