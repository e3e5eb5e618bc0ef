package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/ringfence/ringfence/wire/manifest"
)

// releaseNote is the manifest signed by the release key. The server adds its
// own signature to it.
const releaseNote = "release.note"

// seal writes into the manifest what it was built from, and signs it when
// there is a release key. It happens also when the files are as they were.
func seal(folder, build, keyFile string) error {
	path := filepath.Join(folder, "manifest.json")
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var m manifest.Manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return fmt.Errorf("%s: %w; build with -force", path, err)
	}
	m.Build = build
	text, err := m.Text()
	if err != nil {
		return err
	}
	if b, err = json.MarshalIndent(m, "", " "); err != nil {
		return err
	}
	if err := os.WriteFile(path, append(b, '\n'), 0o644); err != nil {
		return err
	}
	signed := filepath.Join(folder, releaseNote)
	if keyFile == "" {
		if err := os.Remove(signed); !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return nil
	}
	signer, err := readKey(keyFile)
	if err != nil {
		return err
	}
	if b, err = note.Sign(&note.Note{Text: text}, signer); err != nil {
		return fmt.Errorf("release key %s: %w", keyFile, err)
	}
	return os.WriteFile(signed, b, 0o644)
}

func readKey(file string) (note.Signer, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("release key: %w", err)
	}
	s, err := note.NewSigner(strings.TrimSpace(string(b)))
	if err != nil {
		return nil, fmt.Errorf("release key %s: %w; make one with -new-key", file, err)
	}
	return s, nil
}

// newKey makes a release key in a file that is not there yet, and returns what
// others verify its signatures with.
func newKey(name, file string) (verifier string, err error) {
	if file == "" {
		return "", errors.New("-new-key needs a file for the key: name it with -key")
	}
	if strings.ContainsAny(name, "+ \t\r\n") {
		return "", fmt.Errorf("the name %q of a key must have no space and no plus", name)
	}
	private, verifier, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return "", err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(private + "\n")
	return verifier, errors.Join(err, f.Sync(), f.Close())
}
