package ios

import (
	"github.com/ringfence/ringfence/acquisition/sqlite"
	"github.com/ringfence/ringfence/artifact"
)

var firefoxRefs = []string{"https://docs.mvt.re/en/latest/ios/records/",
	"https://github.com/mozilla/application-services/blob/main/components/places/sql/create_shared_schema.sql"}

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "ios.firefox_history",
		Title:  "Firefox's history",
		Kinds:  inPhone,
		Paths:  []string{"**/profile.profile/browser.db", "**/profile.profile/places.db"},
		Refs:   firefoxRefs,
		Fields: [][2]string{{"url", "the page"}, {"title", "its title"}, {"visits", "how often it was visited in all, where that is counted"}, {"from", "the page that led here"}, {"local", "whether this phone visited it, and not another one of the same account"}},
		Parse:  parseFirefoxHistory,
	})
	artifact.Register(artifact.Artifact{
		Name:   "ios.firefox_favicons",
		Title:  "Pages whose icons Firefox kept",
		Kinds:  inPhone,
		Paths:  []string{"**/profile.profile/browser.db"},
		Refs:   firefoxRefs,
		Fields: [][2]string{{"url", "the page; absent where only the icon is known"}, {"icon", "its icon"}},
		Parse:  parseFirefoxFavicons,
	})
}

func parseFirefoxHistory(src *artifact.Source, to *artifact.Sink) error {
	db, err := src.SQLite()
	if err != nil {
		return err
	}
	pages := firefoxPages(db, "history", []string{"url", "title"}, to)
	for row := range db.Table("visits").Rows("siteID", "date", "is_local") {
		r := to.Row("visits", row, artifact.Visited, unixMicros(row.Int(1)))
		pages[row.Int(0)].set(r)
		if !row.Null(2) {
			r.Set("local", row.Int(2) != 0)
		}
		to.Emit()
	}
	// Newer versions keep milliseconds, in places.db.
	pages = firefoxPages(db, "moz_places", []string{"url", "title", "visit_count_local", "visit_count_remote"}, to)
	visits := db.Table("moz_historyvisits")
	from := map[int64]int64{}
	for row := range visits.Rows("place_id") {
		if row.Recovered == "" {
			from[row.ID] = row.Int(0)
		}
	}
	for row := range visits.Rows("place_id", "visit_date", "from_visit", "is_local") {
		r := to.Row("moz_historyvisits", row, artifact.Visited, unixOf(row.Float(1)))
		pages[row.Int(0)].set(r)
		r.Set("from", pages[from[row.Int(2)]].url)
		if !row.Null(3) {
			r.Set("local", row.Int(3) != 0)
		}
		to.Emit()
	}
	return nil
}

// firefoxPages reads a table of pages, and gives the deleted ones.
func firefoxPages(db *sqlite.DB, table string, columns []string, to *artifact.Sink) map[int64]page {
	pages := map[int64]page{}
	for row := range db.Table(table).Rows(columns...) {
		p := page{url: row.Text(0), title: row.Text(1)}
		for i := 2; i < len(columns); i++ {
			p.visits += row.Int(i)
		}
		if row.Recovered == "" {
			pages[row.ID] = p
			continue
		}
		r := to.Row(table, row, artifact.Visited, unixTime(0))
		p.set(r)
		to.Emit()
	}
	return pages
}

func parseFirefoxFavicons(src *artifact.Source, to *artifact.Sink) error {
	db, err := src.SQLite()
	if err != nil {
		return err
	}
	sites := map[int64]string{}
	for row := range db.Table("history").Rows("url") {
		if row.Recovered == "" {
			sites[row.ID] = row.Text(0)
		}
	}
	of := map[int64][]string{} // pages by icon
	for row := range db.Table("favicon_sites").Rows("siteID", "faviconID") {
		if row.Recovered == "" {
			of[row.Int(1)] = append(of[row.Int(1)], sites[row.Int(0)])
		}
	}
	for row := range db.Table("favicon_site_urls").Rows("site_url", "faviconID") {
		if row.Recovered == "" {
			of[row.Int(1)] = append(of[row.Int(1)], row.Text(0))
		}
	}
	for row := range db.Table("favicons").Rows("url", "date") {
		pages := of[row.ID]
		if len(pages) == 0 || row.Recovered != "" {
			pages = []string{""}
		}
		for _, page := range pages {
			r := to.Row("favicons", row, artifact.Visited, unixOf(row.Float(1)))
			setIcon(r, page, row.Text(0))
			to.Emit()
		}
	}
	return nil
}
