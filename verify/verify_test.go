package verify

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func opening(value string) Opening {
	salt := make([]byte, SaltSize)
	rand.Read(salt)
	return Opening{salt, []byte(value)}
}

func TestEntry(t *testing.T) {
	open := map[string]Opening{"action": opening(`"acquire"`), "name": opening(`"<a&b>\u0007"`), "size": opening("12")}
	leaf, err := NewLeaf(open)
	if err != nil {
		t.Fatal(err)
	}
	e := Entry{N: 3, Leaf: leaf, Open: open}
	line, err := e.Line()
	if err != nil {
		t.Fatal(err)
	}
	e, err = ReadEntry(line)
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := e.Number("size"); e.Text("name") != "<a&b>\a" || n != 12 || !ok || e.Text("size") != "" {
		t.Errorf("%+v", e)
	}
	delete(e.Open, "name")
	if err := e.Check(); err != nil || fmt.Sprint(e.Withheld()) != "[name]" {
		t.Errorf("a field is withheld: %v, %v", err, e.Withheld())
	}
	e.Open["name"] = opening(`"another"`)
	if e.Check() == nil {
		t.Error("another name passes")
	}
	e.Open["name"] = Opening{e.Open["size"].Salt, []byte("12")}
	if e.Check() == nil {
		t.Error("the opening of one field passes as another")
	}
}

// The tree that is read from its beginning is that of package tlog, at every size.
func TestTree(t *testing.T) {
	var tree Tree
	var hashes hashReader
	for n := range int64(600) {
		leaf := tlog.RecordHash(fmt.Append(nil, n))
		stored, err := tlog.StoredHashesForRecordHash(n, leaf, hashes)
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, stored...)
		tree.Add(leaf)
		want, err := tlog.TreeHash(n+1, hashes)
		if err != nil || tree.Tree() != (tlog.Tree{N: n + 1, Hash: want}) {
			t.Fatalf("with %d entries the hash is another: %v", n+1, err)
		}
	}
	paths := map[string]int{}
	err := Tiles(600, hashes, func(n int64) ([]byte, error) { return fmt.Append(nil, n), nil }, func(p string, b []byte) error {
		paths[p] = len(b)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for p, size := range map[string]int{"tile/0/000": 256 * 32, "tile/0/001": 256 * 32, "tile/0/002.p/88": 88 * 32, "tile/1/000.p/2": 64, "tile/entries/002.p/88": 88 * 5} {
		if paths[p] != size {
			t.Errorf("%s has %d bytes, want %d; there are %v", p, paths[p], size, paths)
		}
	}
}

func TestProof(t *testing.T) {
	secret, public, err := note.GenerateKey(nil, "log.example")
	if err != nil {
		t.Fatal(err)
	}
	signer, _ := note.NewSigner(secret)
	log, _ := note.NewVerifier(public)
	var hashes hashReader
	for n := range int64(9) {
		stored, _ := tlog.StoredHashesForRecordHash(n, tlog.RecordHash(fmt.Append(nil, n)), hashes)
		hashes = append(hashes, stored...)
	}
	root, _ := tlog.TreeHash(9, hashes)
	checkpoint, err := note.Sign(&note.Note{Text: CheckpointText("log.example", tlog.Tree{N: 9, Hash: root})}, signer)
	if err != nil {
		t.Fatal(err)
	}
	hs, err := tlog.ProveRecord(9, 4, hashes)
	if err != nil {
		t.Fatal(err)
	}
	text := Proof{4, hs, checkpoint}.Marshal()
	p, err := ParseProof(text)
	if err != nil || !bytes.Equal(p.Marshal(), text) {
		t.Fatalf("%v\n%s", err, text)
	}
	if err := p.Check(tlog.RecordHash([]byte("4")), log); err != nil {
		t.Error(err)
	}
	if p.Check(tlog.RecordHash([]byte("5")), log) == nil {
		t.Error("it proves another entry")
	}
	p.Index = 5
	if p.Check(tlog.RecordHash([]byte("4")), log) == nil {
		t.Error("it proves another place")
	}
}

func FuzzEntry(f *testing.F) {
	open := map[string]Opening{"action": opening(`"acquire"`)}
	leaf, _ := NewLeaf(open)
	line, _ := Entry{Leaf: leaf, Open: open}.Line()
	f.Add(line)
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := ReadEntry(b)
		if err != nil {
			return
		}
		again, err := e.Line()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ReadEntry(again); err != nil {
			t.Errorf("%s is read, and not as it is written: %v", b, err)
		}
	})
}

func FuzzProof(f *testing.F) {
	f.Add([]byte("c2sp.org/tlog-proof@v1\nindex 4\n\nlog.example\n9\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParseProof(b)
		if err == nil && !bytes.Equal(p.Marshal(), b) {
			t.Errorf("%q is read as %q", b, p.Marshal())
		}
		parseCheckpoint(string(b))
		NewWitness(string(b))
	})
}
