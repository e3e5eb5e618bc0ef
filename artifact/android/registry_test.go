package android

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

var update = flag.Bool("update", false, "rewrite the expected records of the examples")

// content is an example's bytes as an open file.
type content struct{ *bytes.Reader }

func (content) Close() error { return nil }

// example is one file of an example: its device path and its bytes.
type example struct {
	path string
	data []byte
}

func examples(t testing.TB, name string) []example {
	t.Helper()
	var all []example
	root := filepath.Join("testdata", name, "tree")
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, p)
		rel = filepath.ToSlash(rel)
		if plain, found := strings.CutSuffix(rel, ".hex"); found {
			if b, err = hex.DecodeString(strings.TrimSpace(string(b))); err != nil {
				return fmt.Errorf("%s: %w", p, err)
			}
			rel = plain
		}
		all = append(all, example{"/" + rel, b})
		return nil
	})
	if err != nil || len(all) == 0 {
		t.Fatalf("%s: an artifact needs an example: %v", name, err)
	}
	return all
}

func source(e example) *artifact.Source {
	taken := time.Date(2026, 1, 2, 8, 0, 0, 0, time.UTC)
	return &artifact.Source{
		File:    acquisition.File{Path: e.path, Stored: e.path[1:], Size: int64(len(e.data)), Offset: 1000},
		Device:  acquisition.Device{Taken: &taken, Located: time.FixedZone("EET", 2*60*60)},
		Content: content{bytes.NewReader(e.data)},
	}
}

// run lets an artifact read one file, and gives what it says as lines of JSON.
func run(a artifact.Artifact, e example, take func(line []byte)) error {
	line := func(v any) {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(v); err != nil {
			panic(err)
		}
		take(b.Bytes())
	}
	to := artifact.NewSink(a, e.path[1:], func(r *artifact.Record) {
		fields := [][2]any{}
		for _, f := range r.Fields {
			fields = append(fields, [2]any{f.Name, f.Value})
		}
		observed := []string{}
		for _, o := range r.Observables {
			observed = append(observed, fmt.Sprintf("%d:%s", o.Type, o.Value))
		}
		line(map[string]any{"act": r.Act, "time": r.Time, "local": r.Local, "where": r.Where, "fields": fields, "observables": observed})
	}, func(where string, why error) { line(map[string]string{"damage": where, "why": why.Error()}) })
	if a.File != nil {
		a.File(acquisition.File{Path: e.path, Stored: e.path[1:], Size: int64(len(e.data)), Modified: time.Unix(1767348000, 0).UTC()}, to)
		return nil
	}
	return a.Parse(source(e), to)
}

// Every artifact reads its example as it is expected to.
func TestExamples(t *testing.T) {
	for _, a := range artifact.All() {
		t.Run(a.Name, func(t *testing.T) {
			var got bytes.Buffer
			paths := artifact.NewPaths([]artifact.Artifact{a})
			for _, e := range examples(t, a.Name) {
				if a.Parse != nil && paths.Match(e.path) == nil {
					t.Errorf("%s is in the example, and no pattern reads it", e.path)
				}
				if err := run(a, e, func(line []byte) { got.Write(line) }); err != nil {
					t.Fatal(err)
				}
			}
			file := filepath.Join("testdata", a.Name, "want.jsonl")
			if *update {
				if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want = bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n"))
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("records differ; run with -update when they should:\n%s", difference(got.String(), string(want)))
			}
		})
	}
}

// difference shows the first line that differs.
func difference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return "got  " + g[i] + "\nwant " + w[i]
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}

// Every field of a record is documented.
func TestFieldsAreDocumented(t *testing.T) {
	for _, a := range artifact.All() {
		known := map[string]bool{}
		for _, f := range a.Fields {
			known[f[0]] = true
		}
		for _, e := range examples(t, a.Name) {
			err := run(a, e, func(line []byte) {
				var r struct{ Fields [][2]any }
				if err := json.Unmarshal(line, &r); err != nil {
					t.Fatal(err)
				}
				for _, f := range r.Fields {
					if name := f[0].(string); !known[name] && !known["*"] {
						t.Errorf("%s gives a field %q that it does not document", a.Name, name)
					}
				}
			})
			if err != nil {
				t.Error(err)
			}
		}
	}
}

// Whatever an artifact is given, it comes to an end without a panic.
func FuzzArtifacts(f *testing.F) {
	all := artifact.All()
	for i, a := range all {
		for _, e := range examples(f, a.Name) {
			f.Add(uint8(i), e.path, e.data)
			f.Add(uint8(i), e.path, e.data[:len(e.data)/2])
		}
	}
	f.Fuzz(func(t *testing.T, i uint8, path string, data []byte) {
		if len(path) < 2 || path[0] != '/' {
			path = "/dumpsys/package"
		}
		_ = run(all[int(i)%len(all)], example{path, data}, func([]byte) {})
	})
}
