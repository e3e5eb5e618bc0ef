package record

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// groupSize is how many records a row group has: enough for its dictionaries to
// pay, and few enough for the work on a file to be shared out.
const groupSize = 128 << 10

// Writer writes records. It is used by one goroutine.
type Writer struct {
	rows  *parquet.GenericWriter[row]
	batch []row
	text  *bufio.Writer
	csv   bool
	line  []byte
}

// row is a record as Parquet has it; the columns are those of docs/records.md.
// Texts that repeat have dictionaries, the others do not: ids that are nearly
// all different would only be stored twice.
type row struct {
	Time          int64    `parquet:"time,delta"`
	Call          string   `parquet:"call_id,plain"`
	Caller        string   `parquet:"caller,plain"`
	Callee        string   `parquet:"callee,plain"`
	CallerPrint   string   `parquet:"caller_print,optional,dict"`
	CallerVersion string   `parquet:"caller_version,optional,dict"`
	CallerNetwork string   `parquet:"caller_network,optional,dict"`
	CallerCountry string   `parquet:"caller_country,optional,dict"`
	CalleeCountry string   `parquet:"callee_country,optional,dict"`
	Outcome       string   `parquet:"outcome,dict"`
	RingMS        int32    `parquet:"ring_ms"`
	TalkMS        int32    `parquet:"talk_ms"`
	Contact       *bool    `parquet:"contact,optional"`
	CallerAge     *int32   `parquet:"caller_age_days,optional"`
	Rules         []string `parquet:"rules,list" parquet-element:",dict"`
}

var yes, no = true, false

// NewWriter returns a writer of a format. Close it, and w after it.
func NewWriter(w io.Writer, format Format) (*Writer, error) {
	switch format {
	case Parquet:
		codec := &zstd.Codec{Level: zstd.SpeedFastest}
		return &Writer{rows: parquet.NewGenericWriter[row](w, parquet.Compression(codec), parquet.MaxRowsPerRowGroup(groupSize), parquet.CreatedBy("ringfence", "1", ""))}, nil
	case JSONLines, CSV:
		text := bufio.NewWriterSize(w, 1<<20)
		if format == CSV {
			text.WriteString(strings.Join(csvNames, ",") + "\n") // an error stays until Close
		}
		return &Writer{text: text, csv: format == CSV}, nil
	}
	return nil, fmt.Errorf("record: no format %d; take Parquet, JSONLines or CSV", format)
}

// Write writes records. Some thousands at a time are fastest; none is kept.
func (w *Writer) Write(records []Record) error {
	for i := range records {
		if err := records[i].check(); err != nil {
			return err
		}
	}
	if w.rows != nil {
		return w.writeRows(records)
	}
	for i := range records {
		var err error
		if w.csv {
			w.line, err = appendCSV(w.line[:0], &records[i])
		} else {
			w.line = appendJSON(w.line[:0], &records[i])
		}
		if err != nil {
			return err
		}
		if _, err := w.text.Write(w.line); err != nil {
			return fmt.Errorf("record: writing: %w", err)
		}
	}
	return nil
}

// check refuses what a reader would refuse.
func (r *Record) check() error {
	switch {
	case r.Time < earliest:
		return fmt.Errorf("record: call %q has no time from 2000 on; give it one", r.Call)
	case r.Caller == "" || r.Callee == "":
		return fmt.Errorf("record: call %q has no caller or no callee; give it both", r.Call)
	case r.Outcome == NoOutcome || r.Outcome > Blocked:
		return fmt.Errorf("record: call %q has no outcome; give it one", r.Call)
	case r.Contact > Accepted || r.CallerAge < NoAge || r.RingMS < 0 || r.TalkMS < 0:
		return fmt.Errorf("record: call %q has a number out of range; see docs/records.md", r.Call)
	}
	return nil
}

func (w *Writer) writeRows(records []Record) error {
	for len(records) > 0 {
		some := records[:min(len(records), 4096)]
		records = records[len(some):]
		w.batch = w.batch[:0]
		for i := range some {
			w.batch = append(w.batch, toRow(&some[i]))
		}
		if _, err := w.rows.Write(w.batch); err != nil {
			return fmt.Errorf("record: writing: %w", err)
		}
	}
	return nil
}

func toRow(r *Record) row {
	to := row{
		Time: r.Time, Call: r.Call, Caller: r.Caller, Callee: r.Callee,
		CallerPrint: r.CallerPrint, CallerVersion: r.CallerVersion, CallerNetwork: r.CallerNetwork,
		CallerCountry: r.CallerCountry, CalleeCountry: r.CalleeCountry,
		Outcome: r.Outcome.String(), RingMS: r.RingMS, TalkMS: r.TalkMS, Rules: r.Rules,
	}
	switch r.Contact {
	case Accepted:
		to.Contact = &yes
	case Stranger:
		to.Contact = &no
	}
	if r.CallerAge != NoAge {
		to.CallerAge = &r.CallerAge
	}
	return to
}

// Close writes what is left. Without it a Parquet file cannot be read.
func (w *Writer) Close() error {
	var err error
	if w.rows != nil {
		err = w.rows.Close()
	} else {
		err = w.text.Flush()
	}
	if err != nil {
		return fmt.Errorf("record: writing: %w", err)
	}
	return nil
}
