package ios

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/ringfence/ringfence/acquisition/sqlite"
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.powerlog",
		Title: "Programs that used power, processor and network (PLSQL)",
		Kinds: inLogs,
		Paths: []string{"**/*.PLSQL", "**/*.PLSQL.gz"},
		Refs:  []string{"https://doubleblak.com/blogPost.php?k=powerlog", "https://github.com/mac4n6/APOLLO"},
		Fields: [][2]string{
			{"process", "the program"}, {"bundle", "the app it belongs to"}, {"service", "the name it is started by"}, {"executable", "an app's program"}, {"name", "an app's name"},
			{"version", "an app's version"}, {"pid", "its process id"}, {"end", "until when"}, {"deleted", "when the app was removed"},
			{"wifi_in", "bytes"}, {"wifi_out", "bytes"}, {"wwan_in", "bytes, mobile network"}, {"wwan_out", "bytes, mobile network"},
		},
		Parse: parsePowerlog,
	})
}

// maxUnpacked is how many bytes of a packed log are read.
const maxUnpacked = 64 << 20

var errUnpacked = errors.New("the log is larger than what is unpacked; the rest was left out")

// powerlogTables are how the names of the tables begin that name programs.
var powerlogTables = []string{"PLProcessMonitorAgent_", "PLApplicationAgent_", "PLProcessNetworkAgent_", "PLCoalitionAgent_", "PLAppTimeService_"}

// Columns of these tables; each table has some of them.
var powerlogColumns = []string{"timestamp", "FK_ID", "timestampEnd", "ProcessName", "BundleName", "BundleID", "AppBundleId", "Identifier", "LaunchdName", "AppExecutable", "AppName",
	"AppBundleVersion", "PID", "AppDeletedDate", "WifiIn", "WifiOut", "CellIn", "CellOut"}

const (
	powerTime = iota
	powerOf
	powerEnd
	powerProcess
	powerBundle  // the first of four columns
	powerService = iota + 3
	powerExecutable
	powerName
	powerVersion
	powerPID
	powerDeleted
	powerWifiIn
)

func parsePowerlog(src *artifact.Source, to *artifact.Sink) error {
	if !strings.HasSuffix(src.Path, ".gz") {
		return powerlog(src, to)
	}
	r, err := gzip.NewReader(src.Reader())
	if err != nil {
		return err
	}
	b, err := io.ReadAll(io.LimitReader(r, maxUnpacked+1))
	switch {
	case len(b) > maxUnpacked:
		b = b[:maxUnpacked]
		to.Damage(fmt.Sprintf("from byte %d on", maxUnpacked), errUnpacked)
	case err != nil:
		to.Damage(fmt.Sprintf("from byte %d on", len(b)), err)
	}
	unpacked := &artifact.Source{File: src.File, Kind: src.Kind, Device: src.Device, Content: memory{bytes.NewReader(b)}}
	err = powerlog(unpacked, to)
	unpacked.Finish(to)
	return err
}

// memory is a file that was unpacked.
type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

func powerlog(src *artifact.Source, to *artifact.Sink) error {
	db, err := src.SQLite()
	if err != nil {
		return err
	}
	clock := newPowerClock(db)
	for _, table := range db.Tables() {
		of := func(prefix string) bool {
			return len(table.Name) >= len(prefix) && strings.EqualFold(table.Name[:len(prefix)], prefix)
		}
		if !slices.ContainsFunc(powerlogTables, of) {
			continue
		}
		times := powerTimes(db, table.Name)
		for row := range table.Rows(powerlogColumns...) {
			at := [2]float64{row.Float(powerTime), row.Float(powerEnd)}
			if at[0] == 0 {
				at = times[row.Int(powerOf)]
			}
			powerRow(table.Name, row, to, clock.at(at[0]), clock.at(at[1]))
		}
	}
	return nil
}

// powerTimes are the times of the rows of a table NAME_Dynamic, which stand in
// the table NAME; none for other tables.
func powerTimes(db *sqlite.DB, table string) map[int64][2]float64 {
	main, is := strings.CutSuffix(table, "_Dynamic")
	if !is {
		return nil
	}
	times := map[int64][2]float64{}
	for row := range db.Table(main).Rows("timestamp", "timestampEnd") {
		if row.Recovered == "" {
			times[row.ID] = [2]float64{row.Float(0), row.Float(1)}
		}
	}
	return times
}

// powerRow gives a row that names a program.
func powerRow(table string, row *sqlite.Row, to *artifact.Sink, at, end time.Time) {
	process, service, executable := row.Text(powerProcess), row.Text(powerService), row.Text(powerExecutable)
	bundle := ""
	for i := powerBundle; i < powerService && bundle == ""; i++ {
		bundle = row.Text(i)
	}
	if process == "" && service == "" && executable == "" && bundle == "" {
		return
	}
	act := artifact.Ran
	if executable != "" || strings.Contains(table, "EventNone") || strings.Contains(table, "Uninstall") {
		act = artifact.Installed // lists of apps
	}
	r := to.Row(table, row, act, at)
	r.Set("process", process)
	r.Set("bundle", bundle)
	r.Set("service", service)
	r.Set("executable", executable)
	r.Set("name", row.Text(powerName))
	r.Set("version", row.Text(powerVersion))
	if !row.Null(powerPID) {
		r.Set("pid", row.Int(powerPID))
	}
	r.Set("end", end)
	r.Set("deleted", unixTime(row.Float(powerDeleted)))
	for i, name := range []string{"wifi_in", "wifi_out", "wwan_in", "wwan_out"} {
		if !row.Null(powerWifiIn + i) {
			r.Set(name, row.Int(powerWifiIn+i))
		}
	}
	for _, name := range []string{process, service, executable} {
		r.Observe(indicator.Process, name)
		if strings.HasPrefix(name, "/") {
			r.Observe(indicator.FilePath, name)
		}
	}
	r.Observe(indicator.App, bundle)
	to.Emit()
}

// powerClock corrects the times of a power log: they are of a clock of its own,
// and PLStorageOperator_EventForward_TimeOffset says now and then by how much
// it is off.
type powerClock []struct{ from, off float64 }

func newPowerClock(db *sqlite.DB) powerClock {
	var c powerClock
	for row := range db.Table("PLStorageOperator_EventForward_TimeOffset").Rows("timestamp", "system") {
		if row.Recovered == "" {
			c = append(c, struct{ from, off float64 }{row.Float(0), row.Float(1)})
		}
	}
	sort.SliceStable(c, func(i, j int) bool { return c[i].from < c[j].from })
	return c
}

// at is the time that a number stands for: the latest offset at or before it
// counts, or else the first one.
func (c powerClock) at(n float64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	if len(c) > 0 {
		i := sort.Search(len(c), func(i int) bool { return c[i].from > n })
		n += c[max(i-1, 0)].off
	}
	return unixTime(n)
}
