// Package golden is the kit for the examples of artifacts: small trees of
// invented evidence, and the records that they are expected to give.
//
// The example of the artifact NAME stands in testdata/NAME of the package that
// tests it: tree/ holds files under their device paths, want.jsonl the records.
// A file of the tree that ends in ".sql" becomes an SQLite database without
// the ending, ".hex" becomes bytes (white space is free, "#" begins a comment),
// all others are as they stand. An artifact that reads the list of files can
// have files.json beside the tree: a list of acquisition.File as JSON.
// "go test -update" rewrites want.jsonl.
package golden

import (
	"bytes"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // writes the databases of examples; reading them is our own

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

var update = flag.Bool("update", false, "rewrite the expected records of the examples")

// Example is one file of an example: its entry in the list, and its bytes (nil
// for an entry of files.json).
type Example struct {
	acquisition.File
	Bytes []byte
}

// Taken is when every example was acquired, and Zone where.
var (
	Taken = time.Date(2026, 1, 2, 8, 0, 0, 0, time.UTC)
	Zone  = time.FixedZone("EET", 2*60*60)
)

// Examples reads the example of an artifact; it fails the test when there is
// none.
func Examples(t testing.TB, name string) []Example {
	t.Helper()
	all, err := examples(t, name)
	if err != nil || len(all) == 0 {
		t.Fatalf("%s: an artifact needs an example in testdata/%s: %v", name, name, err)
	}
	return all
}

func examples(t testing.TB, name string) ([]Example, error) {
	root := filepath.Join("testdata", name, "tree")
	var all []Example
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		relative, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		e, err := build(t, p, "/"+filepath.ToSlash(relative))
		all = append(all, e)
		return err
	})
	if os.IsNotExist(err) {
		err = nil // the list of files is enough
	}
	listed, listErr := list(filepath.Join("testdata", name, "files.json"))
	return append(all, listed...), errors.Join(err, listErr)
}

// build makes the file that stands at p in the tree.
func build(t testing.TB, p, device string) (Example, error) {
	b, err := os.ReadFile(p)
	if err != nil {
		return Example{}, err
	}
	if plain, is := strings.CutSuffix(device, ".sql"); is {
		b, err = database(t, string(b))
		device = plain
	} else if plain, is := strings.CutSuffix(device, ".hex"); is {
		b, err = fromHex(string(b))
		device = plain
	}
	if err != nil {
		return Example{}, fmt.Errorf("%s: %w", p, err)
	}
	return Example{acquisition.File{Path: device, Stored: device[1:], Size: int64(len(b)), Mode: 0o100644, UID: 501, GID: 501, Modified: Taken.Add(-time.Hour)}, b}, nil
}

// database makes a database of its script.
func database(t testing.TB, script string) ([]byte, error) {
	file := filepath.Join(t.TempDir(), "example.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		return nil, err
	}
	if _, err := db.Exec(script); err != nil {
		db.Close()
		return nil, err
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
}

func fromHex(text string) ([]byte, error) {
	var digits strings.Builder
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		for _, word := range strings.Fields(line) {
			digits.WriteString(word)
		}
	}
	return hex.DecodeString(digits.String())
}

func list(file string) (all []Example, err error) {
	b, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var files []acquisition.File
	err = json.Unmarshal(b, &files)
	for _, f := range files {
		all = append(all, Example{File: f})
	}
	return all, err
}

// content is an example's bytes as an open file.
type content struct{ *bytes.Reader }

func (content) Close() error { return nil }

// source is what an artifact reads of an example; beside are the others.
func source(a artifact.Artifact, e Example, beside []Example) *artifact.Source {
	return &artifact.Source{
		File: e.File, Kind: a.Kinds[0], Content: content{bytes.NewReader(e.Bytes)},
		Device: acquisition.Device{Taken: &Taken, Located: Zone},
		Beside: func(suffix string) acquisition.Content {
			for _, o := range beside {
				if o.Path == e.Path+suffix {
					return content{bytes.NewReader(o.Bytes)}
				}
			}
			return nil
		},
	}
}

// read lets the artifact read one file.
func read(a artifact.Artifact, e Example, beside []Example, to *artifact.Sink) error {
	if a.File != nil {
		a.File(e.File, to)
		return nil
	}
	s := source(a, e, beside)
	err := a.Parse(s, to)
	s.Finish(to)
	return err
}

// records lets an artifact read its example, and gives its records, what it
// left out and what stopped it as JSON lines. Each record is given to see, too.
func records(a artifact.Artifact, all []Example, see func(*artifact.Record)) (lines []byte, files int) {
	paths := artifact.NewPaths([]artifact.Artifact{a})
	for _, e := range all {
		if a.File == nil && (paths.Match(e.Path) == nil || e.Bytes == nil) {
			continue
		}
		files++
		sink := artifact.NewSink(a, e.Stored, func(r *artifact.Record) {
			see(r)
			lines = append(r.AppendJSON(lines), '\n')
		}, func(where string, why error) {
			lines = fmt.Appendf(lines, "{\"damage\":%q,\"why\":%q}\n", where, why)
		})
		if err := read(a, e, all, sink); err != nil {
			lines = fmt.Appendf(lines, "{\"error\":%q}\n", err)
		}
	}
	return lines, files
}

// Run compares what an artifact reads in its example with what is expected.
// Every field has to be documented; one called "*" documents all.
func Run(t *testing.T, a artifact.Artifact) {
	t.Helper()
	known := map[string]bool{}
	for _, f := range a.Fields {
		known[f[0]] = true
	}
	got, files := records(a, Examples(t, a.Name), func(r *artifact.Record) {
		for _, f := range r.Fields {
			if !known[f.Name] && !known["*"] {
				t.Errorf("%s gives a field %q that it does not document", a.Name, f.Name)
			}
		}
	})
	if files == 0 || len(got) == 0 {
		t.Fatalf("%s: %d files of the example are read, and %d bytes of records come of it", a.Name, files, len(got))
	}
	file := filepath.Join("testdata", a.Name, "want.jsonl")
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want = bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n"))
	if !bytes.Equal(got, want) {
		t.Errorf("records differ; run with -update when they should:\n%s", Difference(string(got), string(want)))
	}
}

// Registry runs the example of every artifact; one without fails.
func Registry(t *testing.T, all []artifact.Artifact) {
	for _, a := range all {
		t.Run(a.Name, func(t *testing.T) { Run(t, a) })
	}
}

// Fuzz feeds every artifact garbage and mutated examples: whatever it is
// given, it comes to an end without a panic.
func Fuzz(f *testing.F, all []artifact.Artifact) {
	for i, a := range all {
		found, _ := examples(f, a.Name) // Registry tells which have none
		for _, e := range found {
			f.Add(uint16(i), e.Path, e.Bytes)
			f.Add(uint16(i), e.Path, e.Bytes[:len(e.Bytes)/2])
		}
	}
	f.Fuzz(func(t *testing.T, i uint16, path string, data []byte) {
		a := all[int(i)%len(all)]
		if len(path) < 2 || path[0] != '/' {
			path = "/private/var/mobile/a"
		}
		e := Example{acquisition.File{Path: path, Stored: path[1:], Size: int64(len(data)), Modified: Taken}, data}
		sink := artifact.NewSink(a, e.Stored, func(r *artifact.Record) { r.AppendJSON(nil) }, func(string, error) {})
		_ = read(a, e, nil, sink)
	})
}

// Difference shows the first line that differs.
func Difference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d\ngot  %s\nwant %s", i+1, g[i], w[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}
