package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/ringfence/ringfence/wire/manifest"
)

func sealed(t *testing.T, folder, build, key string) (m manifest.Manifest, signed []byte) {
	t.Helper()
	if err := seal(folder, build, key); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(folder, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	signed, err = os.ReadFile(filepath.Join(folder, releaseNote))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return m, signed
}

// The manifest names its build, and with a key it is signed; whoever has the
// verifier key sees that.
func TestSeal(t *testing.T) {
	folder, file := t.TempDir(), filepath.Join(t.TempDir(), "release.key")
	b := &bundle{files: map[string][]byte{"/": []byte("page"), "/worker.js": []byte("worker")}}
	if err := b.write(folder); err != nil {
		t.Fatal(err)
	}
	m, signed := sealed(t, folder, "v1", "")
	if m.Build != "v1" || len(m.Files) != 2 || signed != nil {
		t.Errorf("%+v, signed %q", m, signed)
	}
	verifierKey, err := newKey("example.org/release", file)
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(verifierKey)
	if err != nil {
		t.Fatal(err)
	}
	m, signed = sealed(t, folder, "v2", file)
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := m.Text(); err != nil || text != n.Text || !strings.Contains(text, "build v2\n") {
		t.Errorf("signed %q, want %q (%v)", n.Text, text, err)
	}
	if _, again := sealed(t, folder, "v2", file); !bytes.Equal(again, signed) {
		t.Error("the same build is signed otherwise the second time")
	}
	if _, signed = sealed(t, folder, "v2", ""); signed != nil {
		t.Error("a build without a key keeps the signature of the one before")
	}
}

func TestKeysThatAreNone(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "manifest.json"), []byte(`{"version":1,"files":{"/":"`+strings.Repeat("00", 32)+`"}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "key")
	if err := os.WriteFile(file, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := seal(folder, "v1", file); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a key that is none: %v", err)
	}
	if err := seal(folder, "v1", file+"2"); err == nil {
		t.Error("a key that is not there signs")
	}
	if err := seal(folder, "v 1", ""); err == nil {
		t.Error("a build whose name is no word")
	}
	for name, to := range map[string]string{"a": file, "a b": file + "3", "a+b": file + "4", "b": ""} {
		if _, err := newKey(name, to); err == nil {
			t.Errorf("key %q made in %q", name, to)
		}
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "no key" {
		t.Error("a key was written over a file")
	}
}
