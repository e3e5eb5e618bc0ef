package ios

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/acquisition/sqlite"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.whatsapp",
		Title: "WhatsApp: messages, what came with them, and chats",
		Kinds: []acquisition.Kind{acquisition.IOSBackup, acquisition.IOSFileSystem},
		Paths: []string{"/private/var/mobile/Containers/Shared/AppGroup/*/ChatStorage.sqlite"},
		Refs:  []string{"https://docs.mvt.re/en/latest/ios/records/", "https://www.group-ib.com/blog/whatsapp-forensic-artifacts/"},
		Fields: [][2]string{
			{"text", "the message"}, {"from", "who wrote it; of a group's message: the group"}, {"member", "of a group's message: who wrote it"}, {"to", "to whom"}, {"chat", "the chat it stands in"}, {"chat_name", "the chat's name"}, {"direction", "received or sent"},
			{"name", "the name that the sender gave itself"}, {"sent", "when it was sent"}, {"stanza", "the message's id"},
			{"media_url", "where its media was fetched"}, {"media_path", "where its media is kept"}, {"media_title", "title of its media"},
			{"link", "links of its previews"}, {"link_title", "titles of its previews"},
			{"messages", "of a chat: how many messages it counts"},
		},
		Parse: parseWhatsApp,
	})
}

// attached is what belongs to a message.
type attached struct{ url, path, title, links, titles string }

func parseWhatsApp(src *artifact.Source, to *artifact.Sink) error {
	db, err := src.SQLite()
	if err != nil {
		return err
	}
	chats := map[int64][2]string{}
	for row := range db.Table("ZWACHATSESSION").Rows("ZCONTACTJID", "ZPARTNERNAME", "ZLASTMESSAGEDATE", "ZMESSAGECOUNTER") {
		r := to.Row("ZWACHATSESSION", row, artifact.Named, macTime(row.Float(2)))
		r.Set("chat", row.Text(0))
		r.Set("chat_name", row.Text(1))
		r.Set("messages", row.Int(3))
		to.Emit()
		if row.Recovered == "" {
			chats[row.ID] = [2]string{row.Text(0), row.Text(1)}
		}
	}
	members := map[int64]string{} // who wrote in a group
	for row := range db.Table("ZWAGROUPMEMBER").Rows("ZMEMBERJID") {
		if row.Recovered == "" {
			members[row.ID] = row.Text(0)
			continue
		}
		r := to.Row("ZWAGROUPMEMBER", row, artifact.Named, time.Time{})
		r.Set("member", row.Text(0))
		to.Emit()
	}
	with := attachments(db, to)
	for row := range db.Table("ZWAMESSAGE").Rows("ZTEXT", "ZFROMJID", "ZTOJID", "ZCHATSESSION", "ZISFROMME", "ZMESSAGEDATE", "ZSENTDATE", "ZPUSHNAME", "ZSTANZAID", "ZGROUPMEMBER") {
		act, direction := artifact.Received, "received"
		if row.Int(4) != 0 {
			act, direction = artifact.Sent, "sent"
		}
		r := to.Row("ZWAMESSAGE", row, act, macTime(row.Float(5)))
		text := row.Text(0)
		r.Set("text", text)
		r.Set("from", row.Text(1))
		r.Set("member", members[row.Int(9)])
		r.Set("to", row.Text(2))
		r.Set("chat", chats[row.Int(3)][0])
		r.Set("chat_name", chats[row.Int(3)][1])
		r.Set("direction", direction)
		r.Set("name", row.Text(7))
		r.Set("sent", macTime(row.Float(6)))
		r.Set("stanza", row.Text(8))
		r.Links(text)
		if a := with[row.ID]; a != nil && row.Recovered == "" {
			a.set(r, text)
			delete(with, row.ID)
		}
		to.Emit()
	}
	// What is left belongs to messages that are gone.
	for _, id := range slices.Sorted(maps.Keys(with)) {
		r := to.Record(artifact.Named, time.Time{})
		r.Where.Table = "ZWAMEDIAITEM"
		with[id].set(r, "")
		to.Emit()
	}
	return nil
}

// maxPreview is how many bytes of links and titles are kept with one message;
// what comes then is given by itself.
const maxPreview = 64 << 10

// attachments are the media and the previews of messages. What was deleted is
// given by itself.
func attachments(db *sqlite.DB, to *artifact.Sink) map[int64]*attached {
	with := map[int64]*attached{}
	// of finds what belongs to the message of a row; nil for a deleted row.
	of := func(row *sqlite.Row) *attached {
		id := row.Int(0)
		if row.Recovered != "" || id == 0 {
			return nil
		}
		if with[id] == nil {
			with[id] = &attached{}
		}
		return with[id]
	}
	for row := range db.Table("ZWAMEDIAITEM").Rows("ZMESSAGE", "ZMEDIAURL", "ZMEDIALOCALPATH", "ZTITLE", "ZAUTHORNAME") {
		if a := of(row); a != nil && a.url == "" && a.path == "" {
			a.media(row)
			continue
		}
		var lost attached
		lost.media(row)
		lost.emit("ZWAMEDIAITEM", row, to)
	}
	for row := range db.Table("ZWAMESSAGEDATAITEM").Rows("ZMESSAGE", "ZCONTENT1", "ZCONTENT2", "ZMATCHEDTEXT", "ZSUMMARY", "ZTITLE") {
		if a := of(row); a != nil && len(a.links)+len(a.titles) < maxPreview {
			a.preview(row)
			continue
		}
		var lost attached
		lost.preview(row)
		lost.emit("ZWAMESSAGEDATAITEM", row, to)
	}
	return with
}

func (a *attached) media(row *sqlite.Row) {
	a.url, a.path, a.title = row.Text(1), row.Text(2), strings.TrimSpace(row.Text(3)+" "+row.Text(4))
}

func (a *attached) preview(row *sqlite.Row) {
	for i := 1; i <= 3; i++ {
		if s := row.Text(i); s != "" && !strings.Contains(a.links, s) {
			a.links = strings.TrimSpace(a.links + " " + s)
		}
	}
	a.titles = strings.TrimSpace(a.titles + " " + row.Text(5) + " " + row.Text(4))
}

// emit gives what stands by itself, if there is something.
func (a *attached) emit(table string, row *sqlite.Row, to *artifact.Sink) {
	if *a == (attached{}) {
		return
	}
	r := to.Row(table, row, artifact.Named, time.Time{})
	a.set(r, "")
	to.Emit()
}

func (a *attached) set(r *artifact.Record, text string) {
	r.Set("media_url", a.url)
	r.Set("media_path", a.path)
	r.Set("media_title", a.title)
	r.Set("link", a.links)
	r.Set("link_title", a.titles)
	r.Link(a.url)
	for _, s := range []string{a.title, a.titles} {
		r.Links(s)
	}
	for _, link := range strings.Fields(a.links) {
		if !strings.Contains(text, link) {
			r.Links(link)
		}
	}
}
