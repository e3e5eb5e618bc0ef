package record

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// header is the first line of a CSV file: it names the columns, in any order.
type header struct {
	columns []Columns // 0: one that we do not know
	have    Columns
}

func (l *lines) header() (*header, error) {
	line, err := l.next()
	if err != nil {
		return nil, fmt.Errorf("no header: %w; name the columns in the first line", err)
	}
	fields, err := splitCSV(bytes.TrimPrefix(line, []byte("\ufeff")), ',')
	if err != nil {
		return nil, fmt.Errorf("header: %w; name the columns in the first line", err)
	}
	h := &header{}
	for _, name := range fields {
		column := names[strings.TrimSpace(name)]
		if h.have&column != 0 {
			return nil, fmt.Errorf("column %s is there twice; leave one out", name)
		}
		h.columns, h.have = append(h.columns, column), h.have|column
	}
	for _, column := range []Columns{Time, Caller, Callee, OutcomeColumn} {
		if h.have&column == 0 {
			return nil, fmt.Errorf("column %s is missing; name the columns in the first line (docs/records.md)", column.Name())
		}
	}
	return h, nil
}

// parse reads a line. A quoted field may not hold a line break: none of our
// columns does, and so a quote that is left open costs one line.
func (h *header) parse(line []byte) (Record, Columns, error) {
	if !utf8.Valid(line) {
		return Record{}, 0, errUTF8
	}
	fields, err := splitCSV(line, ',')
	if err != nil {
		return Record{}, 0, err
	}
	if len(fields) != len(h.columns) {
		return Record{}, 0, errFields
	}
	r := newRecord()
	for i, column := range h.columns {
		if err := r.set(column, fields[i]); err != nil {
			return Record{}, 0, err
		}
	}
	return r, h.have, nil
}

// splitCSV takes a line apart (RFC 4180, with any separator).
func splitCSV(line []byte, separator rune) ([]string, error) {
	if !bytes.Contains(line, []byte{'"'}) {
		return strings.Split(string(line), string(separator)), nil
	}
	r := csv.NewReader(bytes.NewReader(line))
	r.Comma, r.FieldsPerRecord = separator, -1
	fields, err := r.Read()
	if err != nil {
		return nil, errCSV
	}
	return fields, nil
}

// csvNames are the columns in the order in which they are written.
var csvNames = []string{
	"time", "call_id", "caller", "callee", "caller_print", "caller_version", "caller_network", "caller_country", "callee_country",
	"outcome", "ring_ms", "talk_ms", "contact", "caller_age_days", "rules",
}

var errBreak = errors.New("record: a text holds a line break, which CSV cannot say; write JSON lines or Parquet")

// appendCSV appends a record as a line.
func appendCSV(to []byte, r *Record) ([]byte, error) {
	to = time.Unix(0, r.Time).UTC().AppendFormat(to, time.RFC3339Nano)
	for _, s := range []string{r.Call, r.Caller, r.Callee, r.CallerPrint, r.CallerVersion, r.CallerNetwork, r.CallerCountry, r.CalleeCountry, r.Outcome.String()} {
		if strings.ContainsAny(s, "\r\n") {
			return to, errBreak
		}
		to = appendField(append(to, ','), s)
	}
	to = strconv.AppendInt(append(to, ','), int64(r.RingMS), 10)
	to = strconv.AppendInt(append(to, ','), int64(r.TalkMS), 10)
	to = append(append(to, ','), [...]string{Unknown: "", Stranger: "false", Accepted: "true"}[r.Contact]...)
	to = append(to, ',')
	if r.CallerAge != NoAge {
		to = strconv.AppendInt(to, int64(r.CallerAge), 10)
	}
	if slices.ContainsFunc(r.Rules, func(s string) bool { return strings.ContainsAny(s, ";\r\n") }) {
		return to, fmt.Errorf("record: a rule of %q holds a semicolon or line break, which CSV cannot say; write JSON lines or Parquet", r.Rules)
	}
	to = appendField(append(to, ','), strings.Join(r.Rules, ";"))
	return append(to, '\n'), nil
}

func appendField(to []byte, s string) []byte {
	if !strings.ContainsAny(s, `",`) {
		return append(to, s...)
	}
	return append(append(append(to, '"'), strings.ReplaceAll(s, `"`, `""`)...), '"')
}
