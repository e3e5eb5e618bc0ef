package ios

import (
	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.webkit_resource_load_statistics",
		Title: "Sites that apps loaded (WebKit's observations.db)",
		Kinds: []acquisition.Kind{acquisition.IOSBackup, acquisition.IOSFileSystem},
		Paths: []string{"**/ResourceLoadStatistics/observations.db"},
		Refs:  []string{"https://docs.mvt.re/en/latest/ios/records/", "https://github.com/WebKit/WebKit/blob/main/Source/WebKit/NetworkProcess/Classifier/ResourceLoadStatisticsStore.cpp"},
		Since: "iOS 14",
		Fields: [][2]string{
			{"domain", "the site, without sub-domains"},
			{"interaction", "whether the person did something on it"},
			{"last_interaction", "when"},
		},
		Parse: parseObservations,
	})
}

func parseObservations(src *artifact.Source, to *artifact.Sink) error {
	db, err := src.SQLite()
	if err != nil {
		return err
	}
	for row := range db.Table("ObservedDomains").Rows("registrableDomain", "lastSeen", "hadUserInteraction", "mostRecentUserInteractionTime") {
		r := to.Row("ObservedDomains", row, artifact.Visited, unixTime(row.Float(1)))
		r.Set("domain", row.Text(0))
		r.Set("interaction", row.Int(2) != 0)
		if at := row.Float(3); at > 0 {
			r.Set("last_interaction", unixTime(at))
		}
		r.Host(row.Text(0))
		to.Emit()
	}
	return nil
}
