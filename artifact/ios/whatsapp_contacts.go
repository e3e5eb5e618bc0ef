package ios

import (
	"strings"

	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.whatsapp_contacts",
		Title: "WhatsApp: contacts (ContactsV2.sqlite)",
		Kinds: inPhone,
		Paths: []string{"/private/var/mobile/Containers/Shared/AppGroup/*/ContactsV2.sqlite"},
		Refs:  []string{"https://docs.mvt.re/en/latest/ios/records/", "https://www.group-ib.com/blog/whatsapp-forensic-artifacts/"},
		Fields: [][2]string{
			{"name", "the contact's name"}, {"username", "its name in WhatsApp"}, {"business", "its name as a business"},
			{"phone", "its number"}, {"id", "its id in WhatsApp"}, {"lid", "its id that hides the number"},
			{"about", "what it says of itself"}, {"about_set", "when it did"}, {"about_until", "until when that stands"}, {"note", "what was noted of it"},
			{"disappearing_seconds", "after how long messages vanish by default"}, {"disappearing_set", "when that was set"},
			{"updated", "when the contact was last looked up"},
		},
		Parse: parseWhatsAppContacts,
	})
}

func parseWhatsAppContacts(src *artifact.Source, to *artifact.Sink) error {
	db, err := src.SQLite()
	if err != nil {
		return err
	}
	for row := range db.Table("ZWAADDRESSBOOKCONTACT").Rows("ZFULLNAME", "ZUSERNAME", "ZBUSINESSNAME", "ZPHONENUMBER", "ZWHATSAPPID", "ZLID", "ZABOUTTEXT", "ZNOTES",
		"ZABOUTTIMESTAMP", "ZABOUTEXPIRATIONTIMESTAMP", "ZDISAPPEARINGMODEDURATION", "ZDISAPPEARINGMODETIMESTAMP", "ZLASTUPDATED", "ZABOUTEMOJI") {
		updated := macTime(row.Float(12))
		r := to.Row("ZWAADDRESSBOOKCONTACT", row, artifact.Named, updated)
		about := strings.TrimSpace(row.Text(13) + " " + row.Text(6))
		for i, name := range []string{"name", "username", "business", "phone", "id", "lid"} {
			r.Set(name, row.Text(i))
		}
		r.Set("about", about)
		r.Set("about_set", macTime(row.Float(8)))
		r.Set("about_until", macTime(row.Float(9)))
		r.Set("note", row.Text(7))
		if row.Float(10) != 0 {
			r.Set("disappearing_seconds", row.Float(10))
			r.Set("disappearing_set", macTime(row.Float(11)))
		}
		r.Set("updated", updated)
		r.Links(about)
		r.Links(row.Text(7))
		to.Emit()
	}
	return nil
}
