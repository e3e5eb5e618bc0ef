package ios

import (
	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.safari_history",
		Title: "Safari's history, with redirects",
		Kinds: []acquisition.Kind{acquisition.IOSBackup, acquisition.IOSFileSystem},
		Paths: []string{"/private/var/mobile/Library/Safari/History.db", "/private/var/mobile/Library/Safari/Profiles/*/History.db",
			"/private/var/mobile/Containers/Data/Application/*/Library/Safari/History.db"},
		Refs: []string{"https://docs.mvt.re/en/latest/ios/records/", "https://www.amnesty.org/en/latest/research/2021/07/forensic-methodology-report-how-to-catch-nso-groups-pegasus/"},
		Fields: [][2]string{
			{"url", "the page"}, {"title", "its title"}, {"visits", "how often the page was visited in all"},
			{"redirect_from", "the page that led here by itself"}, {"redirect_to", "the page that this one led to by itself"}, {"redirect_after", "seconds until then"},
		},
		Parse: parseSafariHistory,
	})
}

// visit is what the other end of a redirect needs of a visit.
type visit struct {
	item int64
	at   float64
}

func parseSafariHistory(src *artifact.Source, to *artifact.Sink) error {
	db, err := src.SQLite()
	if err != nil {
		return err
	}
	urls, counts := map[int64]string{}, map[int64]int64{}
	for row := range db.Table("history_items").Rows("url", "visit_count") {
		if row.Recovered != "" {
			r := to.Row("history_items", row, artifact.Visited, macTime(0))
			r.Set("url", row.Text(0))
			r.Link(row.Text(0))
			to.Emit()
			continue
		}
		urls[row.ID], counts[row.ID] = row.Text(0), row.Int(1)
	}
	visits := map[int64]visit{}
	table := db.Table("history_visits")
	for row := range table.Rows("history_item", "visit_time", "redirect_source", "redirect_destination") {
		if row.Recovered == "" && (row.Int(2) != 0 || row.Int(3) != 0) { // only these are looked up
			visits[row.Int(2)], visits[row.Int(3)] = visit{}, visit{}
		}
	}
	delete(visits, 0)
	for row := range table.Rows("history_item", "visit_time") {
		if _, wanted := visits[row.ID]; wanted && row.Recovered == "" {
			visits[row.ID] = visit{row.Int(0), row.Float(1)}
		}
	}
	for row := range table.Rows("history_item", "visit_time", "redirect_source", "redirect_destination", "title") {
		at := row.Float(1)
		r := to.Row("history_visits", row, artifact.Visited, macTime(at))
		url := urls[row.Int(0)]
		r.Set("url", url)
		r.Set("title", row.Text(4))
		r.Set("visits", counts[row.Int(0)])
		if source, ok := visits[row.Int(2)]; ok {
			r.Set("redirect_from", urls[source.item])
		}
		if destination, ok := visits[row.Int(3)]; ok && urls[destination.item] != "" {
			r.Set("redirect_to", urls[destination.item])
			r.Set("redirect_after", destination.at-at)
		}
		r.Link(url)
		to.Emit()
	}
	return nil
}
