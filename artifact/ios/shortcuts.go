package ios

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/acquisition/plist"
	"github.com/ringfence/ringfence/acquisition/sqlite"
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.shortcuts",
		Title: "Shortcuts, what they do and the addresses they use",
		Kinds: inPhone,
		Paths: []string{"/private/var/mobile/Library/Shortcuts/Shortcuts.sqlite"},
		Refs:  []string{"https://docs.mvt.re/en/latest/ios/records/", "https://support.apple.com/guide/shortcuts/welcome/ios"},
		Since: "iOS 13",
		Fields: [][2]string{
			{"name", "the shortcut's name"}, {"description", "what it says it does"}, {"app", "the app it belongs to"}, {"source", "where it came from"},
			{"count", "how many actions it counts"}, {"actions", "the kinds of its actions, in order"}, {"addresses", "addresses in its actions"},
			{"created", "when it was made"}, {"changed", "when it was last changed"}, {"shortcut", "of actions whose shortcut is gone: its row"},
		},
		Parse: parseShortcuts,
	})
}

// actions are what a shortcut does.
type actions struct {
	kinds []string
	texts []string // what stands in them, once each
}

func parseShortcuts(src *artifact.Source, to *artifact.Sink) error {
	db, err := src.SQLite()
	if err != nil {
		return err
	}
	of := shortcutActions(db, to)
	for row := range db.Table("ZSHORTCUT").Rows("ZNAME", "ZACTIONSDESCRIPTION", "ZASSOCIATEDAPPBUNDLEIDENTIFIER", "ZSOURCE", "ZACTIONCOUNT", "ZCREATIONDATE", "ZMODIFICATIONDATE") {
		created := macTime(row.Float(5))
		r := to.Row("ZSHORTCUT", row, artifact.Configured, created)
		for i, name := range []string{"name", "description", "app", "source"} {
			r.Set(name, row.Text(i))
		}
		r.Set("count", row.Int(4))
		r.Set("created", created)
		r.Set("changed", macTime(row.Float(6)))
		r.Observe(indicator.App, row.Text(2))
		if a := of[row.ID]; a != nil && row.Recovered == "" {
			a.set(r)
			delete(of, row.ID)
		}
		to.Emit()
	}
	left := make([]int64, 0, len(of))
	for id := range of {
		left = append(left, id)
	}
	slices.Sort(left)
	for _, id := range left {
		r := to.Record(artifact.Configured, time.Time{})
		r.Where.Table = "ZSHORTCUTACTIONS"
		r.Set("shortcut", id)
		of[id].set(r)
		to.Emit()
	}
	return nil
}

// shortcutActions reads the actions of each shortcut: a property list with one
// dictionary for each.
func shortcutActions(db *sqlite.DB, to *artifact.Sink) map[int64]*actions {
	of := map[int64]*actions{}
	for row := range db.Table("ZSHORTCUTACTIONS").Rows("ZSHORTCUT", "ZDATA") {
		if len(row.Blob(1)) == 0 {
			continue
		}
		v, err := plist.Parse(row.Blob(1))
		if err != nil && row.Recovered == "" { // a deleted one is shown for what is left of it
			to.Damage(fmt.Sprintf("ZSHORTCUTACTIONS row %d", row.ID), err)
			continue
		}
		a := &actions{}
		list, _ := v.([]any)
		for _, e := range list {
			if e, ok := e.(plist.Dict); ok && len(a.kinds) < 1000 {
				a.kinds = append(a.kinds, textOf(e["WFWorkflowActionIdentifier"]))
			}
		}
		seen := map[string]bool{}
		for _, kind := range a.kinds {
			seen[kind] = true
		}
		eachText(v, func(text string) {
			if len(a.texts) < 1000 && !seen[text] {
				seen[text] = true
				a.texts = append(a.texts, text)
			}
		})
		if row.Recovered == "" {
			of[row.Int(0)] = a
			continue
		}
		r := to.Row("ZSHORTCUTACTIONS", row, artifact.Configured, time.Time{})
		r.Set("shortcut", row.Int(0))
		a.set(r)
		to.Emit()
	}
	return of
}

func (a *actions) set(r *artifact.Record) {
	r.Set("actions", strings.Join(a.kinds, " "))
	for _, kind := range a.kinds {
		if !strings.HasPrefix(kind, "is.workflow.") { // those of the app Shortcuts itself
			r.Observe(indicator.App, kind)
		}
	}
	first := len(r.Observables)
	for _, text := range a.texts {
		r.Links(text)
	}
	var addresses []string
	for _, o := range r.Observables[first:] {
		addresses = append(addresses, o.Value)
	}
	r.Set("addresses", strings.Join(addresses, " "))
}

// eachText gives every text of a property list or of JSON, dictionaries in the
// order of their keys. How deep they are is bounded where they are parsed.
func eachText(v any, give func(string)) {
	switch v := v.(type) {
	case string:
		give(v)
	case []any:
		for _, e := range v {
			eachText(e, give)
		}
	case plist.Dict:
		for _, k := range sortedKeys(v) {
			eachText(v[k], give)
		}
	case map[string]any:
		eachText(plist.Dict(v), give)
	}
}
