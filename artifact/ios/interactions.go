package ios

import (
	"strings"
	"time"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/acquisition/sqlite"
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.interactions",
		Title: "Who wrote or spoke with whom by which app (interactionC.db)",
		Kinds: []acquisition.Kind{acquisition.IOSBackup, acquisition.IOSFileSystem},
		Paths: []string{"/private/var/mobile/Library/CoreDuet/People/interactionC.db"},
		Refs:  []string{"https://docs.mvt.re/en/latest/ios/records/", "https://www.linkedin.com/pulse/interactionc-ios-analysis-abraham-rivera/"},
		Fields: [][2]string{
			{"app", "bundle id of the app"}, {"account", "the account it used"}, {"direction", "received or sent"}, {"sender", "who wrote; of a deleted contact: its address"}, {"sender_name", "that contact's name"},
			{"recipients", "to whom"}, {"group", "the group's name"}, {"content", "address of what was shared"}, {"ended", "when it ended"}, {"attachments", "texts and addresses of what came along"},
		},
		Parse: parseInteractions,
	})
}

// person is a contact of the database.
type person struct{ name, id string }

func parseInteractions(src *artifact.Source, to *artifact.Sink) error {
	db, err := src.SQLite()
	if err != nil {
		return err
	}
	people := map[int64]person{}
	for row := range db.Table("ZCONTACTS").Rows("ZDISPLAYNAME", "ZIDENTIFIER", "ZCUSTOMIDENTIFIER") {
		id := row.Text(1)
		if id == "" {
			id = row.Text(2)
		}
		if row.Recovered == "" {
			people[row.ID] = person{row.Text(0), id}
			continue
		}
		r := to.Row("ZCONTACTS", row, artifact.Named, time.Time{})
		r.Set("sender", id)
		r.Set("sender_name", row.Text(0))
		if isMail(id) {
			r.Observe(indicator.Email, id)
		}
		to.Emit()
	}
	recipients, came := recipientsOf(db, people), attachedTo(db, to)
	for row := range db.Table("ZINTERACTIONS").Rows("ZBUNDLEID", "ZACCOUNT", "ZDIRECTION", "ZSENDER", "ZGROUPNAME", "ZCONTENTURL", "ZSTARTDATE", "ZENDDATE") {
		act, direction := artifact.Received, "received"
		if row.Int(2) != 0 {
			act, direction = artifact.Sent, "sent"
		}
		r := to.Row("ZINTERACTIONS", row, act, macTime(row.Float(6)))
		sender := people[row.Int(3)]
		r.Set("app", row.Text(0))
		r.Set("account", row.Text(1))
		r.Set("direction", direction)
		r.Set("sender", sender.id)
		r.Set("sender_name", sender.name)
		r.Set("recipients", recipients[row.ID])
		r.Set("group", row.Text(4))
		r.Set("content", row.Text(5))
		r.Set("attachments", came[row.ID])
		if end := macTime(row.Float(7)); !end.Equal(r.Time) {
			r.Set("ended", end)
		}
		r.Observe(indicator.App, row.Text(0))
		r.Links(row.Text(5))
		r.Links(came[row.ID])
		for id := range strings.FieldsSeq(sender.id + " " + recipients[row.ID]) {
			if isMail(id) {
				r.Observe(indicator.Email, id)
			}
		}
		to.Emit()
	}
	return nil
}

// recipientsOf are the contacts that each interaction went to.
func recipientsOf(db *sqlite.DB, people map[int64]person) map[int64]string {
	recipients := map[int64]string{}
	for row := range db.Table("Z_2INTERACTIONRECIPIENT").Rows("Z_2RECIPIENTS", "Z_3INTERACTIONRECIPIENT", "Z_4INTERACTIONRECIPIENT") {
		if id := max(row.Int(1), row.Int(2)); row.Recovered == "" && len(recipients[id]) < 4096 {
			recipients[id] = strings.TrimSpace(recipients[id] + " " + people[row.Int(0)].id)
		}
	}
	return recipients
}

// attachedTo is what came along with each interaction. What was deleted is
// given by itself.
func attachedTo(db *sqlite.DB, to *artifact.Sink) map[int64]string {
	things := map[int64]string{}
	for row := range db.Table("ZATTACHMENT").Rows("ZCONTENTTEXT", "ZCONTENTURL") {
		thing := strings.TrimSpace(row.Text(0) + " " + row.Text(1))
		if row.Recovered == "" {
			things[row.ID] = thing
			continue
		}
		if thing == "" {
			continue
		}
		r := to.Row("ZATTACHMENT", row, artifact.Named, time.Time{})
		r.Set("attachments", thing)
		r.Links(thing)
		to.Emit()
	}
	came := map[int64]string{}
	for row := range db.Table("Z_1INTERACTIONS").Rows("Z_1ATTACHMENTS", "Z_3INTERACTIONS", "Z_4INTERACTIONS") {
		if id := max(row.Int(1), row.Int(2)); row.Recovered == "" && len(came[id]) < 4096 {
			came[id] = strings.TrimSpace(came[id] + " " + things[row.Int(0)])
		}
	}
	return came
}

// isMail tells a mail address from the ids that WhatsApp gives.
func isMail(id string) bool {
	_, host, is := strings.Cut(id, "@")
	return is && strings.Contains(host, ".") && host != "s.whatsapp.net" && host != "g.us"
}
