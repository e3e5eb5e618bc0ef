package ios

import (
	"bytes"
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
			{"app", "the app that made it (balloon_bundle_id)"}, {"guid", "the message's id"}, {"attachments", "whether it had some"},
		},
		Parse: parseSMS,
	})
}

var smsColumns = []string{"text", "attributedBody", "handle_id", "service", "account", "is_from_me", "date", "date_read", "date_edited", "date_retracted",
	"message_summary_info", "payload_data", "balloon_bundle_id", "subject", "guid", "cache_has_attachments"}

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
)

func parseSMS(src *artifact.Source, to *artifact.Sink) error {
	db, err := src.SQLite()
	if err != nil {
		return err
	}
	handles := map[int64]string{}
	for row := range db.Table("handle").Rows("id") {
		if row.Recovered == "" {
			handles[row.ID] = row.Text(0)
		}
	}
	deleted := map[int64]time.Time{}
	for row := range db.Table("chat_recoverable_message_join").Rows("message_id", "delete_date") {
		if row.Recovered == "" {
			deleted[row.Int(0)] = macNanos(row.Int(1))
		}
	}
	table := db.Table("message")
	for row := range table.Rows(smsColumns...) {
		message(row, to, handles, deleted)
	}
	// Messages that were deleted for good leave their ids behind.
	for row := range db.Table("deleted_messages").Rows("guid") {
		r := to.Row("deleted_messages", row, artifact.Named, time.Time{})
		r.Set("guid", row.Text(0))
		to.Emit()
	}
	return nil
}

// message gives one row of the table of messages. One without a text has it in
// attributedBody; one whose other side has no handle is a message all the same.
func message(row *sqlite.Row, to *artifact.Sink, handles map[int64]string, deleted map[int64]time.Time) {
	act, direction := artifact.Received, "received"
	if row.Int(smsFromMe) != 0 {
		act, direction = artifact.Sent, "sent"
	}
	r := to.Row("message", row, act, macNanos(row.Int(smsDate)))
	text := row.Text(smsText)
	body := row.Blob(smsBody)
	if text == "" || (len(body) > 0 && !bytes.Contains(body, row.Blob(smsText))) {
		if other := attributedText(body); text == "" {
			text = other
		} else if other != "" && other != text {
			text += "\n" + other
		}
	}
	r.Set("text", text)
	r.Set("subject", row.Text(smsSubject))
	r.Set("contact", handles[row.Int(smsHandle)])
	r.Set("service", row.Text(smsService))
	r.Set("account", row.Text(smsAccount))
	r.Set("direction", direction)
	r.Set("read", macNanos(row.Int(smsRead)))
	r.Set("edited", macNanos(row.Int(smsEdited)))
	r.Set("retracted", macNanos(row.Int(smsRetracted)))
	if len(deleted) > 0 && row.Recovered == "" {
		r.Set("deleted", deleted[row.ID])
	}
	r.Links(text)
	if !row.Null(smsSubject) {
		r.Links(row.Text(smsSubject))
	}
	if info := row.Blob(smsSummary); len(info) > 100 { // shorter ones hold no earlier version
		for _, earlier := range earlierVersions(info) {
			if earlier != text {
				r.Set("earlier", earlier)
				r.Links(earlier)
			}
		}
	}
	if payload := row.Blob(smsPayload); len(payload) > 0 {
		preview := linkPreview(payload)
		r.Set("preview", strings.Join(preview, " "))
		for _, p := range preview {
			if !strings.Contains(text, p) {
				r.Links(p)
			}
		}
	}
	r.Set("app", row.Text(smsApp))
	r.Set("guid", row.Text(smsGUID))
	if row.Int(smsAttachments) != 0 {
		r.Set("attachments", true)
	}
	if contact := handles[row.Int(smsHandle)]; strings.Contains(contact, "@") {
		r.Observe(indicator.Email, contact)
	}
	to.Emit()
}

// earlierVersions are the texts that an edited or unsent message had before:
// "ec" lists, for each part, its versions with their typedstream under "t".
func earlierVersions(b []byte) (texts []string) {
	v, err := plist.Parse(b)
	if err != nil {
		return nil
	}
	d, _ := v.(plist.Dict)
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
	return texts
}

// linkPreview is what the preview of a link says: its addresses and titles.
func linkPreview(b []byte) (texts []string) {
	v, err := plist.Parse(b)
	if err != nil {
		return nil
	}
	if v, err = plist.Unarchive(v); err != nil {
		return nil
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
	return texts
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
