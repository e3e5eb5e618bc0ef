package indicator

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func openStore(t *testing.T) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "indicators"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func matches(s *Store, host string) bool {
	set, _ := s.Set()
	return len(set.Match(nil, []Observable{{URL, "https://" + host + "/"}})) > 0
}

func TestStore(t *testing.T) {
	s := openStore(t)
	if set, all := s.Set(); set.Len() != 0 || len(all) != 0 {
		t.Errorf("an empty store: %v", all)
	}
	r, err := s.Add("../x.txt", []byte("a.example\nb.example\nbit.ly\n"))
	if err != nil || r.Name != "x.txt" || r.Added != 3 || r.Indicators != 2 || len(r.Refused) != 1 {
		t.Errorf("%+v %v", r, err)
	}
	if _, err := s.Add("x.stix2", []byte(testBundle)); err != nil {
		t.Error(err)
	}
	if !matches(s, "a.example") || !matches(s, "c2.example") || matches(s, "q.example") {
		t.Error("what was added is not found")
	}
	r, err = s.Add("x.txt", []byte("b.example\nq.example\n"))
	if err != nil || r.Added != 1 || r.Removed != 2 || matches(s, "a.example") || !matches(s, "q.example") {
		t.Errorf("%+v %v", r, err)
	}
	list, err := s.Show("x.txt")
	if err != nil || len(list.Indicators) != 2 {
		t.Errorf("%+v %v", list, err)
	}
	all := s.List()
	if len(all) != 2 || all[1].Name != "x.txt" || all[1].Indicators != 2 || all[1].Types["domain-name"] != 2 || all[0].Format != "stix" || len(all[0].Refused) != 5 {
		t.Errorf("%+v", all)
	}
	if err := s.Remove("x.txt"); err != nil || matches(s, "q.example") {
		t.Error(err)
	}
	for _, name := range []string{"x.txt", "../sources.json", ""} {
		if err := s.Remove(name); !errors.Is(err, ErrUnknown) {
			t.Errorf("remove %q: %v", name, err)
		}
		if _, err := s.Show(name); !errors.Is(err, ErrUnknown) {
			t.Errorf("show %q: %v", name, err)
		}
	}
	for _, name := range []string{"", ".hidden", "a\x00b", strings.Repeat("x", 300)} {
		if _, err := s.Add(name, []byte("a.example")); err == nil {
			t.Errorf("%q is a name", name)
		}
	}
	if _, err := s.Add("only.txt", []byte("bit.ly")); err == nil {
		t.Error("a list of nothing of use is kept")
	}
}

