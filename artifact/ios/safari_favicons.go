package ios

import "github.com/ringfence/ringfence/artifact"

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.safari_favicons",
		Title: "Pages whose icons Safari kept or refused",
		Kinds: inPhone,
		Paths: []string{"/private/var/mobile/Library/Image Cache/Favicons/Favicons.db",
			"/private/var/mobile/Containers/Data/Application/*/Library/Image Cache/Favicons/Favicons.db",
			"/private/var/mobile/Library/Safari/WebpageIcons.db"},
		Refs: []string{"https://docs.mvt.re/en/latest/ios/records/"},
		Fields: [][2]string{
			{"url", "the page"}, {"icon", "its icon"}, {"rejected", "whether Safari refused the icon"},
		},
		Parse: parseSafariFavicons,
	})
}

func parseSafariFavicons(src *artifact.Source, to *artifact.Sink) error {
	db, err := src.SQLite()
	if err != nil {
		return err
	}
	type icon struct {
		url string
		at  float64
	}
	icons := map[string]icon{}
	for row := range db.Table("icon_info").Rows("uuid", "url", "timestamp") {
		if row.Recovered == "" {
			icons[row.Text(0)] = icon{row.Text(1), row.Float(2)}
		}
	}
	for row := range db.Table("page_url").Rows("uuid", "url") {
		i := icons[row.Text(0)]
		r := to.Row("page_url", row, artifact.Visited, macTime(i.at))
		setIcon(r, row.Text(1), i.url)
		to.Emit()
	}
	for row := range db.Table("rejected_resources").Rows("page_url", "icon_url", "timestamp") {
		r := to.Row("rejected_resources", row, artifact.Visited, macTime(row.Float(2)))
		setIcon(r, row.Text(0), row.Text(1))
		r.Set("rejected", true)
		to.Emit()
	}
	// The database of older systems counts seconds since 1970.
	old := map[int64]icon{}
	for row := range db.Table("IconInfo").Rows("iconID", "url", "stamp") {
		if row.Recovered == "" {
			old[row.Int(0)] = icon{row.Text(1), row.Float(2)}
		}
	}
	for row := range db.Table("PageURL").Rows("url", "iconID") {
		i := old[row.Int(1)]
		r := to.Row("PageURL", row, artifact.Visited, unixTime(i.at))
		setIcon(r, row.Text(0), i.url)
		to.Emit()
	}
	return nil
}

func setIcon(r *artifact.Record, page, icon string) {
	r.Set("url", page)
	r.Set("icon", icon)
	r.Link(page)
	r.Link(icon)
}
