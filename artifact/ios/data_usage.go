package ios

import (
	"strings"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

var usageFields = [][2]string{
	{"table", "process or live_usage: a program that used the network, or how much one used"},
	{"process", "the program, \"parent/bundle\" for one that works for an app"},
	{"bundle", "the app's bundle id"},
	{"first", "first use"},
	{"last", "last use"},
	{"process_id", "of live_usage: the row of the program"},
	{"process_known", "of live_usage: whether that row is still there"},
	{"wifi_in", "bytes"}, {"wifi_out", "bytes"}, {"wwan_in", "bytes, mobile network"}, {"wwan_out", "bytes, mobile network"},
}

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.data_usage",
		Title: "Programs that used the mobile network (DataUsage.sqlite)",
		Kinds: []acquisition.Kind{acquisition.IOSBackup, acquisition.IOSFileSystem},
		Paths: []string{"/private/var/wireless/Library/Databases/DataUsage.sqlite"},
		Refs: []string{"https://www.amnesty.org/en/latest/research/2021/07/forensic-methodology-report-how-to-catch-nso-groups-pegasus/",
			"https://docs.mvt.re/en/latest/ios/records/"},
		Fields: usageFields,
		Parse:  parseUsage,
	})
	artifact.Register(artifact.Artifact{
		Name:   "ios.net_usage",
		Title:  "Programs that used any network (netusage.sqlite)",
		Kinds:  []acquisition.Kind{acquisition.IOSFileSystem},
		Paths:  []string{"/private/var/networkd/netusage.sqlite", "/private/var/networkd/db/netusage.sqlite"},
		Refs:   []string{"https://docs.mvt.re/en/latest/ios/records/"},
		Fields: usageFields,
		Parse:  parseUsage,
	})
}

// program is a row of ZPROCESS.
type program struct{ name, bundle string }

func parseUsage(src *artifact.Source, to *artifact.Sink) error {
	db, err := src.SQLite()
	if err != nil {
		return err
	}
	programs := map[int64]program{}
	for row := range db.Table("ZPROCESS").Rows("ZPROCNAME", "ZBUNDLENAME", "ZFIRSTTIMESTAMP", "ZTIMESTAMP") {
		p := program{row.Text(0), row.Text(1)}
		if row.Recovered == "" {
			programs[row.ID] = p
		}
		last := macTime(row.Float(3))
		r := to.Row("ZPROCESS", row, artifact.Ran, last)
		r.Set("table", "process")
		p.set(r)
		r.Set("first", macTime(row.Float(2)))
		r.Set("last", last)
		to.Emit()
	}
	for row := range db.Table("ZLIVEUSAGE").Rows("ZHASPROCESS", "ZTIMESTAMP", "ZWIFIIN", "ZWIFIOUT", "ZWWANIN", "ZWWANOUT") {
		p, known := programs[row.Int(0)]
		r := to.Row("ZLIVEUSAGE", row, artifact.Ran, macTime(row.Float(1)))
		r.Set("table", "live_usage")
		p.set(r)
		r.Set("process_id", row.Int(0))
		r.Set("process_known", known)
		for i, name := range []string{"wifi_in", "wifi_out", "wwan_in", "wwan_out"} {
			if !row.Null(2 + i) {
				r.Set(name, row.Int(2+i))
			}
		}
		to.Emit()
	}
	return nil
}

// set writes and observes a program: what stands before a slash is the program
// that did the work, what stands behind it for whom.
func (p program) set(r *artifact.Record) {
	r.Set("process", p.name)
	r.Set("bundle", p.bundle)
	if strings.HasPrefix(p.name, "/") {
		r.Observe(indicator.Process, p.name)
		r.Observe(indicator.FilePath, p.name)
	} else {
		name, other, _ := strings.Cut(p.name, "/")
		r.Observe(indicator.Process, name)
		if other != p.bundle {
			r.Observe(indicator.Process, other)
		}
	}
	r.Observe(indicator.App, p.bundle)
}
