package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/mod/sumdb/note"

	"github.com/ringfence/ringfence/wire/manifest"
)

// house is a server with a small build of its own, which a test can make lie.
type house struct {
	t       *testing.T
	key     ed25519.PrivateKey
	build   fstest.MapFS
	files   map[string]string // what the build serves
	lies    map[string]string // what is served instead, by path; "" for nothing
	shows   ed25519.PublicKey // the key that /v1/server tells
	signers []note.Signer
	server  *httptest.Server
}

func hashOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func newHouse(t *testing.T) *house {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := manifest.ServerSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, key: key, shows: key.Public().(ed25519.PublicKey), lies: map[string]string{}, signers: []note.Signer{s},
		files: map[string]string{"/": "<!doctype html>", "/assets/a.01.wasm": "\x00asm", "/assets/i.02.png": "\x89PNG"}}
	h.rebuild()
	h.server = httptest.NewServer(http.HandlerFunc(h.serve))
	t.Cleanup(h.server.Close)
	return h
}

func (h *house) manifest() Manifest {
	m := Manifest{Version: 1, Build: "v1", Files: map[string]string{}}
	for path, text := range h.files {
		m.Files[path] = hashOf(text)
	}
	return m
}

// rebuild writes the build of the files as internal/buildweb does.
func (h *house) rebuild() {
	h.t.Helper()
	h.build = fstest.MapFS{}
	for path, text := range h.files {
		if path == "/" {
			path = "/index.html"
		}
		if strings.HasSuffix(path, ".png") {
			h.build["dist"+path] = &fstest.MapFile{Data: []byte(text)}
			continue
		}
		var z bytes.Buffer
		w := gzip.NewWriter(&z)
		w.Write([]byte(text))
		w.Close()
		h.build["dist"+path+".br"], h.build["dist"+path+".gz"] = &fstest.MapFile{}, &fstest.MapFile{Data: z.Bytes()}
	}
	b, err := json.Marshal(h.manifest())
	if err != nil {
		h.t.Fatal(err)
	}
	h.build["dist/manifest.json"] = &fstest.MapFile{Data: b}
}

func (h *house) serve(w http.ResponseWriter, r *http.Request) {
	lie, lies := h.lies[r.URL.Path]
	switch {
	case lies && lie == "":
		http.NotFound(w, r)
	case lies:
		w.Write([]byte(lie))
	case r.URL.Path == "/v1/server":
		json.NewEncoder(w).Encode(map[string]string{"server_id": base64.RawURLEncoding.EncodeToString(h.shows)})
	default:
		handler(h.build, h.signers).ServeHTTP(w, r)
	}
}

func (h *house) note() string {
	h.t.Helper()
	w := httptest.NewRecorder()
	handler(h.build, h.signers).ServeHTTP(w, httptest.NewRequest("GET", "/manifest.note", nil))
	if w.Code != http.StatusOK {
		h.t.Fatalf("/manifest.note: %d", w.Code)
	}
	return w.Body.String()
}

func (h *house) compare(keys ...string) Comparison {
	h.t.Helper()
	c, err := compare(context.Background(), h.manifest(), h.server.URL+"/", keys)
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

// release makes a key and signs the build with it, as make web does.
func (h *house) release(name string) (verifier string) {
	h.t.Helper()
	private, verifier, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		h.t.Fatal(err)
	}
	s, err := note.NewSigner(private)
	if err != nil {
		h.t.Fatal(err)
	}
	text, err := h.manifest().Text()
	if err != nil {
		h.t.Fatal(err)
	}
	signed, err := note.Sign(&note.Note{Text: text}, s)
	if err != nil {
		h.t.Fatal(err)
	}
	h.build["dist/release.note"] = &fstest.MapFile{Data: signed}
	return verifier
}

func (h *house) serverKey() string {
	h.t.Helper()
	k, err := manifest.ServerKey(h.shows)
	if err != nil {
		h.t.Fatal(err)
	}
	return k
}

