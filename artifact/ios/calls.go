package ios

import (
	"strings"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.calls",
		Title: "Calls: telephone, FaceTime and apps (CallHistory.storedata)",
		Kinds: []acquisition.Kind{acquisition.IOSBackup, acquisition.IOSFileSystem},
		Paths: []string{"/private/var/mobile/Library/CallHistoryDB/CallHistory.storedata", "/private/var/mobile/Library/CallHistoryDB/CallHistoryTemp.storedata"},
		Refs:  []string{"https://docs.mvt.re/en/latest/ios/records/"},
		Fields: [][2]string{
			{"contact", "number or address of the other side"}, {"name", "its name, as the app gave it"}, {"provider", "who carried the call"}, {"direction", "received or sent"},
			{"answered", "whether it was answered"}, {"seconds", "how long it took"}, {"location", "where the number is registered"}, {"cause", "why it ended, a number"},
		},
		Parse: parseCalls,
	})
}

func parseCalls(src *artifact.Source, to *artifact.Sink) error {
	db, err := src.SQLite()
	if err != nil {
		return err
	}
	for row := range db.Table("ZCALLRECORD").Rows("ZADDRESS", "ZNAME", "ZSERVICE_PROVIDER", "ZORIGINATED", "ZANSWERED", "ZDURATION", "ZLOCATION", "ZDISCONNECTED_CAUSE", "ZDATE") {
		act, direction := artifact.Received, "received"
		if row.Int(3) != 0 {
			act, direction = artifact.Sent, "sent"
		}
		r := to.Row("ZCALLRECORD", row, act, macTime(row.Float(8)))
		contact := row.Text(0)
		r.Set("contact", contact)
		r.Set("name", row.Text(1))
		r.Set("provider", row.Text(2))
		if !row.Null(3) {
			r.Set("direction", direction)
		}
		if !row.Null(4) {
			r.Set("answered", row.Int(4) != 0)
		}
		r.Set("seconds", row.Float(5))
		r.Set("location", row.Text(6))
		if !row.Null(7) {
			r.Set("cause", row.Int(7))
		}
		if strings.Contains(contact, "@") {
			r.Observe(indicator.Email, contact)
		}
		to.Emit()
	}
	return nil
}
