// Command buildweb writes web/dist, the messenger as a browser loads it: the
// Go client as WebAssembly, the TypeScript in one minified file, the style
// sheets in another, icons, and the page that names them by their hashes. It
// needs Go and nothing else.
//
// The same sources and the same Go give the same bytes, whoever builds, so
// that the hashes in manifest.json can be compared with what a server serves.
// When nothing has changed since the last run, it writes no more than the
// manifest with the name of the build.
//
// With a release key it signs the manifest too. A key is made by
//
//	go run ./internal/buildweb -new-key example.org/release -key FILE
//
// which prints what others verify its signatures with.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

const (
	distFolder = "web/dist"
	stampFile  = distFolder + "/.stamp"
	wasmFile   = "bin/engine.wasm"
)

func main() {
	var o options
	flag.BoolVar(&o.force, "force", false, "build even when nothing has changed")
	flag.StringVar(&o.build, "build", "unknown", "the `version` or commit that it is built from")
	flag.StringVar(&o.key, "key", os.Getenv("RINGFENCE_RELEASE_KEY"), "`file` with the release key that signs the manifest; none: it is not signed")
	flag.StringVar(&o.newKey, "new-key", "", "make a release key of this `name` in the file of -key, and build nothing")
	flag.Parse()
	if err := o.run(); err != nil {
		fmt.Fprintf(os.Stderr, "buildweb: %v\n", err)
		os.Exit(1)
	}
}

type options struct {
	force              bool
	build, key, newKey string
}

func (o options) run() error {
	if o.newKey != "" {
		verifier, err := newKey(o.newKey, o.key)
		if err == nil {
			fmt.Println(verifier)
		}
		return err
	}
	if err := files(o.force); err != nil {
		return err
	}
	return seal(distFolder, o.build, o.key)
}

// files writes what is served, unless it is there.
func files(force bool) error {
	if err := buildEngine(wasmFile); err != nil {
		return err
	}
	wasm, err := os.ReadFile(wasmFile)
	if err != nil {
		return fmt.Errorf("the engine: %w", err)
	}
	support, err := wasmSupport()
	if err != nil {
		return err
	}
	stamp, err := stampOf(wasm, support)
	if err != nil {
		return err
	}
	if old, err := os.ReadFile(stampFile); err == nil && string(old) == stamp && !force {
		return nil
	}
	b := &bundle{files: map[string][]byte{}}
	if err := b.collect(wasm, support); err != nil {
		return err
	}
	if err := b.write(distFolder); err != nil {
		return err
	}
	return os.WriteFile(stampFile, []byte(stamp), 0o644)
}

// buildEngine compiles the client for the browser. Go itself leaves the file
// alone when it is up to date.
func buildEngine(out string) error {
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", out, "./web/engine")
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("go build ./web/engine: %w", err)
	}
	return nil
}

// wasmSupport is the script with which Go's WebAssembly runs in a browser; it
// belongs to the toolchain that compiled the engine.
func wasmSupport() ([]byte, error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %w", err)
	}
	b, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		return nil, fmt.Errorf("wasm_exec.js of the Go toolchain: %w", err)
	}
	return b, nil
}

// stampOf is the hash of everything that decides what is written.
func stampOf(wasm, support []byte) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, runtime.Version(), len(wasm), len(support))
	h.Write(wasm)
	h.Write(support)
	for _, folder := range []string{"web/app", "internal/look", "internal/buildweb", "go.mod"} {
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			fmt.Fprintln(h, filepath.ToSlash(path), len(b))
			h.Write(b)
			return err
		})
		if err != nil {
			return "", fmt.Errorf("sources of the messenger: %w", err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// read reads a source with the line ends that every system agrees on, so that
// a checkout on Windows builds the same bytes.
func read(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	return bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")), err
}