// A server that serves what it signed, and what we have, is told so with who
// signed it.
func TestCompareWhole(t *testing.T) {
	h := newHouse(t)
	c := h.compare()
	if len(c.Wrong) != 0 || c.Build != "v1" || c.Own != "v1" || len(c.Signatures) != 1 || c.Signatures[0].Whose != "server" || c.Signatures[0].Key != h.serverKey() {
		t.Errorf("%+v", c)
	}
	release := h.release("example.org/release")
	c = h.compare()
	if len(c.Wrong) != 0 || len(c.Signatures) != 2 || c.Signatures[1].Name != "example.org/release" || c.Signatures[1].Whose != "unknown" || c.Signatures[1].Key != "" {
		t.Errorf("a release key that nobody gave: %+v", c)
	}
	c = h.compare(release, h.serverKey(), release)
	if len(c.Wrong) != 0 || len(c.Signatures) != 2 || c.Signatures[0].Key != release || c.Signatures[0].Whose != "given" {
		t.Errorf("a release key that was given: %+v", c)
	}
	// Who has only the note and a verifier needs nothing of ours.
	v, err := note.NewVerifier(release)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := note.Open([]byte(h.note()), note.VerifierList(v)); err != nil || !strings.HasPrefix(n.Text, "ringfence web build\nbuild v1\n"+hashOf(h.files["/"])+" /\n") {
		t.Errorf("%+v %v", n, err)
	}
}

// Whatever a server changes of what is signed is found.
func TestCompareFinds(t *testing.T) {
	other := func(h *house) string {
		_, key, _ := ed25519.GenerateKey(rand.Reader)
		s, err := manifest.ServerSigner(key)
		if err != nil {
			h.t.Fatal(err)
		}
		text, _ := h.manifest().Text()
		b, err := note.Sign(&note.Note{Text: text}, s)
		if err != nil {
			h.t.Fatal(err)
		}
		return string(b)
	}
	foreign := func(h *house) string { return newHouse(h.t).release("example.org/release") }
	for name, c := range map[string]struct {
		lie  func(*house) (keys []string)
		says []string
	}{
		"a tampered note": {func(h *house) []string {
			h.lies["/manifest.note"] = strings.Replace(h.note(), "build v1", "build v2", 1)
			return nil
		}, []string{"cannot be relied on"}},
		"a note with another hash": {func(h *house) []string {
			h.lies["/manifest.note"] = strings.Replace(h.note(), hashOf(h.files["/"]), hashOf("evil"), 1)
			h.lies["/"] = "evil"
			return nil
		}, []string{"cannot be relied on", "/ differs"}},
		"a tampered file": {func(h *house) []string { h.lies["/assets/a.01.wasm"] = "evil"; return nil },
			[]string{"/assets/a.01.wasm is not what was signed: the server gives SHA-256 " + hashOf("evil"), "/assets/a.01.wasm differs"}},
		"a file that is gone": {func(h *house) []string { h.lies["/assets/i.02.png"] = ""; return nil }, []string{"/assets/i.02.png could not be compared: the server answered 404"}},
		"another list": {func(h *house) []string {
			h.lies["/manifest.json"] = `{"version":1,"build":"v1","files":{}}`
			return nil
		}, []string{"/manifest.json does not say"}},
		"no note": {func(h *house) []string { h.lies["/manifest.note"] = ""; return nil }, []string{"publishes no signed manifest"}},
		"no signature": {func(h *house) []string {
			h.lies["/manifest.note"], _ = h.manifest().Text()
			return nil
		}, []string{"cannot be relied on"}},
		"signed by another key":       {func(h *house) []string { h.lies["/manifest.note"] = other(h); return nil }, []string{"not signed by the server's own key"}},
		"not signed by the given key": {func(h *house) []string { return []string{h.release("example.org/release"), foreign(h)} }, []string{"not signed by the given key example.org/release+"}},
		"no release signature":        {func(h *house) []string { return []string{foreign(h)} }, []string{"not signed by the given key"}},
		"the server tells another key": {func(h *house) []string {
			h.shows = newHouse(h.t).shows
			return nil
		}, []string{"not signed by the server's own key"}},
		"the server tells no key": {func(h *house) []string { h.lies["/v1/server"] = `{"server_id":"AAAA"}`; return nil }, []string{"key could not be learned"}},
		"no text of ours": {func(h *house) []string {
			b, err := note.Sign(&note.Note{Text: "ringfence settings\n"}, h.signers...)
			if err != nil {
				h.t.Fatal(err)
			}
			h.lies["/manifest.note"] = string(b)
			return nil
		}, []string{"signed manifest cannot be read"}},
		"a note without an end": {func(h *house) []string { h.lies["/manifest.note"] = strings.Repeat("a", maxNote+1); return nil }, []string{"longer than"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			keys := c.lie(h)
			got := h.compare(keys...)
			if len(got.Wrong) == 0 {
				t.Fatal("nothing was found")
			}
			for _, want := range c.says {
				if !strings.Contains(strings.Join(got.Wrong, "\n"), want) {
					t.Errorf("%q does not say %q", got.Wrong, want)
				}
			}
		})
	}
}

