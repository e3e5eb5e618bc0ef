package ios

import (
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.tcc",
		Title: "Permissions: who may use microphone, camera, contacts and more (TCC.db)",
		Kinds: []acquisition.Kind{acquisition.IOSBackup, acquisition.IOSFileSystem, acquisition.IOSSysdiagnose},
		Paths: []string{"/private/var/mobile/Library/TCC/TCC.db", "/private/var/root/Library/TCC/TCC.db", "**/logs/Accessibility/TCC.db"},
		Refs:  []string{"https://docs.mvt.re/en/latest/ios/records/", "https://www.rainforestqa.com/blog/macos-tcc-db-deep-dive"},
		Fields: [][2]string{
			{"service", "what may be used: kTCCServiceMicrophone and so on"},
			{"client", "the app, or a program's path"},
			{"allowed", "denied, unknown, allowed or limited; a number that is none of these as it stands"},
			{"reason", "how that came about, a number"},
		},
		Parse: parseTCC,
	})
}

// grants are the values of auth_value; before iOS 14 the column allowed held
// 0 or 1.
var grants = map[int64]string{0: "denied", 1: "unknown", 2: "allowed", 3: "limited"}

// grant names a value, or gives the number of one that is not known.
func grant(value int64) string {
	if name, known := grants[value]; known {
		return name
	}
	return strconv.FormatInt(value, 10)
}

func parseTCC(src *artifact.Source, to *artifact.Sink) error {
	db, err := src.SQLite()
	if err != nil {
		return err
	}
	access := db.Table("access")
	for row := range access.Rows("service", "client", "auth_value", "allowed", "auth_reason", "last_modified", "client_type") {
		r := to.Row("access", row, artifact.Configured, unixTime(row.Float(5)))
		client := row.Text(1)
		r.Set("service", row.Text(0))
		r.Set("client", client)
		switch {
		case !row.Null(2):
			r.Set("allowed", grant(row.Int(2)))
		case !row.Null(3):
			r.Set("allowed", grant(2*row.Int(3)))
		}
		if !row.Null(4) {
			r.Set("reason", row.Int(4))
		}
		if strings.HasPrefix(client, "/") {
			r.Observe(indicator.Process, client)
			r.Observe(indicator.FilePath, client)
		} else {
			r.Observe(indicator.App, client)
			r.Observe(indicator.Process, client)
		}
		to.Emit()
	}
	return nil
}
