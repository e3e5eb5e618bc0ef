// Package android holds the artifacts of Android: what a bugreport, androidqf,
// an .ab backup and the intrusion log say about a phone, one file each.
package android

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

var (
	dumps     = []acquisition.Kind{acquisition.AndroidBugreport, acquisition.AndroidQF}
	bugreport = []acquisition.Kind{acquisition.AndroidBugreport}
	aqf       = []acquisition.Kind{acquisition.AndroidQF}
	backup    = []acquisition.Kind{acquisition.AndroidBackup}
	intrusion = []acquisition.Kind{acquisition.AndroidIntrusionLogs}
)

// dumpsys gives the paths of a service's dump, and of its repeats.
func dumpsys(service string) []string {
	return []string{"/dumpsys/" + service, "/dumpsys/" + service + "#*"}
}

// dumpstate gives the paths of dumpstate's sections, and of their repeats.
func dumpstate(titles ...string) []string {
	var paths []string
	for _, t := range titles {
		paths = append(paths, "/dumpstate/"+t, "/dumpstate/"+t+"#*")
	}
	return paths
}

// dump is one text that is read line by line: a section of a dump, or a file.
type dump struct {
	*artifact.Source
	to      *artifact.Sink
	section string
	line    artifact.Line
	faults  faults
	err     error
}

func newDump(src *artifact.Source, to *artifact.Sink) *dump {
	section, found := strings.CutPrefix(src.Path, "/dumpsys/")
	if !found {
		section, found = strings.CutPrefix(src.Path, "/dumpstate/")
	}
	if !found {
		section = "" // a file of its own
	}
	return &dump{Source: src, to: to, section: section, faults: faults{to: to}}
}

// lines gives the lines; afterwards end tells what was wrong with them.
func (d *dump) lines() iter.Seq[string] {
	return func(yield func(string) bool) {
		for b := range d.raw() {
			if !yield(string(b)) {
				return
			}
		}
	}
}

// raw is lines without a copy: each is only valid until the next.
func (d *dump) raw() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for l, err := range d.Lines() {
			if err != nil {
				d.err = err
				return
			}
			d.line = l
			if l.Part {
				d.faults.add(d.where(), errLongLine)
			}
			if d.section != "" && footer(l.Text) {
				continue
			}
			if !yield(l.Text) {
				return
			}
		}
	}
}

// footer tells the lines that end a section and belong to none:
// "--------- 0.1s was the duration of dumpsys package, ending at: ...".
func footer(line []byte) bool {
	return bytes.HasPrefix(line, dashes) && (bytes.Contains(line, duration) || len(bytes.Trim(line, "-")) == 0)
}

var dashes, duration = []byte("---------"), []byte("was the duration of dumpsys")

// where names the current line for people.
func (d *dump) where() string { return fmt.Sprintf("line %d", d.line.N) }

var errCells = errors.New("a row with fewer columns than its table")

var errLongLine = fmt.Errorf("a line of more than %d bytes, read in parts", artifact.MaxLine)

// end returns what stopped the reading.
func (d *dump) end() error {
	d.faults.end()
	return d.err
}

// place is where a record stands in a dump.
type place struct{ row, offset int64 }

func (d *dump) place() place { return place{d.line.N, d.File.Offset + d.line.Offset} }

// record begins a record of the current line.
func (d *dump) record(act artifact.Act, at moment) *artifact.Record {
	return d.recordAt(d.place(), act, at)
}

func (d *dump) recordAt(p place, act artifact.Act, at moment) *artifact.Record {
	r := d.to.Record(act, at.Time)
	r.Local = at.local
	r.Where.Table, r.Where.Row, r.Where.Offset = d.section, p.row, p.offset
	return r
}

// faults tells a sink what had to be left out: the first ones each, the others
// as a number, so that a file of garbage is one clear word and no flood.
type faults struct {
	to *artifact.Sink
	n  int
}

const maxFaults = 20

func (f *faults) add(where string, why error) {
	if f.n++; f.n <= maxFaults {
		f.to.Damage(where, why)
	}
}

func (f *faults) end() {
	if f.n > maxFaults {
		f.to.Damage("", fmt.Errorf("%d more places that could not be read", f.n-maxFaults))
	}
}

var errMany = errors.New("more entries than are kept; the rest was left out")

// moment is a time as a dump writes it.
type moment struct {
	time.Time
	local bool // the device's clock, and its zone is not known
}

// at is a time that stands in UTC.
func at(t time.Time) moment { return moment{Time: t} }

// unixMilli is a time in milliseconds; 0 is none.
func unixMilli(ms int64) time.Time {
	if ms <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// unix is a time in seconds; 0 is none.
func unix(s int64) time.Time {
	if s <= 0 {
		return time.Time{}
	}
	return time.Unix(s, 0).UTC()
}

// local reads a time of the device's own clock: "2022-03-29 18:37:30.315",
// "2022-01-04-17-30-01", and with its zone "2023-04-12 12:32:40.5+0200". What
// is none gives a zero moment.
func local(zone *time.Location, text string) moment {
	var n [6]int
	i := 0
	for f := range n {
		from := i
		for i < len(text) && text[i] >= '0' && text[i] <= '9' && i-from < 4 {
			n[f] = n[f]*10 + int(text[i]-'0')
			i++
		}
		if i == from || (f == 0 && i != 4) {
			return moment{}
		}
		if f < 5 {
			if i == len(text) || !strings.ContainsRune("-: T/_", rune(text[i])) {
				return moment{}
			}
			i++
		}
	}
	if n[1] < 1 || n[1] > 12 || n[2] < 1 || n[2] > 31 || n[3] > 23 || n[4] > 59 || n[5] > 60 {
		return moment{}
	}
	nanos, rest := fraction(text[i:])
	where, known := zone, zone != nil
	if z, err := time.Parse("-0700", rest[:min(5, len(rest))]); err == nil {
		where, known = z.Location(), true
	} else if !known {
		where = time.UTC
	}
	t := time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], nanos, where)
	if t.Month() != time.Month(n[1]) {
		return moment{} // the 30th of February
	}
	return moment{t.UTC(), !known}
}

// fraction reads ".315" as nanoseconds.
func fraction(text string) (nanos int, rest string) {
	if !strings.HasPrefix(text, ".") {
		return 0, text
	}
	i, scale := 1, 100_000_000
	for ; i < len(text) && text[i] >= '0' && text[i] <= '9'; i++ {
		nanos += int(text[i]-'0') * scale
		scale /= 10
	}
	return nanos, text[i:]
}

func (d *dump) local(text string) moment { return local(d.Device.Located, text) }

// yearless reads a time without a year, "01-02 03:04:05.678": the latest that
// is not after the dump, but for a day and a half by which clocks and zones may
// differ. Without the time of the dump there is none.
func (d *dump) yearless(text string) moment {
	if d.Device.Taken == nil || len(text) < 14 || text[2] != '-' {
		return moment{}
	}
	latest := d.Device.Taken.Add(36 * time.Hour)
	for year := latest.Year(); year > latest.Year()-9; year-- { // 02-29 may be eight years back
		if m := d.local(fmt.Sprintf("%04d-%s", year, text)); !m.IsZero() && !m.After(latest) {
			return m
		}
	}
	return moment{}
}
