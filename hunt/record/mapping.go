package record

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// maxMapping bounds a mapping, in bytes.
const maxMapping = 64 << 10

// Mapping says how the call detail records of another system become ours: a
// small YAML file, see docs/records.md.
type Mapping struct {
	Format    string              `yaml:"format"`    // csv or jsonl
	Separator string              `yaml:"separator"` // of CSV; "," unless set
	Header    bool                `yaml:"header"`    // the first line names the columns
	Names     []string            `yaml:"names"`     // of the columns, when no header does
	Only      map[string][]string `yaml:"only"`      // lines with other values are left out, and counted
	Columns   map[string]Origin   `yaml:"columns"`   // by the names of ours
}

// Origin says where the values of one of our columns come from.
type Origin struct {
	From   string            `yaml:"from"`   // a column of theirs, or a text with some: "{user}@{domain}"
	Layout string            `yaml:"layout"` // of a time: as Go writes it, or unix, unix_ms, unix_us, unix_ns; RFC 3339 unless set
	Zone   string            `yaml:"zone"`   // of a time without one: "Europe/Paris"; UTC unless set
	Values map[string]string `yaml:"values"` // ours by theirs
	Else   string            `yaml:"else"`   // for a value that is not in Values
	Unit   string            `yaml:"unit"`   // of a duration: s, ms, us or ns; ms unless set
	Minus  string            `yaml:"minus"`  // a column of theirs that is taken off a duration

	zone *time.Location
}

//go:embed mapping/*.yaml
var examples embed.FS

// Reject is a line that became no record.
type Reject struct {
	Line   int64 // from 1
	Reason string
}

// Error says which line, and why.
func (r *Reject) Error() string { return fmt.Sprintf("line %d: %s", r.Line, r.Reason) }

// LeftOut tells whether the mapping says that such lines are not wanted.
func (r *Reject) LeftOut() bool { return r.Reason == errLeftOut.Error() }

