package ios

import "github.com/ringfence/ringfence/artifact"

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.safari_bookmarks",
		Title: "Safari's bookmarks and reading list (Bookmarks.db)",
		Kinds: inPhone,
		Paths: []string{"/private/var/mobile/Library/Safari/Bookmarks.db", "/private/var/mobile/Library/Safari/Profiles/*/Bookmarks.db",
			"/private/var/mobile/Containers/Data/Application/*/Library/Safari/Bookmarks.db"},
		Refs: []string{"https://github.com/abrignoni/iLEAPP/blob/main/scripts/artifacts/safariBookmarks.py"},
		Fields: [][2]string{
			{"url", "the page"}, {"title", "its title"}, {"folder", "the folder it stands in"}, {"changed", "when it was last changed"},
			{"read", "of the reading list: whether it was read"}, {"hidden", "whether Safari does not show it"},
		},
		Parse: parseSafariBookmarks,
	})
}

func parseSafariBookmarks(src *artifact.Source, to *artifact.Sink) error {
	db, err := src.SQLite()
	if err != nil {
		return err
	}
	folders := map[int64]string{}
	for row := range db.Table("bookmarks").Rows("type", "title") {
		const folder = 1
		if row.Recovered == "" && row.Int(0) == folder {
			folders[row.ID] = row.Text(1)
		}
	}
	for row := range db.Table("bookmarks").Rows("url", "title", "parent", "last_modified", "read", "hidden") {
		url := row.Text(0)
		if url == "" { // a folder
			continue
		}
		changed := macTime(row.Float(3))
		r := to.Row("bookmarks", row, artifact.Named, changed)
		r.Set("url", url)
		r.Set("title", row.Text(1))
		r.Set("folder", folders[row.Int(2)])
		r.Set("changed", changed)
		if row.Int(4) != 0 {
			r.Set("read", true)
		}
		if row.Int(5) != 0 {
			r.Set("hidden", true)
		}
		r.Link(url)
		to.Emit()
	}
	return nil
}