// A server with another build than ours signs and serves it: that is found,
// and what differs is named, also files that only one of the two has.
func TestCompareAnotherBuild(t *testing.T) {
	h := newHouse(t)
	own := h.manifest()
	h.files = maps.Clone(h.files)
	h.files["/"], h.files["/worker.js"] = "<!doctype html><p>", "more"
	delete(h.files, "/assets/i.02.png")
	h.rebuild()
	c, err := compare(t.Context(), own, h.server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(c.Wrong, "\n")
	if len(c.Wrong) != 3 || !strings.Contains(all, "/ differs") || !strings.Contains(all, "/worker.js is not in this build") || !strings.Contains(all, "/assets/i.02.png could not be compared") {
		t.Errorf("%q", c.Wrong)
	}
	h.lies["/assets/i.02.png"] = "\x89PNG" // served, but not signed
	if c, err = compare(t.Context(), own, h.server.URL, nil); err != nil || !strings.Contains(strings.Join(c.Wrong, "\n"), "the signed manifest does not name it") {
		t.Errorf("%q %v", c.Wrong, err)
	}
}

func TestCompareKeysThatAreNone(t *testing.T) {
	h := newHouse(t)
	for _, k := range []string{"", "x", "a+00000000+AAAA", h.serverKey() + "A"} {
		if _, err := compare(t.Context(), h.manifest(), h.server.URL, []string{k}); !errors.Is(err, ErrKey) {
			t.Errorf("%q: %v", k, err)
		}
	}
}

// Without anybody's signature there is no note; with one of another build
// there is no build.
func TestNote(t *testing.T) {
	h := newHouse(t)
	status := func(path string, signers ...note.Signer) int {
		w := httptest.NewRecorder()
		handler(h.build, signers).ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w.Code
	}
	if got := status("/manifest.note"); got != http.StatusNotFound {
		t.Errorf("a note that nobody signed: %d", got)
	}
	h.release("example.org/release")
	if got := status("/manifest.note"); got != http.StatusOK {
		t.Errorf("a note of the release key alone: %d", got)
	}
	h.build["dist/manifest.json"] = &fstest.MapFile{Data: []byte(fmt.Sprintf(`{"version":1,"build":"v2","files":{"/":%q}}`, hashOf(h.files["/"])))}
	if _, err := load(h.build, nil); err == nil || !strings.Contains(err.Error(), "signed another build") {
		t.Errorf("a signature of another build: %v", err)
	}
	h.build["dist/release.note"] = &fstest.MapFile{Data: []byte("damaged")}
	if _, err := load(h.build, nil); err == nil {
		t.Error("a damaged signature is one")
	}
}
