package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"github.com/andybalholm/brotli"
	"github.com/evanw/esbuild/pkg/api"

	"github.com/ringfence/ringfence/wire/manifest"
)

// bundle is what a browser is served, by URL path.
type bundle struct {
	files map[string][]byte
	names map[string]string // what a source is called -> the path that holds its hash
}

// add keeps an asset under a name that holds its hash.
func (b *bundle) add(name string, data []byte) {
	sum := sha256.Sum256(data)
	ext := path.Ext(name)
	url := "/assets/" + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:8]) + ext
	b.files[url] = data
	if b.names == nil {
		b.names = map[string]string{}
	}
	b.names[name] = url
}

func (b *bundle) collect(wasm, support []byte) error {
	b.add("engine.wasm", wasm)
	script, err := esbuild(support, "wasm_exec.js", api.LoaderJS)
	if err != nil {
		return err
	}
	b.add("wasm_exec.js", script)
	for _, entry := range []string{"main.ts", "app.css"} {
		out, err := esbuildFile("web/app/"+entry, nil)
		if err != nil {
			return err
		}
		b.add(strings.Replace(entry, ".ts", ".js", 1), out)
	}
	icon, err := read("web/app/icon.svg")
	if err != nil {
		return err
	}
	b.add("icon.svg", icon)
	for _, i := range icons {
		png, err := i.draw()
		if err != nil {
			return err
		}
		b.add(i.name, png)
	}
	return b.pages()
}

// pages adds what has a name that stays: the page, the web app's manifest and
// the service worker.
func (b *bundle) pages() error {
	for _, page := range []string{"index.html", "app.webmanifest"} {
		text, err := read("web/app/" + page)
		if err != nil {
			return err
		}
		t, err := template.New(page).Funcs(template.FuncMap{"asset": b.asset}).Parse(string(text))
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if err := t.Execute(&out, nil); err != nil {
			return err
		}
		b.files[strings.TrimSuffix("/"+page, "index.html")] = out.Bytes()
	}
	hashed := []string{}
	for url := range b.files {
		if strings.HasPrefix(url, "/assets/") {
			hashed = append(hashed, url)
		}
	}
	slices.Sort(hashed)
	list, err := json.Marshal(hashed)
	if err != nil {
		return err
	}
	worker, err := esbuildFile("web/app/worker.ts", map[string]string{"HASHED": string(list)})
	b.files["/worker.js"] = worker
	return err
}

func (b *bundle) asset(name string) (string, error) {
	if url, ok := b.names[name]; ok {
		return url, nil
	}
	return "", fmt.Errorf("no asset %s", name)
}

func esbuildFile(entry string, define map[string]string) ([]byte, error) {
	return bundled(api.Build(api.BuildOptions{
		EntryPoints: []string{entry}, Bundle: true, Outdir: distFolder, Define: define,
		Format: api.FormatESModule, Target: api.ES2022, Charset: api.CharsetUTF8, LegalComments: api.LegalCommentsNone,
		MinifyWhitespace: true, MinifyIdentifiers: true, MinifySyntax: true,
		// light-dark() stays as it is: every browser that can run the engine knows it.
		Supported: map[string]bool{"nesting": true},
	}))
}

// bundled is the one file that esbuild made, or what it had to say.
func bundled(r api.BuildResult) ([]byte, error) {
	if err := complaints(append(r.Errors, r.Warnings...)); err != nil {
		return nil, err
	}
	if len(r.OutputFiles) != 1 {
		return nil, fmt.Errorf("esbuild wrote %d files for one entry", len(r.OutputFiles))
	}
	return r.OutputFiles[0].Contents, nil
}

func esbuild(source []byte, name string, loader api.Loader) ([]byte, error) {
	r := api.Transform(string(source), api.TransformOptions{
		Loader: loader, Sourcefile: name, Target: api.ES2022, MinifyWhitespace: true, MinifyIdentifiers: true, MinifySyntax: true,
		LegalComments: api.LegalCommentsInline, Charset: api.CharsetUTF8,
		Banner: "/*! Copyright 2018 The Go Authors. BSD-style license: https://go.dev/LICENSE */",
	})
	return r.Code, complaints(append(r.Errors, r.Warnings...))
}

func complaints(all []api.Message) error {
	var errs []error
	for _, m := range all {
		where := ""
		if m.Location != nil {
			where = fmt.Sprintf("%s:%d:%d: ", m.Location.File, m.Location.Line, m.Location.Column)
		}
		errs = append(errs, errors.New(where+m.Text))
	}
	return errors.Join(errs...)
}

// write replaces what is in the folder. What compresses is written compressed,
// twice; the rest as it is.
func (b *bundle) write(folder string) error {
	if err := empty(folder); err != nil {
		return err
	}
	hashes := map[string]string{}
	for url, data := range b.files {
		sum := sha256.Sum256(data)
		hashes[url] = hex.EncodeToString(sum[:])
		name := url
		if name == "/" {
			name = "/index.html"
		}
		if err := writeTwins(filepath.Join(folder, filepath.FromSlash(name)), data); err != nil {
			return err
		}
	}
	list, err := json.Marshal(manifest.Manifest{Version: 1, Files: hashes}) // seal names the build
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "manifest.json"), list, 0o644)
}

// empty leaves nothing in the folder but what keeps it in the repository.
func empty(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if e.Name() == ".keep" {
			continue
		}
		if err := os.RemoveAll(filepath.Join(folder, e.Name())); err != nil {
			return err
		}
	}
	return os.MkdirAll(filepath.Join(folder, "assets"), 0o755)
}

func writeTwins(file string, data []byte) error {
	if path.Ext(file) == ".png" {
		return os.WriteFile(file, data, 0o644)
	}
	var br, gz bytes.Buffer
	w := brotli.NewWriterOptions(&br, brotli.WriterOptions{Quality: brotli.BestCompression, LGWin: 24})
	z, err := gzip.NewWriterLevel(&gz, gzip.BestCompression)
	if err != nil {
		return err
	}
	_, err1 := w.Write(data)
	_, err2 := z.Write(data)
	if err := errors.Join(err1, err2, w.Close(), z.Close()); err != nil {
		return err
	}
	return errors.Join(os.WriteFile(file+".br", br.Bytes(), 0o644), os.WriteFile(file+".gz", gz.Bytes(), 0o644))
}