// LoadMapping reads a mapping: that of a system that we know by its name
// (asterisk, kamailio), or that in a file.
func LoadMapping(name string) (*Mapping, error) {
	if text, err := examples.ReadFile("mapping/" + name + ".yaml"); err == nil {
		return ParseMapping(text)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("mapping: %w; give asterisk, kamailio, or a file (docs/records.md)", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxMapping+1))
	if err != nil {
		return nil, fmt.Errorf("mapping %s: %w", name, err)
	}
	m, err := ParseMapping(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

// ParseMapping reads a mapping, and refuses one that could make no record.
func ParseMapping(text []byte) (*Mapping, error) {
	if len(text) > maxMapping {
		return nil, fmt.Errorf("mapping: more than %d bytes; name only the columns that are needed", maxMapping)
	}
	m := &Mapping{}
	if err := yaml.Load(text, m, yaml.WithKnownFields()); err != nil {
		return nil, fmt.Errorf("mapping: %w; see the examples in docs/records.md", err)
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("mapping: %w (docs/records.md)", err)
	}
	return m, nil
}

func (m *Mapping) check() error {
	if m.Separator == "" {
		m.Separator = ","
	}
	switch r, n := utf8.DecodeRuneInString(m.Separator); {
	case m.Format != "csv" && m.Format != "jsonl":
		return fmt.Errorf("format %q: write csv or jsonl", m.Format)
	case n != len(m.Separator) || r == utf8.RuneError || strings.ContainsAny(m.Separator, "\"\r\n"):
		return fmt.Errorf("separator %q: write one character, and no quote", m.Separator)
	case m.Format == "csv" && m.Header == (len(m.Names) > 0):
		return errors.New("header, names: CSV needs one of the two")
	}
	var have Columns
	for name, o := range m.Columns {
		column, ok := names[name]
		if !ok {
			return fmt.Errorf("column %q is none of ours", name)
		}
		if err := o.check(column); err != nil {
			return fmt.Errorf("column %s: %w", name, err)
		}
		m.Columns[name] = o
		have |= column
	}
	for _, column := range []Columns{Time, Caller, Callee, OutcomeColumn} {
		if have&column == 0 {
			return fmt.Errorf("column %s is missing: say where it comes from", column.Name())
		}
	}
	return nil
}

func (o *Origin) check(column Columns) (err error) {
	if o.zone, err = time.LoadLocation(o.Zone); err != nil {
		return fmt.Errorf("zone: %w; write UTC or a place like Europe/Paris", err)
	}
	duration := column&(RingMS|TalkMS) != 0
	_, unit := units[o.Unit]
	switch {
	case o.From == "":
		return errors.New("from: name a column of theirs")
	case (o.Layout != "" || o.Zone != "") && column != Time:
		return errors.New("layout, zone: only a time has them")
	case (o.Unit != "" || o.Minus != "") && !duration:
		return errors.New("unit, minus: only ring_ms and talk_ms have them")
	case !unit:
		return fmt.Errorf("unit %q: write s, ms, us or ns", o.Unit)
	}
	if column == OutcomeColumn {
		for _, value := range o.Values {
			if ParseOutcome(value) == NoOutcome {
				return fmt.Errorf("%q is no outcome", value)
			}
		}
		if o.Else != "" && ParseOutcome(o.Else) == NoOutcome {
			return fmt.Errorf("%q is no outcome", o.Else)
		}
	}
	return nil
}

// units are those of a duration, in ms.
var units = map[string]float64{"": 1, "s": 1e3, "ms": 1, "us": 1e-3, "ns": 1e-6}

// Why a line of another system is no record, besides the reasons of ours.
var (
	errLeftOut = errors.New("left out by the mapping")
	errColumn  = errors.New("a column of the mapping is missing")
)

// Reader reads lines of the other system. A line that is no record comes as a
// *Reject, and the next follows; any other error is the end.
func (m *Mapping) Reader(r io.Reader, o Options) iter.Seq2[Record, error] {
	limit := o.limit()
	return func(yield func(Record, error) bool) {
		in := newLines(r)
		columns, err := m.columns(in)
		if err != nil {
			yield(Record{}, err)
			return
		}
		for {
			line, err := in.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil && !errors.Is(err, errLong) {
				yield(Record{}, fmt.Errorf("mapping: line %d: %w; the rest is not read", in.n+1, err))
				return
			}
			if err == nil && len(bytes.TrimSpace(line)) == 0 {
				continue
			}
			var record Record
			if err == nil {
				record, err = m.record(line, columns)
			}
			if err == nil {
				err = record.fault(limit).err()
			}
			if err != nil {
				record, err = Record{}, &Reject{in.n, err.Error()}
			}
			if !yield(record, err) {
				return
			}
		}
	}
}

// columns returns the names of the columns, from the first line when it has them.
func (m *Mapping) columns(in *lines) ([]string, error) {
	if m.Format != "csv" || !m.Header {
		return m.Names, nil
	}
	line, err := in.next()
	if err == nil {
		line = bytes.TrimPrefix(line, []byte("\ufeff"))
		var columns []string
		if columns, err = m.split(line); err == nil {
			return columns, nil
		}
	}
	return nil, fmt.Errorf("mapping: no header: %w; name the columns in the first line", err)
}

func (m *Mapping) split(line []byte) ([]string, error) {
	separator, _ := utf8.DecodeRuneInString(m.Separator)
	return splitCSV(line, separator)
}

// record makes a record of a line, or says why it is none.
func (m *Mapping) record(line []byte, columns []string) (Record, error) {
	theirs, err := m.fields(line, columns)
	if err != nil {
		return Record{}, err
	}
	for name, values := range m.Only {
		if !slices.Contains(values, theirs[name]) {
			return Record{}, errLeftOut
		}
	}
	r := newRecord()
	for name, origin := range m.Columns {
		value, ok := origin.value(names[name], theirs)
		if !ok {
			return Record{}, errColumn
		}
		if err := r.set(names[name], value); err != nil {
			return Record{}, err
		}
	}
	return r, nil
}

// fields returns the values of a line by the names of their columns.
func (m *Mapping) fields(line []byte, columns []string) (map[string]string, error) {
	if !utf8.Valid(line) {
		return nil, errUTF8
	}
	theirs := map[string]string{}
	if m.Format == "jsonl" {
		return theirs, object(line, func(name string, value []byte) error {
			if _, ok := theirs[name]; ok {
				return errTwice
			}
			theirs[name] = string(value)
			if value[0] == '"' {
				theirs[name] = text(value)
			} else if string(value) == "null" {
				theirs[name] = ""
			}
			return nil
		})
	}
	values, err := m.split(line)
	if err != nil {
		return nil, err
	}
	if len(values) != len(columns) {
		return nil, errFields
	}
	for i, name := range columns {
		theirs[name] = values[i]
	}
	return theirs, nil
}

var braces = regexp.MustCompile(`\{[^{}]*\}`)

// value returns a value of ours, as our CSV has it; false when a column of
// theirs is not there.
func (o *Origin) value(column Columns, theirs map[string]string) (string, bool) {
	value, ok := theirs[o.From]
	if strings.Contains(o.From, "{") {
		ok = true
		some := false
		value = braces.ReplaceAllStringFunc(o.From, func(name string) string {
			part, there := theirs[name[1:len(name)-1]]
			ok = ok && there
			some = some || part != ""
			return part
		})
		if !some { // "@" is nobody
			value = ""
		}
	}
	if !ok {
		return "", false
	}
	if len(o.Values) > 0 || o.Else != "" {
		if ours, known := o.Values[value]; known {
			value = ours
		} else if o.Else != "" {
			value = o.Else
		}
	}
	switch column {
	case Time:
		return o.time(value), true
	case RingMS, TalkMS:
		less := ""
		if o.Minus != "" {
			if less, ok = theirs[o.Minus]; !ok {
				return "", false
			}
		}
		return o.duration(value, less), true
	}
	return value, true
}

// time returns ns since 1970, or what is no time.
func (o *Origin) time(s string) string {
	ticks := map[string]int64{"unix": 1e9, "unix_ms": 1e6, "unix_us": 1e3, "unix_ns": 1}[o.Layout]
	var ns int64
	switch {
	case s == "" || o.Layout == "":
		return s
	case ticks > 0:
		whole, part, _ := strings.Cut(s, ".")
		n, err := strconv.ParseInt(whole, 10, 64)
		fraction, err2 := strconv.ParseFloat("0."+part+"0", 64)
		if err != nil || err2 != nil || n < 0 || n > math.MaxInt64/ticks-1 {
			return "none"
		}
		ns = n*ticks + int64(fraction*float64(ticks))
	default:
		t, err := time.ParseInLocation(o.Layout, s, o.zone)
		if ns = nanoseconds(t); err != nil || ns < 0 {
			return "none"
		}
	}
	return strconv.FormatInt(ns, 10)
}

// duration returns ms, or what is no number.
func (o *Origin) duration(s, less string) string {
	if s == "" {
		return ""
	}
	n, err := strconv.ParseFloat(s, 64)
	if err == nil && less != "" {
		var m float64
		m, err = strconv.ParseFloat(less, 64)
		n -= m
	}
	if n *= units[o.Unit]; err != nil || !(n >= 0 && n <= math.MaxInt32) {
		return "none"
	}
	return strconv.FormatInt(int64(math.Round(n)), 10)
}
