package heuristic

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/artifact"
)

// readRecords reads records as JSON lines, as artifact writes them: fields are
// an object, of which times are in RFC 3339.
func readRecords(b []byte) ([]*artifact.Record, error) {
	var records []*artifact.Record
	lines := bufio.NewScanner(bytes.NewReader(b))
	lines.Buffer(nil, artifact.MaxLine)
	for lines.Scan() {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		r, err := readRecord(lines.Bytes())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", lines.Bytes(), err)
		}
		records = append(records, r)
	}
	return records, lines.Err()
}

func readRecord(line []byte) (*artifact.Record, error) {
	var in struct {
		Artifact  string
		Act       artifact.Act
		Time      *time.Time
		Local     bool
		Where     artifact.Where
		Recovered string
		Fields    json.RawMessage
	}
	if err := json.Unmarshal(line, &in); err != nil {
		return nil, err
	}
	r := &artifact.Record{Artifact: in.Artifact, Act: in.Act, Local: in.Local, Where: in.Where, Recovered: in.Recovered}
	if in.Time != nil {
		r.Time = in.Time.UTC()
	}
	d := json.NewDecoder(bytes.NewReader(in.Fields))
	d.UseNumber()
	if len(in.Fields) == 0 {
		return r, nil
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value any
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		r.Set(name.(string), fieldValue(value))
	}
	return r, nil
}

func fieldValue(value any) any {
	switch v := value.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		n, _ := v.Float64()
		return n
	case string:
		if t, err := time.Parse(time.RFC3339Nano, v); err == nil && strings.HasSuffix(v, "Z") {
			return t.UTC()
		}
	}
	return value
}

// example reads one file of a heuristic's example.
func example(t testing.TB, name, file string) []*artifact.Record {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name, file))
	if err != nil {
		t.Fatalf("%s: a heuristic needs an example in testdata/%s: %v", name, name, err)
	}
	records, err := readRecords(b)
	if err != nil {
		t.Fatal(err)
	}
	return records
}
