package ios

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/acquisition/plist"
	"github.com/ringfence/ringfence/acquisition/sqlite"
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.sms",
		Title: "Messages: SMS, iMessage, edited and recently deleted ones",
		Kinds: []acquisition.Kind{acquisition.IOSBackup, acquisition.IOSFileSystem},
		Paths: []string{"/private/var/mobile/Library/SMS/sms.db"},
		Refs: []string{"https://docs.mvt.re/en/latest/ios/records/",
			"https://theapplewiki.com/wiki/Dev:Messages.framework",
			"https://ciofecaforensics.com/2022/10/23/apple-messages-edits-and-unsends/"},
		Fields: [][2]string{
			{"text", "the message"}, {"subject", "its subject"},
			{"contact", "number or address of the other side; absent where the database has none"}, {"service", "SMS, iMessage, RCS"}, {"account", "the phone's own account"},
			{"direction", "received or sent"},
			{"read", "when it was read"}, {"edited", "when it was edited"}, {"retracted", "when it was taken back"}, {"deleted", "when it was put among the recently deleted"},
			{"earlier", "earlier versions of an edited message"}, {"preview", "address and title of the link's preview"},
			{"unsent", "whether parts of it were taken back"}, {"app", "the app that made it (balloon_bundle_id)"}, {"guid", "the message's id, or the chat's"}, {"attachments", "whether it had some"},
			{"chat", "the chat it stands in: the other side, or the group's id"}, {"chat_name", "the chat's name"},
			{"to_number", "the phone's own number or address it came to or went from (destination_caller_id)"},
			{"about", "of a reaction: the id of the message it is about"},
		},
		Parse: parseSMS,
	})
}

var smsColumns = []string{"text", "attributedBody", "handle_id", "service", "account", "is_from_me", "date", "date_read", "date_edited", "date_retracted",
	"message_summary_info", "payload_data", "balloon_bundle_id", "subject", "guid", "cache_has_attachments", "destination_caller_id", "associated_message_guid"}

const (
	smsText = iota
	smsBody
	smsHandle
	smsService
	smsAccount
	smsFromMe
	smsDate
	smsRead
	smsEdited
	smsRetracted
	smsSummary
	smsPayload
	smsApp
	smsSubject
	smsGUID
	smsAttachments
	smsTo
	smsAbout
)

// linkBalloon makes the previews of links; what other apps leave in
// payload_data has forms of their own.
const linkBalloon = "com.apple.messages.URLBalloonProvider"

// around is what the other tables of the database say of messages.
type around struct {
	handles map[int64]string
	chats   map[int64]smsChat
	in      map[int64]int64 // the chat of each message
	deleted map[int64]time.Time
}

// smsChat is one chat.
type smsChat struct{ id, name string }

func parseSMS(src *artifact.Source, to *artifact.Sink) error {
	db, err := src.SQLite()
	if err != nil {
		return err
	}
	of := around{smsHandles(db, to), smsChats(db, to), map[int64]int64{}, map[int64]time.Time{}}
	if len(of.chats) > 0 {
		for row := range db.Table("chat_message_join").Rows("chat_id", "message_id") {
			if row.Recovered == "" {
				of.in[row.Int(1)] = row.Int(0)
			}
		}
	}
	for row := range db.Table("chat_recoverable_message_join").Rows("message_id", "delete_date", "chat_id") {
		if row.Recovered == "" {
			of.deleted[row.Int(0)] = macNanos(row.Int(1))
			of.in[row.Int(0)] = row.Int(2)
		}
	}
	for row := range db.Table("message").Rows(smsColumns...) {
		of.message(row, to)
	}
	// Messages that were deleted for good leave their ids behind.
	for row := range db.Table("deleted_messages").Rows("guid") {
		r := to.Row("deleted_messages", row, artifact.Named, time.Time{})
		r.Set("guid", row.Text(0))
		to.Emit()
	}
	return nil
}

// smsHandles are the other sides of messages; deleted ones are given, as no
// message says them.
func smsHandles(db *sqlite.DB, to *artifact.Sink) map[int64]string {
	handles := map[int64]string{}
	for row := range db.Table("handle").Rows("id", "service") {
		contact := row.Text(0)
		if row.Recovered == "" {
			handles[row.ID] = contact
			continue
		}
		r := to.Row("handle", row, artifact.Named, time.Time{})
		r.Set("contact", contact)
		r.Set("service", row.Text(1))
		if strings.Contains(contact, "@") {
			r.Observe(indicator.Email, contact)
		}
		to.Emit()
	}
	return handles
}

// smsChats gives the chats, also those without a message.
func smsChats(db *sqlite.DB, to *artifact.Sink) map[int64]smsChat {
	chats := map[int64]smsChat{}
	for row := range db.Table("chat").Rows("chat_identifier", "display_name", "guid", "service_name", "account_login", "last_addressed_handle") {
		c := smsChat{row.Text(0), row.Text(1)}
		if row.Recovered == "" {
			chats[row.ID] = c
		}
		r := to.Row("chat", row, artifact.Named, time.Time{})
		r.Set("guid", row.Text(2))
		r.Set("chat", c.id)
		r.Set("chat_name", c.name)
		r.Set("service", row.Text(3))
		r.Set("account", row.Text(4))
		r.Set("to_number", row.Text(5))
		r.Links(c.name)
		if isMail(c.id) {
			r.Observe(indicator.Email, c.id)
		}
		to.Emit()
	}
	return chats
}

