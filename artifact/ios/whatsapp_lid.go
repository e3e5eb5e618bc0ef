package ios

import "github.com/ringfence/ringfence/artifact"

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "ios.whatsapp_lid",
		Title:  "WhatsApp: which number stands behind which id (LID.sqlite)",
		Kinds:  inPhone,
		Paths:  []string{"/private/var/mobile/Containers/Shared/AppGroup/*/LID.sqlite"},
		Refs:   []string{"https://docs.mvt.re/en/latest/ios/records/"},
		Fields: [][2]string{{"lid", "the id, as in chats: before \"@lid\""}, {"phone", "the number"}},
		Parse:  parseLIDs,
	})
}

func parseLIDs(src *artifact.Source, to *artifact.Sink) error {
	db, err := src.SQLite()
	if err != nil {
		return err
	}
	for row := range db.Table("ZWAPHONENUMBERLIDPAIR").Rows("ZLID", "ZPHONENUMBER", "ZTIMESTAMP") {
		r := to.Row("ZWAPHONENUMBERLIDPAIR", row, artifact.Named, macTime(row.Float(2)))
		r.Set("lid", row.Text(0))
		r.Set("phone", row.Text(1))
		to.Emit()
	}
	return nil
}
