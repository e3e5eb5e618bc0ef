package service

import (
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Keys are the server's own keys. They lie in the data folder, readable for its
// owner only.
type Keys struct {
	Server ed25519.PrivateKey // signs settings; clients know the server by it
	Admin  ed25519.PrivateKey // proves to the test range that the server is one's own
}

// OpenKeys reads the keys of a data folder, and makes the folder and those that
// are not there.
func OpenKeys(folder string, random io.Reader) (k Keys, err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return Keys{}, fmt.Errorf("data folder %s: %w; choose one that can be written with --data", folder, err)
	}
	if k.Server, err = openKey(filepath.Join(folder, "server.key"), random); err != nil {
		return Keys{}, err
	}
	k.Admin, err = openKey(filepath.Join(folder, "admin.key"), random)
	return k, err
}

// ReadAdminKey reads the admin key of a data folder and makes none.
func ReadAdminKey(folder string) (ed25519.PrivateKey, error) {
	b, err := os.ReadFile(filepath.Join(folder, "admin.key"))
	if err != nil {
		return nil, err
	}
	return parseKey(filepath.Join(folder, "admin.key"), b)
}

// ReadKeys reads the keys of a data folder and makes none.
func ReadKeys(folder string) (k Keys, err error) {
	b, err := os.ReadFile(filepath.Join(folder, "server.key"))
	if err != nil {
		return Keys{}, err
	}
	if k.Server, err = parseKey(filepath.Join(folder, "server.key"), b); err != nil {
		return Keys{}, err
	}
	k.Admin, err = ReadAdminKey(folder)
	return k, err
}

const pemType = "RINGFENCE ED25519 SEED"

func openKey(path string, random io.Reader) (ed25519.PrivateKey, error) {
	b, err := os.ReadFile(path)
	if err == nil {
		return parseKey(path, b)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("key file: %w; make it readable for the user who runs the service", err)
	}
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return nil, err
	}
	return ed25519.NewKeyFromSeed(seed), writeDurably(path, pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: seed}))
}

func parseKey(path string, b []byte) (ed25519.PrivateKey, error) {
	block, rest := pem.Decode(b)
	if block == nil || block.Type != pemType || len(block.Bytes) != ed25519.SeedSize || len(rest) != 0 {
		return nil, fmt.Errorf("key file %s is damaged; restore it from a backup", path)
	}
	return ed25519.NewKeyFromSeed(block.Bytes), nil
}

// writeDurably writes a file that is whole or not there, whatever happens.
func writeDurably(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return fmt.Errorf("%w; make the data folder writable", err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b)
	err = errors.Join(err, f.Chmod(0o600), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