// What is in the file "compiled" is what compiling gives, also when it is
// damaged anywhere, or somebody changed a file by hand.
func TestCompiledIsMadeAnew(t *testing.T) {
	s := openStore(t)
	if _, err := s.Add("x.stix2", []byte(testBundle)); err != nil {
		t.Fatal(err)
	}
	first, _ := s.Set()
	path := filepath.Join(s.dir, "compiled")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	both := []Observable{{URL, "https://x.example/"}, {Process, "y"}}
	for cut := 0; cut < len(whole); cut += 37 {
		broken := append([]byte(nil), whole...)
		broken[cut] ^= 0x40
		for _, data := range [][]byte{broken, whole[:cut]} {
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			if set, all := s.Set(); set.Len() != first.Len() || len(all) != 1 || len(set.Match(nil, both)) != 1 {
				t.Fatalf("byte %d: %d indicators, %v", cut, set.Len(), all)
			}
		}
	}
	if err := os.WriteFile(s.path("by-hand.txt"), []byte("hand.example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{"the files", "what was compiled"} {
		if !matches(s, "hand.example") {
			t.Errorf("a file that was put there is not seen in %s", from)
		}
	}
	if err := os.WriteFile(s.path("junk.txt"), []byte("\x00\x01"), 0o600); err != nil {
		t.Fatal(err)
	}
	if all := s.List(); len(all) != 3 || all[1].Name != "junk.txt" || all[1].Err == "" {
		t.Errorf("%+v", all)
	}
}

func FuzzCompiled(f *testing.F) {
	s, _ := Compile([]Indicator{{Type: Domain, Value: "c2.example", ID: "x"}, {Pattern: "[process:name LIKE 'x%']"}})
	f.Add(appendCompiled(nil, s, nil, "m")[len(compiledMagic)+32:])
	f.Fuzz(func(t *testing.T, body []byte) {
		if set, _, err := parseCompiled(sealed(body), "m"); err == nil {
			set.Match(nil, []Observable{{URL, "https://c2.example"}, {Process, "x1"}})
		}
	})
}

// feed serves an index and lists; what stands in broken answers with 500.
type feed struct {
	files  map[string]string
	broken map[string]bool
}

func (f *feed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, ok := f.files[r.URL.Path]
	switch {
	case f.broken[r.URL.Path]:
		w.WriteHeader(http.StatusInternalServerError)
	case r.URL.Path == "/away":
		http.Redirect(w, r, "http://feed.example/x", http.StatusFound)
	case !ok:
		http.NotFound(w, r)
	default:
		fmt.Fprint(w, text)
	}
}

const testIndex = `indicators:
  - {type: github, name: One, github: {owner: o, repo: r, branch: main, path: a/m.txt}}
  - {type: github, name: Two, github: {owner: o, repo: r, branch: main, path: b/m.txt}}
  - {type: github, name: Bad, github: {owner: o, repo: r, branch: main, path: ../x}}
  - {type: download, name: Plain, download_url: "http://feed.example/x.txt"}
  - {type: download, name: Away, download_url: "BASE/away"}
  - {type: other, name: Other}
  - [broken]
`

func TestUpdate(t *testing.T) {
	f := &feed{files: map[string]string{"/o/r/main/a/m.txt": "a.example\n", "/o/r/main/b/m.txt": "b.example\nc.example\n"}, broken: map[string]bool{}}
	server := httptest.NewServer(f)
	defer server.Close()
	f.files["/indicators.yaml"] = strings.ReplaceAll(testIndex, "BASE", server.URL)
	s := openStore(t)
	update := func() []Change {
		t.Helper()
		changes, err := s.Update(context.Background(), server.URL+"/indicators.yaml", nil)
		if err != nil || len(changes) != 7 {
			t.Fatalf("%v %v", changes, err)
		}
		return changes
	}
	first := update()
	if c := first[0]; c.State != "new" || c.Name != "m.txt" || c.Added != 1 || c.Title != "One" {
		t.Errorf("%+v", c)
	}
	if c := first[1]; c.State != "new" || c.Name != "b_m.txt" || c.Added != 2 {
		t.Errorf("%+v", c)
	}
	for _, c := range first[2:] {
		if c.State != "absent" || c.Err == "" {
			t.Errorf("%+v", c)
		}
	}
	f.files["/o/r/main/a/m.txt"] = "q.example\n"
	f.broken["/o/r/main/b/m.txt"] = true
	second := update()
	if c := second[0]; c.State != "changed" || c.Name != "m.txt" || c.Added != 1 || c.Removed != 1 {
		t.Errorf("%+v", c)
	}
	if c := second[1]; c.State != "kept" || c.Err == "" || !matches(s, "b.example") || !matches(s, "q.example") {
		t.Errorf("%+v", c)
	}
	f.files["/o/r/main/a/m.txt"] = "\x00"
	if c := update()[0]; c.State != "kept" || !matches(s, "q.example") {
		t.Errorf("%+v", c)
	}
	f.files["/o/r/main/a/m.txt"] = "q.example\n"
	if c := update()[0]; c.State != "same" || c.Err != "" {
		t.Errorf("%+v", c)
	}
	if all := s.List(); all[1].Title != "One" || all[1].URL != server.URL+"/o/r/main/a/m.txt" {
		t.Errorf("%+v", all)
	}
}

func TestUpdateRefusesAnIndex(t *testing.T) {
	f := &feed{files: map[string]string{"/empty": "indicators: []", "/text": "hello", "/big": strings.Repeat("#", maxIndex+1)}, broken: map[string]bool{"/broken": true}}
	server := httptest.NewServer(f)
	defer server.Close()
	s := openStore(t)
	for _, index := range []string{"http://feed.example/x", "ftp://127.0.0.1/x", "x", "", "https://u:p@127.0.0.1/x", server.URL + "/empty", server.URL + "/text", server.URL + "/big", server.URL + "/broken", server.URL + "/away", server.URL + "/none"} {
		if changes, err := s.Update(context.Background(), index, server.Client()); err == nil {
			t.Errorf("%q: %v", index, changes)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Nanosecond)
	defer cancel()
	if _, err := s.Update(ctx, server.URL+"/text", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestOpenRefusesAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil {
		t.Error("a file is a store")
	}
}
