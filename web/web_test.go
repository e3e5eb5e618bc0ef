package web_test

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	"github.com/ringfence/ringfence/internal/look"
	"github.com/ringfence/ringfence/web"
)

func get(t *testing.T, method, path string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	web.Handler().ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) []byte {
	t.Helper()
	var from io.Reader = r.Body
	switch r.Header.Get("Content-Encoding") {
	case "br":
		from = brotli.NewReader(r.Body)
	case "gzip":
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		from = z
	}
	b, err := io.ReadAll(from)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The same bytes in every encoding, and those of the manifest.
func TestServedIsWhatTheManifestSays(t *testing.T) {
	m, err := web.Hashes()
	if err != nil {
		t.Skip("the messenger is not built: ", err)
	}
	for path, want := range m.Files {
		for _, accept := range []string{"", "br", "gzip", "br;q=0, gzip", "gzip, deflate, br, zstd"} {
			r := get(t, "GET", path, "Accept-Encoding", accept)
			sum := sha256.Sum256(body(t, r))
			if got := hex.EncodeToString(sum[:]); r.StatusCode != 200 || got != want {
				t.Errorf("%s with %q: status %d, SHA-256 %s, want %s", path, accept, r.StatusCode, got, want)
			}
			if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.Contains(accept, coding) || accept == "br;q=0, gzip" && coding == "br" {
				t.Errorf("%s: %q was given %q", path, accept, coding)
			}
		}
		hashed := strings.HasPrefix(path, "/assets/")
		if cache := get(t, "GET", path).Header.Get("Cache-Control"); hashed != strings.Contains(cache, "immutable") {
			t.Errorf("%s: Cache-Control %q", path, cache)
		}
		if r := get(t, "GET", path, "If-None-Match", `"`+want+`"`); r.StatusCode != http.StatusNotModified {
			t.Errorf("%s: %d for what the browser has", path, r.StatusCode)
		}
	}
	if size := get(t, "GET", engine(t, m), "Accept-Encoding", "br").ContentLength; size > 1_600_000 {
		t.Errorf("the engine is %d bytes compressed, at most 1.6 MB", size)
	}
}

func engine(t *testing.T, m web.Manifest) string {
	t.Helper()
	for path := range m.Files {
		if strings.HasSuffix(path, ".wasm") {
			return path
		}
	}
	t.Fatal("no engine in the build")
	return ""
}

func TestPolicy(t *testing.T) {
	r := get(t, "GET", "/")
	for header, want := range map[string]string{
		"Content-Security-Policy":    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval';",
		"Permissions-Policy":         "camera=(self), microphone=(self)",
		"Cross-Origin-Opener-Policy": "same-origin",
		"X-Content-Type-Options":     "nosniff",
		"Referrer-Policy":            "no-referrer",
	} {
		if got := r.Header.Get(header); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q", header, got)
		}
	}
	for _, never := range []string{"unsafe-inline", "'unsafe-eval'", "http:", "https:", "*"} {
		if strings.Contains(web.Policy, never) {
			t.Errorf("the policy allows %s", never)
		}
	}
	if page := string(body(t, r)); regexp.MustCompile(`\son\w+=|\sstyle=|<script>|<style`).MatchString(page) {
		t.Error("the page has something inline")
	}
	if r := get(t, "POST", "/"); r.StatusCode != http.StatusMethodNotAllowed || r.Header.Get("Allow") == "" {
		t.Errorf("POST: %d", r.StatusCode)
	}
	for _, path := range []string{"/dist/index.html", "/.stamp", "/assets/", "/../web.go", "/index.html"} {
		if r := get(t, "GET", path); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, r.StatusCode)
		}
	}
}

func TestLookIsServedUnderItsHash(t *testing.T) {
	w := httptest.NewRecorder()
	look.Handler().ServeHTTP(w, httptest.NewRequest("GET", look.Path, nil))
	sum := sha256.Sum256(look.CSS())
	if !strings.Contains(look.Path, hex.EncodeToString(sum[:8])) || w.Body.String() != string(look.CSS()) || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("%s: %v", look.Path, w.Header())
	}
}

// Every language says the same: the same words, with the same gaps.
func TestLanguagesSayTheSame(t *testing.T) {
	en, ar := words(t, "app/words_en.ts"), words(t, "app/words_ar.ts")
	gap := regexp.MustCompile(`\{\w+\}`)
	if len(en) < 100 {
		t.Fatalf("only %d words were read", len(en))
	}
	for word, text := range en {
		other, ok := ar[word]
		a, b := gap.FindAllString(text, -1), gap.FindAllString(other, -1)
		slices.Sort(a)
		slices.Sort(b)
		if !ok || !slices.Equal(a, b) && !strings.HasSuffix(word, "_one") {
			t.Errorf("%s: English %q, Arabic %q", word, text, other)
		}
	}
	if len(ar) != len(en) {
		t.Errorf("%d words in English, %d in Arabic", len(en), len(ar))
	}
}

func words(t *testing.T, file string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^  (\w+): "(.*)",$`).FindAllStringSubmatch(string(text), -1) {
		all[m[1]] = m[2]
	}
	return all
}

// What other people sent has no way to become markup.
func TestNoMarkupFromText(t *testing.T) {
	files, err := os.ReadDir("app")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile("app/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		if m := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|setHTMLUnsafe|\beval\(|new Function|DOMParser|createContextualFragment|srcdoc`).Find(text); m != nil {
			t.Errorf("%s uses %s", f.Name(), m)
		}
	}
}
