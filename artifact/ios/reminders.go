package ios

import (
	"cmp"

	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.reminders",
		Title: "Reminders and links in them",
		Kinds: inPhone,
		Paths: []string{"/private/var/mobile/Library/Reminders/Container_v1/Stores/Data-*.sqlite",
			"/private/var/mobile/Containers/Shared/AppGroup/*/Container_v1/Stores/Data-*.sqlite"},
		Refs:  []string{"https://github.com/abrignoni/iLEAPP/blob/main/scripts/artifacts/reminders.py"},
		Since: "iOS 13",
		Fields: [][2]string{
			{"title", "what to remember"}, {"notes", "what was noted of it"}, {"url", "an address that was attached"}, {"due", "when it is due"}, {"changed", "when it was last changed"},
			{"completed", "when it was done"}, {"removed", "whether it is marked for deletion"},
		},
		Parse: parseReminders,
	})
}

func parseReminders(src *artifact.Source, to *artifact.Sink) error {
	db, err := src.SQLite()
	if err != nil {
		return err
	}
	// ZREMCDOBJECT held the reminders before iOS 15, and holds what is attached
	// to them since.
	for _, table := range []string{"ZREMCDREMINDER", "ZREMCDOBJECT"} {
		for row := range db.Table(table).Rows("ZTITLE", "ZTITLE1", "ZNOTES", "ZURL", "ZICSURL", "ZCREATIONDATE", "ZCREATIONDATE1", "ZDUEDATE", "ZLASTMODIFIEDDATE", "ZCOMPLETIONDATE", "ZMARKEDFORDELETION") {
			title, notes, url := cmp.Or(row.Text(0), row.Text(1)), row.Text(2), cmp.Or(row.Text(3), row.Text(4))
			if title == "" && notes == "" && url == "" { // a list, an account, a date
				continue
			}
			r := to.Row(table, row, artifact.Named, macTime(cmp.Or(row.Float(5), row.Float(6))))
			r.Set("title", title)
			r.Set("notes", notes)
			r.Set("url", url)
			r.Set("due", macTime(row.Float(7)))
			r.Set("changed", macTime(row.Float(8)))
			r.Set("completed", macTime(row.Float(9)))
			if row.Int(10) != 0 {
				r.Set("removed", true)
			}
			r.Links(title)
			r.Links(notes)
			r.Links(url)
			to.Emit()
		}
	}
	return nil
}
