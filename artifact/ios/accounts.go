package ios

import (
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.accounts",
		Title: "Accounts set up on the phone (Accounts3.sqlite)",
		Kinds: inPhone,
		Paths: []string{"/private/var/mobile/Library/Accounts/Accounts3.sqlite", "/private/var/mobile/Library/Accounts/VerifiedBackup/Accounts3.sqlite"},
		Refs:  []string{"https://github.com/abrignoni/iLEAPP", "https://theapplewiki.com/wiki/Filesystem:/var/mobile/Library"},
		Fields: [][2]string{
			{"username", "the account's name"}, {"description", "what the person called it"}, {"type", "what it is an account of, com.apple.account.IMAP and so on"},
			{"service", "the same in words"}, {"app", "the app or program that made it"}, {"id", "the account's id"},
			{"active", "whether it is in use"}, {"authenticated", "whether the phone is signed in"},
		},
		Parse: parseAccounts,
	})
}

func parseAccounts(src *artifact.Source, to *artifact.Sink) error {
	db, err := src.SQLite()
	if err != nil {
		return err
	}
	types := map[int64][2]string{}
	for row := range db.Table("ZACCOUNTTYPE").Rows("ZIDENTIFIER", "ZACCOUNTTYPEDESCRIPTION") {
		if row.Recovered == "" {
			types[row.ID] = [2]string{row.Text(0), row.Text(1)}
		}
	}
	for row := range db.Table("ZACCOUNT").Rows("ZUSERNAME", "ZACCOUNTDESCRIPTION", "ZACCOUNTTYPE", "ZOWNINGBUNDLEID", "ZIDENTIFIER", "ZACTIVE", "ZAUTHENTICATED", "ZDATE") {
		r := to.Row("ZACCOUNT", row, artifact.Configured, macTime(row.Float(7)))
		username, of := row.Text(0), types[row.Int(2)]
		r.Set("username", username)
		r.Set("description", row.Text(1))
		r.Set("type", of[0])
		r.Set("service", of[1])
		r.Set("app", row.Text(3))
		r.Set("id", row.Text(4))
		if !row.Null(5) {
			r.Set("active", row.Int(5) != 0)
		}
		if !row.Null(6) {
			r.Set("authenticated", row.Int(6) != 0)
		}
		if isMail(username) {
			r.Observe(indicator.Email, username)
		}
		r.Observe(indicator.App, row.Text(3))
		to.Emit()
	}
	return nil
}
