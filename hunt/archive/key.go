package archive

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ringfence/ringfence/hunt/record"
)

// Key makes pseudonyms. Who has it can make the pseudonym of any account, and so
// find the account of any pseudonym by trying all of them.
type Key [32]byte

// KeyName is the key's file in the data folder.
const KeyName = "calls.key"

const pemType = "RINGFENCE CALL RECORDS KEY"

// ErrNoKey says that there is no key: none was made, or it was destroyed.
var ErrNoKey = errors.New("archive: there is no key of pseudonyms; it was never made, or was destroyed")

// letters are those of RFC 4648 §6, in lower case.
var letters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Account is the pseudonym of an account: the first 80 bits of HMAC-SHA-256 over
// "account:" and its id, as 16 letters. Two of a hundred million accounts fall
// together with a chance of one in two hundred million.
func (k *Key) Account(id string) string { return k.pseudonym("account:", id) }

// Call is the pseudonym of a call; another one than an account of that id has.
func (k *Key) Call(id string) string { return k.pseudonym("call:", id) }

func (k *Key) pseudonym(kind, id string) string {
	h := hmac.New(sha256.New, k[:])
	h.Write([]byte(kind))
	h.Write([]byte(id))
	return letters.EncodeToString(h.Sum(nil)[:10])
}

// hide replaces the ids of a record.
func (k *Key) hide(r *record.Record) {
	r.Caller, r.Callee = k.Account(r.Caller), k.Account(r.Callee)
	if r.Call != "" {
		r.Call = k.Call(r.Call)
	}
}

// ReadKey reads the key of a data folder, or says ErrNoKey.
func ReadKey(folder string) (*Key, error) {
	path := filepath.Join(folder, KeyName)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoKey
	}
	if err != nil {
		return nil, fmt.Errorf("archive: %w; make it readable for the user who runs the service", err)
	}
	block, rest := pem.Decode(b)
	if block == nil || block.Type != pemType || len(block.Bytes) != len(Key{}) || len(rest) != 0 {
		return nil, fmt.Errorf("archive: key file %s is damaged; restore it from a backup, or destroy it: what was written under it then stays without names", path)
	}
	k := Key(block.Bytes)
	return &k, nil
}

// OpenKey reads the key of a data folder, and makes it when there is none.
func OpenKey(folder string) (*Key, error) {
	k, err := ReadKey(folder)
	if !errors.Is(err, ErrNoKey) {
		return k, err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("archive: %w; choose a folder that can be written with --data", err)
	}
	k = &Key{}
	rand.Read(k[:])
	f, err := os.CreateTemp(folder, ".new-*")
	if err != nil {
		return nil, fmt.Errorf("archive: %w; make the data folder writable", err)
	}
	defer os.Remove(f.Name())
	if err := errors.Join(pem.Encode(f, &pem.Block{Type: pemType, Bytes: k[:]}), f.Chmod(0o600), f.Sync(), f.Close()); err != nil {
		return nil, fmt.Errorf("archive: writing the key: %w", err)
	}
	// A link does not replace: of two programs that make a key at once, one wins,
	// and both use that one.
	if err := os.Link(f.Name(), filepath.Join(folder, KeyName)); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("archive: writing the key: %w", err)
	}
	return ReadKey(folder)
}

// DestroyKey overwrites and deletes the key of a data folder, and its shares. No
// pseudonym that was made with it can be turned back by it any more.
func DestroyKey(folder string) error {
	there := false
	for _, name := range []string{SharesName, KeyName} {
		err := destroy(filepath.Join(folder, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("archive: destroying %s: %w; it may still be there, so try again as the user who runs the service", name, err)
		}
		there = true
	}
	if !there {
		return ErrNoKey
	}
	return syncFolder(folder)
}

// destroy overwrites a file before it is deleted.
func destroy(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		_, err = f.WriteAt(make([]byte, info.Size()), 0)
	}
	return errors.Join(err, f.Sync(), f.Close(), os.Remove(path))
}
