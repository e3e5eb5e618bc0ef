package ios

import (
	"strings"

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
		}
	}
	with := attachments(db)
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
		if a := with[row.ID]; a != nil && row.ID != 0 {
			a.set(r, text)
		}
		to.Emit()
	}
	return nil
}

// attachments are the media and the previews of messages.
func attachments(db *sqlite.DB) map[int64]*attached {
	with := map[int64]*attached{}
	of := func(id int64) *attached {
		if with[id] == nil {
			with[id] = &attached{}
		}
		return with[id]
	}
	for row := range db.Table("ZWAMEDIAITEM").Rows("ZMESSAGE", "ZMEDIAURL", "ZMEDIALOCALPATH", "ZTITLE", "ZAUTHORNAME") {
		if row.Recovered == "" && row.Int(0) != 0 {
			a := of(row.Int(0))
			a.url, a.path, a.title = row.Text(1), row.Text(2), strings.TrimSpace(row.Text(3)+" "+row.Text(4))
		}
	}
	for row := range db.Table("ZWAMESSAGEDATAITEM").Rows("ZMESSAGE", "ZCONTENT1", "ZCONTENT2", "ZMATCHEDTEXT", "ZSUMMARY", "ZTITLE") {
		if row.Recovered != "" || row.Int(0) == 0 {
			continue
		}
		a := of(row.Int(0))
		for i := 1; i <= 3; i++ {
			if s := row.Text(i); s != "" && !strings.Contains(a.links, s) {
				a.links = strings.TrimSpace(a.links + " " + s)
			}
		}
		a.titles = strings.TrimSpace(a.titles + " " + row.Text(5) + " " + row.Text(4))
	}
	return with
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
