package ios

import (
	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "ios.chrome_history",
		Title:  "Chrome's history",
		Kinds:  []acquisition.Kind{acquisition.IOSBackup, acquisition.IOSFileSystem},
		Paths:  []string{"/private/var/mobile/Containers/Data/Application/*/Library/Application Support/Google/Chrome/*/History"},
		Refs:   []string{"https://docs.mvt.re/en/latest/ios/records/", "https://chromium.googlesource.com/chromium/src/+/main/components/history/core/browser/visit_database.cc"},
		Fields: [][2]string{{"url", "the page"}, {"title", "its title"}, {"visits", "how often it was visited in all"}, {"from", "the page that led here"}},
		Parse:  parseChromeHistory,
	})
	artifact.Register(artifact.Artifact{
		Name:   "ios.chrome_favicons",
		Title:  "Pages whose icons Chrome kept",
		Kinds:  []acquisition.Kind{acquisition.IOSBackup, acquisition.IOSFileSystem},
		Paths:  []string{"/private/var/mobile/Containers/Data/Application/*/Library/Application Support/Google/Chrome/*/Favicons"},
		Refs:   []string{"https://docs.mvt.re/en/latest/ios/records/"},
		Fields: [][2]string{{"url", "the page; absent where only a deleted icon is left"}, {"icon", "its icon"}},
		Parse:  parseChromeFavicons,
	})
}

// page is a row of a browser's table of pages.
type page struct {
	url, title string
	visits     int64
}

func parseChromeHistory(src *artifact.Source, to *artifact.Sink) error {
	db, err := src.SQLite()
	if err != nil {
		return err
	}
	pages := map[int64]page{}
	for row := range db.Table("urls").Rows("url", "title", "visit_count") {
		p := page{row.Text(0), row.Text(1), row.Int(2)}
		if row.Recovered == "" {
			pages[row.ID] = p
			continue
		}
		r := to.Row("urls", row, artifact.Visited, webKitTime(0))
		p.set(r)
		to.Emit()
	}
	from := map[int64]int64{}
	for row := range db.Table("visits").Rows("url") {
		if row.Recovered == "" {
			from[row.ID] = row.Int(0)
		}
	}
	for row := range db.Table("visits").Rows("url", "visit_time", "from_visit") {
		r := to.Row("visits", row, artifact.Visited, webKitTime(row.Int(1)))
		pages[row.Int(0)].set(r)
		r.Set("from", pages[from[row.Int(2)]].url)
		to.Emit()
	}
	return nil
}

func (p page) set(r *artifact.Record) {
	r.Set("url", p.url)
	r.Set("title", p.title)
	if p.visits != 0 {
		r.Set("visits", p.visits)
	}
	r.Link(p.url)
}

func parseChromeFavicons(src *artifact.Source, to *artifact.Sink) error {
	db, err := src.SQLite()
	if err != nil {
		return err
	}
	icons, times := map[int64]string{}, map[int64]int64{}
	for row := range db.Table("favicons").Rows("url") {
		if row.Recovered == "" {
			icons[row.ID] = row.Text(0)
			continue
		}
		r := to.Row("favicons", row, artifact.Visited, webKitTime(0))
		setIcon(r, "", row.Text(0))
		to.Emit()
	}
	for row := range db.Table("favicon_bitmaps").Rows("icon_id", "last_updated") {
		if row.Recovered == "" {
			times[row.Int(0)] = max(times[row.Int(0)], row.Int(1))
		}
	}
	for row := range db.Table("icon_mapping").Rows("page_url", "icon_id") {
		r := to.Row("icon_mapping", row, artifact.Visited, webKitTime(times[row.Int(1)]))
		setIcon(r, row.Text(0), icons[row.Int(1)])
		to.Emit()
	}
	return nil
}
