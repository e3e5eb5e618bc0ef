package ios

import (
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.voicemail",
		Title: "Voicemail: who called and when, without what was said (voicemail.db)",
		Kinds: inPhone,
		Paths: []string{"/private/var/mobile/Library/Voicemail/voicemail.db"},
		Refs: []string{"https://github.com/richinfante/iphonebackuptools/blob/master/schemas/voicemails/voicemails_9.3.5.sql",
			"https://github.com/abrignoni/iLEAPP/blob/main/scripts/artifacts/voicemail.py"},
		Fields: [][2]string{
			{"contact", "who called"}, {"callback", "the number to call back, where it is another"}, {"to_number", "the phone's own number that was called"},
			{"seconds", "how long the message is"}, {"expires", "when it is due to be removed"}, {"deleted", "when it was put among the deleted ones"},
		},
		Parse: parseVoicemail,
	})
}

func parseVoicemail(src *artifact.Source, to *artifact.Sink) error {
	db, err := src.SQLite()
	if err != nil {
		return err
	}
	for row := range db.Table("voicemail").Rows("sender", "callback_num", "receiver", "duration", "date", "expiration", "trashed_date") {
		r := to.Row("voicemail", row, artifact.Received, unixTime(row.Float(4)))
		contact, callback := row.Text(0), row.Text(1)
		r.Set("contact", contact)
		if callback != contact {
			r.Set("callback", callback)
		}
		r.Set("to_number", row.Text(2))
		r.Set("seconds", row.Int(3))
		r.Set("expires", unixTime(row.Float(5)))
		r.Set("deleted", macTime(row.Float(6))) // the one column that counts from 2001
		if strings.Contains(contact, "@") {
			r.Observe(indicator.Email, contact)
		}
		to.Emit()
	}
	return nil
}
