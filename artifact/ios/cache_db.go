package ios

import (
	"time"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "ios.cache_db",
		Title:  "Addresses that apps fetched (Cache.db of each app)",
		Kinds:  []acquisition.Kind{acquisition.IOSBackup, acquisition.IOSFileSystem},
		Paths:  []string{"**/Cache.db"},
		Refs:   []string{"https://docs.mvt.re/en/latest/ios/records/", "https://www.sans.org/blog/a-few-interesting-ios-forensic-artefacts/"},
		Fields: [][2]string{{"url", "the address"}, {"partition", "for which site it was fetched"}},
		Parse:  parseCache,
	})
}

func parseCache(src *artifact.Source, to *artifact.Sink) error {
	db, err := src.SQLite()
	if err != nil {
		return err
	}
	for row := range db.Table("cfurl_cache_response").Rows("request_key", "time_stamp", "partition") {
		at, err := time.Parse(time.DateTime, row.Text(1))
		if err != nil {
			at = macTime(row.Float(1))
		}
		r := to.Row("cfurl_cache_response", row, artifact.Contacted, at.UTC())
		r.Set("url", row.Text(0))
		r.Set("partition", row.Text(2))
		r.Link(row.Text(0))
		to.Emit()
	}
	return nil
}
