package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// The same sources give the same bytes, in every file.
func TestReproducible(t *testing.T) {
	t.Chdir("../..")
	wasm := []byte("\x00asm\x01\x00\x00\x00")
	support, err := wasmSupport()
	if err != nil {
		t.Fatal(err)
	}
	var folders []string
	for range 2 {
		folder := t.TempDir()
		b := &bundle{files: map[string][]byte{}}
		if err := b.collect(wasm, support); err != nil {
			t.Fatal(err)
		}
		if err := b.write(folder); err != nil {
			t.Fatal(err)
		}
		folders = append(folders, folder)
	}
	first, second := everything(t, folders[0]), everything(t, folders[1])
	if len(first) < 15 || len(first) != len(second) {
		t.Fatalf("%d and %d files", len(first), len(second))
	}
	for name, data := range first {
		if !bytes.Equal(data, second[name]) {
			t.Errorf("%s differs from one build to the next", name)
		}
	}
}

func everything(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		all[name], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Another engine, or another word in the page, is another build.
func TestStampKnowsWhatDecides(t *testing.T) {
	t.Chdir("../..")
	one, err := stampOf([]byte("a"), []byte("b"))
	if err != nil {
		t.Fatal(err)
	}
	two, err := stampOf([]byte("ab"), nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := stampOf([]byte("a"), []byte("b"))
	if err != nil || one == two || one != again {
		t.Errorf("%s %s %s %v", one, two, again, err)
	}
}
