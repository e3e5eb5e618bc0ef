package ios

import (
	"strings"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.sms_attachments",
		Title: "Files that came or went with messages",
		Kinds: []acquisition.Kind{acquisition.IOSBackup, acquisition.IOSFileSystem},
		Paths: []string{"/private/var/mobile/Library/SMS/sms.db"},
		Refs:  []string{"https://docs.mvt.re/en/latest/ios/records/", "https://citizenlab.ca/2021/09/forcedentry-nso-group-imessage-zero-click-exploit-captured-in-the-wild/"},
		Fields: [][2]string{
			{"path", "where it is kept"}, {"name", "its name as it was sent"}, {"mime_type", "what it says it is"}, {"uti", "what the phone took it for"}, {"bytes", "its size"},
			{"direction", "received or sent"}, {"message", "row of its message"}, {"contact", "who sent it, or to whom"}, {"service", "SMS, iMessage, RCS"}, {"guid", "its id"},
		},
		Parse: parseAttachments,
	})
}

func parseAttachments(src *artifact.Source, to *artifact.Sink) error {
	db, err := src.SQLite()
	if err != nil {
		return err
	}
	message := map[int64]int64{}
	for row := range db.Table("message_attachment_join").Rows("message_id", "attachment_id") {
		if row.Recovered == "" {
			message[row.Int(1)] = row.Int(0)
		}
	}
	type sender struct {
		handle  int64
		service string
	}
	senders := map[int64]sender{}
	if len(message) > 0 {
		for _, id := range message {
			senders[id] = sender{}
		}
		for row := range db.Table("message").Rows("handle_id", "service") {
			if _, wanted := senders[row.ID]; wanted && row.Recovered == "" {
				senders[row.ID] = sender{row.Int(0), row.Text(1)}
			}
		}
	}
	handles := map[int64]string{}
	for row := range db.Table("handle").Rows("id") {
		if row.Recovered == "" {
			handles[row.ID] = row.Text(0)
		}
	}
	for row := range db.Table("attachment").Rows("filename", "transfer_name", "mime_type", "uti", "total_bytes", "is_outgoing", "created_date", "guid") {
		act, direction := artifact.Received, "received"
		if row.Int(5) != 0 {
			act, direction = artifact.Sent, "sent"
		}
		r := to.Row("attachment", row, act, macNanos(row.Int(6)))
		r.Set("path", row.Text(0))
		r.Set("name", row.Text(1))
		r.Set("mime_type", row.Text(2))
		r.Set("uti", row.Text(3))
		r.Set("bytes", row.Int(4))
		r.Set("direction", direction)
		if id := message[row.ID]; id != 0 && row.Recovered == "" {
			r.Set("message", id)
			r.Set("contact", handles[senders[id].handle])
			r.Set("service", senders[id].service)
		}
		r.Set("guid", row.Text(7))
		r.Observe(indicator.FilePath, fromHome(row.Text(0)))
		r.Observe(indicator.FileName, row.Text(1))
		to.Emit()
	}
	return nil
}

// fromHome is the absolute path of one that begins at the home of the phone's
// user.
func fromHome(path string) string {
	if rest, is := strings.CutPrefix(path, "~/"); is {
		return "/private/var/mobile/" + rest
	}
	return path
}
