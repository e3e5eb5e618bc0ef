package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	flog "github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/ringfence/ringfence/store/heads"
	"github.com/ringfence/ringfence/verify"
)

// book is a log of the tests.
type book struct {
	*testing.T
	signer note.Signer
	key    note.Verifier
	hashes []tlog.Hash
	n      int64
}

func newBook(t *testing.T) *book {
	t.Helper()
	secret, public, err := note.GenerateKey(nil, "log.example")
	b := &book{T: t}
	b.must(err)
	b.signer, err = note.NewSigner(secret)
	b.must(err)
	b.key, err = note.NewVerifier(public)
	b.must(err)
	return b
}

func (b *book) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *book) read(at []int64) ([]tlog.Hash, error) {
	var all []tlog.Hash
	for _, n := range at {
		all = append(all, b.hashes[n])
	}
	return all, nil
}

func (b *book) add(text string) {
	b.Helper()
	stored, err := tlog.StoredHashesForRecordHash(b.n, tlog.RecordHash([]byte(text)), tlog.HashReaderFunc(b.read))
	b.must(err)
	b.hashes = append(b.hashes, stored...)
	b.n++
}

func (b *book) checkpoint() []byte {
	b.Helper()
	root, err := tlog.TreeHash(b.n, tlog.HashReaderFunc(b.read))
	b.must(err)
	c, err := note.Sign(&note.Note{Text: verify.CheckpointText("log.example", tlog.Tree{N: b.n, Hash: root})}, b.signer)
	b.must(err)
	return c
}

func (b *book) ask(url string) (string, error) {
	return Ask(context.Background(), http.DefaultClient, url, b.checkpoint(), b.n, func(old int64) (tlog.TreeProof, error) {
		return tlog.ProveTree(b.n, old, tlog.HashReaderFunc(b.read))
	})
}

// serve starts a witness that knows the log; a folder that was used before goes on.
func (b *book) serve(dir string) (string, *Key) {
	b.Helper()
	kept, err := heads.Open(filepath.Join(dir, "witness.db"))
	b.must(err)
	key, err := NewKey("witness.example", bytes.Repeat([]byte{7}, 32))
	b.must(err)
	server := httptest.NewServer(&Server{key, map[string]note.Verifier{"log.example": b.key}, kept, time.Now})
	b.Cleanup(func() { server.Close(); _ = kept.Close() })
	return server.URL, key
}

// What a witness cosigns is believed by us and by a library that is not ours.
func TestCosign(t *testing.T) {
	b := newBook(t)
	url, key := b.serve(t.TempDir())
	for i := range 9 {
		b.add(fmt.Sprint(i))
		line, err := b.ask(url)
		b.must(err)
		cosigned := append(b.checkpoint(), line...)
		own, err := verify.NewWitness(key.Verifier())
		b.must(err)
		if _, err := verify.OpenCheckpoint(cosigned, b.key, own); err != nil || own.Time(cosigned).IsZero() {
			t.Fatalf("%v\n%s", err, cosigned)
		}
		foreign, err := fnote.NewVerifierForCosignatureV1(key.Verifier())
		b.must(err)
		_, _, n, err := flog.ParseCheckpoint(cosigned, "log.example", b.key, foreign)
		if err != nil || len(n.Sigs) != 2 {
			t.Fatalf("a foreign library: %v, %d signatures\n%s", err, len(n.Sigs), cosigned)
		}
	}
	if _, err := b.ask(url); err != nil {
		t.Errorf("the same state again: %v", err)
	}
}

// A log that its owner rewrote is refused: with another history, or with fewer entries;
// also by a witness that was started again.
func TestRewritten(t *testing.T) {
	dir := t.TempDir()
	b := newBook(t)
	url, _ := b.serve(dir)
	for i := range 5 {
		b.add(fmt.Sprint(i))
	}
	_, err := b.ask(url)
	b.must(err)
	for what, forge := range map[string]func(*book){
		"another history": func(f *book) {
			f.add("0")
			f.add("x")
			f.add("2")
			f.add("3")
			f.add("4")
			f.add("5")
		},
		"another one, as long": func(f *book) { f.add("0"); f.add("x"); f.add("2"); f.add("3"); f.add("4") },
		"fewer entries":        func(f *book) { f.add("0"); f.add("1") },
		"the beginning is another": func(f *book) {
			f.add("y")
			f.add("1")
			f.add("2")
			f.add("3")
			f.add("4")
			f.add("5")
			f.add("6")
		},
	} {
		f := &book{T: t, signer: b.signer, key: b.key}
		forge(f)
		if _, err := f.ask(url); !errors.Is(err, ErrConflict) {
			t.Errorf("%s: %v", what, err)
		}
		again, _ := f.serve(dir)
		if _, err := f.ask(again); !errors.Is(err, ErrConflict) {
			t.Errorf("%s, after the witness was started again: %v", what, err)
		}
	}
	b.add("5")
	if _, err := b.ask(url); err != nil {
		t.Errorf("the true log goes on: %v", err)
	}
}

func TestRefused(t *testing.T) {
	b := newBook(t)
	url, _ := b.serve(t.TempDir())
	b.add("0")
	other := newBook(t) // of the same name, with another key
	other.add("0")
	for what, one := range map[string]struct {
		body   string
		status int
	}{
		"another key":  {"old 0\n\n" + string(other.checkpoint()), http.StatusForbidden},
		"another log":  {"old 0\n\n" + strings.Replace(string(b.checkpoint()), "log.example", "log.test", 1), http.StatusNotFound},
		"no old size":  {"\n\n" + string(b.checkpoint()), http.StatusBadRequest},
		"old is more":  {"old 2\n\n" + string(b.checkpoint()), http.StatusBadRequest},
		"a proof of 0": {"old 0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n" + string(b.checkpoint()), http.StatusBadRequest},
		"too long":     {"old 0\n\n" + strings.Repeat("x", 1<<20), http.StatusBadRequest},
	} {
		r, err := http.Post(url+"/add-checkpoint", "text/plain", strings.NewReader(one.body))
		b.must(err)
		r.Body.Close()
		if r.StatusCode != one.status {
			t.Errorf("%s: %d, want %d", what, r.StatusCode, one.status)
		}
	}
}

func FuzzRequest(f *testing.F) {
	f.Add([]byte("old 3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\nlog.example\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if old, proof, _, err := parseRequest(b); err == nil && (old < 0 || len(proof) > 63) {
			t.Errorf("%d, %d", old, len(proof))
		}
	})
}
