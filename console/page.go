package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"math"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/ringfence/ringfence/casefile/draw"
	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/hunt/report"
	"github.com/ringfence/ringfence/internal/look"
	"github.com/ringfence/ringfence/wire"
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed assets/*
var assetFiles embed.FS

var funcs = template.FuncMap{
	"inert":   inert,
	"asset":   assetPath,
	"look":    func() string { return look.Path },
	"action":  func(a guard.Action) string { return word(actionWords, a) },
	"kind":    func(k guard.Kind) string { return word(kindWords, k) },
	"short":   func(k guard.Kind) string { return word(kindShort, k) },
	"origin":  func(o guard.Origin) string { return word(originWords, o) },
	"utc":     utc,
	"rfc":     func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) },
	"count":   count,
	"text":    func(id wire.ID) string { return id.String() },
	"lower":   strings.ToLower,
	"percent": func(share float64) string { return count(int(math.Round(100 * share))) },
	"inc":     func(n int) int { return n + 1 },
	"int":     func(n int64) int { return int(n) },
}

// pages are the templates: each page with the layout and the shared parts.
var pages = func() map[string]*template.Template {
	all := map[string]*template.Template{}
	base := template.Must(template.New("").Funcs(funcs).ParseFS(pageFiles, "pages/layout.html", "pages/parts.html", "pages/case_parts.html"))
	entries, err := pageFiles.ReadDir("pages")
	if err != nil {
		panic(err)
	}
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), ".html")
		if name == "layout" || strings.HasSuffix(name, "parts") {
			continue
		}
		all[name] = template.Must(template.Must(base.Clone()).ParseFS(pageFiles, path.Join("pages", e.Name())))
	}
	return all
}()

// asset is one of the console's own static files.
type asset struct {
	data []byte
	mime string
}

// assets are by the name under which they are served, which holds their hash;
// assetNames lead from the plain name to that one.
var assets, assetNames = loadAssets()

func loadAssets() (map[string]asset, map[string]string) {
	types := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	byHash, names := map[string]asset{}, map[string]string{}
	add := func(name string, data []byte) {
		sum := sha256.Sum256(data)
		ext := path.Ext(name)
		hashed := strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:8]) + ext
		byHash[hashed], names[name] = asset{data, types[ext]}, hashed
	}
	add("campaign.css", report.Style()) // of the drawings
	add("draw.css", draw.CSS())         // of a case's figures
	entries, err := assetFiles.ReadDir("assets")
	if err != nil {
		panic(err)
	}
	for _, e := range entries {
		data, err := assetFiles.ReadFile(path.Join("assets", e.Name()))
		if err != nil {
			panic(err)
		}
		add(e.Name(), data)
	}
	return byHash, names
}

func assetPath(name string) (string, error) {
	hashed, ok := assetNames[name]
	if !ok {
		return "", fmt.Errorf("there is no asset %q", name)
	}
	return "/assets/" + hashed, nil
}

func serveAsset(w http.ResponseWriter, r *http.Request) {
	a, ok := assets[r.PathValue("file")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", a.mime)
	w.Header().Set("Content-Length", strconv.Itoa(len(a.data)))
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Write(a.data)
}

// frame is what every page has around its own data.
type frame struct {
	Title   string
	Here    string // first part of the path, to mark where we are
	Analyst guard.Analyst
	Build   string
	Now     time.Time
	Page    any
}

// render writes a page. It is made in memory first, so that a template that
// fails does not leave half a page behind.
func (d *console) render(w http.ResponseWriter, r *http.Request, status int, name, title string, data any) {
	here, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	var b bytes.Buffer
	err := pages[name].ExecuteTemplate(&b, "layout", frame{title, here, analyst(r), d.Build, d.Now().UTC(), data})
	if err != nil {
		d.Log.Error("console: a page could not be made", "page", name, "error", err)
		http.Error(w, "this page could not be made; the server's log says why", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	w.Write(b.Bytes())
}

// problem is a page that says what went wrong and what to do.
func (d *console) problem(w http.ResponseWriter, r *http.Request, status int, what, next string) {
	d.render(w, r, status, "problem", "That did not work", struct{ What, Next string }{what, next})
}

// broken answers a fault of the server, and logs it.
func (d *console) broken(w http.ResponseWriter, r *http.Request, what string, err error) {
	if r.Context().Err() != nil {
		return // the browser has gone
	}
	d.Log.Error("console: "+what, "path", r.URL.Path, "error", err)
	d.problem(w, r, http.StatusInternalServerError, "The server could not do this: "+what+".", "Try again; the server's log says why it went wrong.")
}

// utc writes a time for people. Everything is in UTC, as in the ledger, so
// that two analysts read the same.
func utc(t time.Time) string {
	if t.IsZero() {
		return "unknown"
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}
