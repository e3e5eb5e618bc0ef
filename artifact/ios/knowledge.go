package ios

import (
	"strings"

	"github.com/ringfence/ringfence/acquisition/sqlite"
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.knowledge",
		Title: "Use of apps and pages (knowledgeC.db)",
		Kinds: inPhone,
		Paths: []string{"/private/var/mobile/Library/CoreDuet/Knowledge/knowledgeC.db", "/private/var/db/CoreDuet/Knowledge/knowledgeC.db"},
		Refs:  []string{"https://www.mac4n6.com/blog/2018/8/5/knowledge-is-power-using-the-knowledgecdb-database-on-macos-and-ios-to-determine-precise-user-and-application-usage", "https://github.com/mac4n6/APOLLO"},
		Fields: [][2]string{
			{"stream", "what was noted: /app/inFocus, /app/webUsage and so on"}, {"value", "of what: an app, an address"}, {"number", "or how much"},
			{"end", "until when"}, {"created", "when it was noted"}, {"source", "the app that noted it"}, {"url", "the page"}, {"domain", "its site"}, {"title", "its title"},
		},
		Parse: parseKnowledge,
	})
}

// knownPage is what the metadata of an event say of a page.
type knownPage struct{ url, domain, title string }

// knowledgePages are the columns of a page's address, then of its site, then of
// its title.
var knowledgePages = []string{"Z_DKDIGITALHEALTHMETADATAKEY__WEBPAGEURL", "Z_DKAPPLICATIONACTIVITYMETADATAKEY__ITEMRELATEDCONTENTURL",
	"Z_DKAPPMEDIAUSAGEMETADATAKEY__MEDIAURL", "Z_DKAPPMEDIAUSAGEMETADATAKEY__URL",
	"Z_DKDIGITALHEALTHMETADATAKEY__WEBDOMAIN", "Z_DKSAFARIHISTORYMETADATAKEY__TITLE", "Z_DKAPPLICATIONACTIVITYMETADATAKEY__TITLE"}

func parseKnowledge(src *artifact.Source, to *artifact.Sink) error {
	db, err := src.SQLite()
	if err != nil {
		return err
	}
	pages := knownPages(db)
	sources := map[int64]string{}
	for row := range db.Table("ZSOURCE").Rows("ZBUNDLEID") {
		if row.Recovered == "" {
			sources[row.ID] = row.Text(0)
		}
	}
	for row := range db.Table("ZOBJECT").Rows("ZSTREAMNAME", "ZVALUESTRING", "ZVALUEINTEGER", "ZSTARTDATE", "ZENDDATE", "ZCREATIONDATE", "ZSTRUCTUREDMETADATA", "ZSOURCE") {
		stream, value := row.Text(0), row.Text(1)
		r := to.Row("ZOBJECT", row, knowledgeAct(stream), macTime(row.Float(3)))
		r.Set("stream", stream)
		r.Set("value", value)
		if value == "" && !row.Null(2) {
			r.Set("number", row.Int(2))
		}
		if end := macTime(row.Float(4)); !end.Equal(r.Time) {
			r.Set("end", end)
		}
		r.Set("created", macTime(row.Float(5)))
		r.Set("source", sources[row.Int(7)])
		switch {
		case strings.Contains(value, "://"):
			r.Link(value)
		case strings.Contains(value, ".") && !strings.Contains(value, " "):
			r.Observe(indicator.App, value)
		}
		if p, ok := pages[row.Int(6)]; ok {
			r.Set("url", p.url)
			r.Set("domain", p.domain)
			r.Set("title", p.title)
			if strings.Contains(p.url, "://") {
				r.Link(p.url)
			}
			if p.domain != "" {
				r.Host(p.domain)
			}
		}
		to.Emit()
	}
	return nil
}

// knowledgeAct is what an event of a stream says happened.
func knowledgeAct(stream string) artifact.Act {
	switch stream {
	case "/app/webUsage", "/safari/history":
		return artifact.Visited
	case "/app/install":
		return artifact.Installed
	case "/app/inFocus", "/app/usage", "/app/mediaUsage", "/app/activity":
		return artifact.Ran
	}
	return artifact.Named
}

// knownPages reads the pages among the metadata of events.
func knownPages(db *sqlite.DB) map[int64]knownPage {
	pages := map[int64]knownPage{}
	for row := range db.Table("ZSTRUCTUREDMETADATA").Rows(knowledgePages...) {
		if row.Recovered != "" {
			continue
		}
		var p knownPage
		for i := range 4 {
			if p.url == "" {
				p.url = row.Text(i)
			}
		}
		p.domain = row.Text(4)
		if p.title = row.Text(5); p.title == "" {
			p.title = row.Text(6)
		}
		if p != (knownPage{}) {
			pages[row.ID] = p
		}
	}
	return pages
}