// message gives one row of the table of messages. One whose other side has no
// handle is a message all the same.
func (of *around) message(row *sqlite.Row, to *artifact.Sink) {
	act, direction := artifact.Received, "received"
	if row.Int(smsFromMe) != 0 {
		act, direction = artifact.Sent, "sent"
	}
	r := to.Row("message", row, act, macNanos(row.Int(smsDate)))
	text, subject, contact := messageText(row), row.Text(smsSubject), of.handles[row.Int(smsHandle)]
	r.Set("text", text)
	r.Set("subject", subject)
	r.Set("contact", contact)
	r.Set("service", row.Text(smsService))
	r.Set("account", row.Text(smsAccount))
	r.Set("direction", direction)
	r.Set("read", macNanos(row.Int(smsRead)))
	r.Set("edited", macNanos(row.Int(smsEdited)))
	r.Set("retracted", macNanos(row.Int(smsRetracted)))
	if row.Recovered == "" { // a deleted row's id may be another message's by now
		r.Set("deleted", of.deleted[row.ID])
		c := of.chats[of.in[row.ID]]
		r.Set("chat", c.id)
		r.Set("chat_name", c.name)
	}
	r.Links(text)
	r.Links(subject)
	setEarlier(r, row, to, text)
	setPreview(r, row, to, text)
	r.Set("app", row.Text(smsApp))
	r.Set("guid", row.Text(smsGUID))
	r.Set("to_number", row.Text(smsTo))
	r.Set("about", row.Text(smsAbout))
	if row.Int(smsAttachments) != 0 {
		r.Set("attachments", true)
	}
	if strings.Contains(contact, "@") {
		r.Observe(indicator.Email, contact)
	}
	to.Emit()
}

// messageText is a message's text, which attributedBody has where the column
// has none; where the two differ, it is both.
func messageText(row *sqlite.Row) string {
	text, body := row.Text(smsText), row.Blob(smsBody)
	if len(body) == 0 || (text != "" && bytes.Contains(body, row.Blob(smsText))) {
		return text
	}
	other := attributedText(body)
	switch {
	case text == "" || other == text:
		return other
	case other == "":
		return text
	}
	return text + "\n" + other
}

// setEarlier adds the earlier versions of an edited message.
func setEarlier(r *artifact.Record, row *sqlite.Row, to *artifact.Sink, text string) {
	info := row.Blob(smsSummary)
	// The keys "ec" and "rp" as a binary property list has them: most messages
	// have neither.
	if !bytes.Contains(info, []byte("Rec")) && !bytes.Contains(info, []byte("Rrp")) {
		return
	}
	earlier, unsent, err := earlierVersions(info)
	if err != nil && row.Recovered == "" {
		to.Damage(fmt.Sprintf("message row %d, message_summary_info", row.ID), err)
	}
	if unsent {
		r.Set("unsent", true)
	}
	for _, version := range earlier {
		if version != text {
			r.Set("earlier", version)
			r.Links(version)
		}
	}
}

// setPreview adds what the preview of a link says.
func setPreview(r *artifact.Record, row *sqlite.Row, to *artifact.Sink, text string) {
	payload := row.Blob(smsPayload)
	if len(payload) == 0 {
		return
	}
	preview, err := linkPreview(payload)
	if err != nil && row.Recovered == "" && row.Text(smsApp) == linkBalloon {
		to.Damage(fmt.Sprintf("message row %d, payload_data", row.ID), err)
	}
	r.Set("preview", strings.Join(preview, " "))
	for _, p := range preview {
		if !strings.Contains(text, p) {
			r.Links(p)
		}
	}
}

// earlierVersions are the texts that an edited or unsent message had before:
// "ec" lists, for each part, its versions with their typedstream under "t";
// "rp" lists the parts that were taken back.
func earlierVersions(b []byte) (texts []string, unsent bool, err error) {
	v, err := plist.Parse(b)
	if err != nil {
		return nil, false, err
	}
	d, _ := v.(plist.Dict)
	back, _ := d["rp"].([]any)
	parts, _ := d["ec"].(plist.Dict)
	for _, name := range sortedKeys(parts) {
		versions, _ := parts[name].([]any)
		for _, version := range versions {
			v, _ := version.(plist.Dict)
			t, _ := v["t"].([]byte)
			if text := attributedText(t); text != "" && !slices.Contains(texts, text) {
				texts = append(texts, text)
			}
		}
	}
	return texts, len(back) > 0, nil
}

// linkPreview is what the preview of a link says: its addresses and titles.
func linkPreview(b []byte) (texts []string, err error) {
	v, err := plist.Parse(b)
	if err != nil {
		return nil, err
	}
	if v, err = plist.Unarchive(v); err != nil {
		return nil, err
	}
	collect(v, 0, func(key, text string) {
		switch key {
		case "originalURL", "URL", "title", "summary", "siteName", "creatorFacebookProfile", "$url":
		default:
			if !strings.Contains(text, "://") {
				return
			}
		}
		if text != "" && len(texts) < 50 && !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	})
	return texts, nil
}

// collect gives every text below a value with the key it stands under, in the
// order of the keys.
func collect(v any, depth int, give func(key, text string)) {
	d, ok := v.(plist.Dict)
	if !ok || depth > 32 {
		return
	}
	for _, k := range sortedKeys(d) {
		each, ok := d[k].([]any)
		if !ok {
			each = []any{d[k]}
		}
		for _, e := range each {
			if s, ok := e.(string); ok {
				give(k, s)
			} else {
				collect(e, depth+1, give)
			}
		}
	}
}

func sortedKeys(d plist.Dict) []string {
	keys := make([]string, 0, len(d))
	for k := range d {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
