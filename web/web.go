// Package web is the messenger: a page, a style sheet, a little TypeScript and
// the Go client as WebAssembly, built by internal/buildweb into web/dist and
// carried inside the program.
//
// The page runs under a policy that allows scripts of its own origin only, no
// inline script, no request to anybody else and no framing. What never changes
// is named by its hash and cached for good; the rest is asked for again.
package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/ringfence/ringfence/wire/manifest"
)

//go:embed all:dist
var dist embed.FS

// Policy is the Content-Security-Policy of the messenger. The one thing beyond
// 'self' for scripts is the permission to compile WebAssembly; data: images
// are the QR codes that the page draws itself, inert as every image is.
const Policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; media-src 'self' blob:; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; " +
	"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types ringfence"

// Manifest is the list of what a browser is served: what somebody compares who
// built the same version.
type Manifest = manifest.Manifest

// Hashes returns the manifest of the build inside this program, and an error
// when it was built without one.
func Hashes() (Manifest, error) {
	m, _, err := readManifest(dist)
	return m, err
}

func readManifest(from fs.FS) (m Manifest, b []byte, err error) {
	b, err = fs.ReadFile(from, "dist/manifest.json")
	if err != nil {
		return m, nil, fmt.Errorf("the messenger is not in this build: %w; run make build", err)
	}
	if err = json.Unmarshal(b, &m); err == nil {
		err = m.Check()
	}
	if err != nil {
		return m, nil, fmt.Errorf("manifest of the messenger: %w; run make build", err)
	}
	return m, b, nil
}

// file is one thing that is served: its bytes in up to three encodings. What
// compresses is kept compressed only.
type file struct {
	plain, br, gz []byte
	kind          string // Content-Type
	tag           string // ETag: the hash in the manifest
	hashed        bool   // its name holds its hash
}

// Handler serves the messenger at the root of its own host, and at
// /manifest.note its hashes, signed by these and, where it was built with one,
// by the release key. Without any signature there is no note.
func Handler(signers ...note.Signer) http.Handler { return handler(dist, signers) }

func handler(from fs.FS, signers []note.Signer) http.Handler {
	files, err := load(from, signers)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protect(w.Header())
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD here", http.StatusMethodNotAllowed)
			return
		}
		if err != nil {
			missing(w)
			return
		}
		f, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		f.serve(w, r)
	})
}

// missing says what to do about a program that was built without its page.
func missing(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	io.WriteString(w, "<!doctype html><html lang=en><meta charset=utf-8><title>Ringfence</title>"+
		"<h1>The messenger is not in this build</h1><p>Run <code>make build</code>, which writes bin/ringfence with the messenger inside, and start that.</p>")
}

func protect(h http.Header) {
	h.Set("Content-Security-Policy", Policy)
	h.Set("Permissions-Policy", "camera=(self), microphone=(self), display-capture=(), geolocation=(), usb=(), serial=(), hid=(), payment=(), midi=()")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
}

// load reads the build once; a build that lacks a file of its manifest is no
// build.
func load(from fs.FS, signers []note.Signer) (map[string]*file, error) {
	m, b, err := readManifest(from)
	if err != nil {
		return nil, err
	}
	files := map[string]*file{"/manifest.json": plain(b, "application/json")}
	signed, err := sign(from, m, signers)
	if err != nil {
		return nil, err
	}
	if signed != nil {
		files["/manifest.note"] = plain(signed, "text/plain; charset=utf-8")
	}
	for url, hash := range m.Files {
		f, err := read(from, url)
		if err != nil {
			return nil, err
		}
		f.tag = hash
		files[url] = f
	}
	return files, nil
}

func plain(b []byte, kind string) *file {
	sum := sha256.Sum256(b)
	return &file{plain: b, kind: kind, tag: hex.EncodeToString(sum[:])}
}

func read(from fs.FS, url string) (*file, error) {
	name := url
	if name == "/" {
		name = "/index.html"
	}
	f := &file{kind: kind(name), hashed: strings.HasPrefix(url, "/assets/")}
	var err error
	if f.plain, err = fs.ReadFile(from, "dist"+name); err == nil {
		return f, nil
	}
	if f.br, err = fs.ReadFile(from, "dist"+name+".br"); err != nil {
		return nil, err
	}
	f.gz, err = fs.ReadFile(from, "dist"+name+".gz")
	return f, err
}

// kind is the media type by the ending; never what the host happens to have
// configured.
func kind(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".wasm":
		return "application/wasm"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".webmanifest":
		return "application/manifest+json"
	}
	return "application/octet-stream"
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Vary", "Accept-Encoding")
	h.Set("ETag", `"`+f.tag+`"`)
	h.Set("Cache-Control", "no-cache")
	if f.hashed {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if strings.Contains(r.Header.Get("If-None-Match"), f.tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body, coding := f.encoded(r.Header.Get("Accept-Encoding"))
	if coding != "" {
		h.Set("Content-Encoding", coding)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		w.Write(body)
	}
}

// encoded picks what the browser takes: RFC 9110 §12.5.3, of which a weight of
// zero, "do not", is the part that browsers and tools use.
func (f *file) encoded(accept string) (body []byte, coding string) {
	switch {
	case f.plain != nil:
		return f.plain, ""
	case takes(accept, "br"):
		return f.br, "br"
	case takes(accept, "gzip"):
		return f.gz, "gzip"
	}
	z, err := gzip.NewReader(bytes.NewReader(f.gz))
	if err != nil {
		return nil, ""
	}
	body, err = io.ReadAll(z) // of our own making, so its size is known
	if err != nil {
		return nil, ""
	}
	return body, ""
}

func takes(accept, coding string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), coding) {
			q, ok := strings.CutPrefix(strings.TrimSpace(weight), "q=")
			v, err := strconv.ParseFloat(q, 64)
			return !ok || err == nil && v > 0
		}
	}
	return false
}
