package edition

import (
	"bytes"
	"context"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/formats/proof"
	merkle "github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
)

// Every proof in a case file is believed by a verifier that is not ours, and no proof
// of anything else.
func TestForeignVerifier(t *testing.T) {
	d := newDesk(t)
	folder := d.unzip(d.export("court"))
	key, err := os.ReadFile(filepath.Join(folder, "data/service/key.txt"))
	d.must(err)
	own, err := note.NewVerifier(strings.TrimSpace(string(key)))
	d.must(err)
	checked := 0
	for _, p := range d.files(folder, "data/ledger/proofs/*.tlog-proof") {
		leaf, err := os.ReadFile(strings.TrimSuffix(p, ".tlog-proof") + ".leaf.json")
		d.must(err)
		text, err := os.ReadFile(p)
		d.must(err)
		v := d.ledgerVerifier(own, text)
		if err := believes(text, leaf, v); err != nil {
			t.Errorf("%s: %v", filepath.Base(p), err)
		}
		leaf[len(leaf)/2] ^= 1
		if believes(text, leaf, v) == nil {
			t.Errorf("%s: another leaf is believed", filepath.Base(p))
		}
		checked++
	}
	if checked != 4 {
		t.Errorf("%d proofs were checked, want one for each exhibit", checked)
	}
	for _, p := range d.files(folder, "data/service/proofs/*.tlog-proof") {
		text, err := os.ReadFile(p)
		d.must(err)
		if _, _, _, err := log.ParseCheckpoint(checkpointOf(t, text), own.Name(), own); err != nil {
			t.Errorf("%s: %v", filepath.Base(p), err)
		}
	}
}

func (d *desk) files(folder, pattern string) []string {
	d.Helper()
	all, err := filepath.Glob(filepath.Join(folder, filepath.FromSlash(pattern)))
	d.must(err)
	return all
}

// ledgerVerifier is the service's key under the name of the case's own log.
func (d *desk) ledgerVerifier(own note.Verifier, text []byte) note.Verifier {
	d.Helper()
	origin, _, _ := strings.Cut(string(checkpointOf(d.T, text)), "\n")
	if !strings.HasPrefix(origin, own.Name()+"/case/") {
		d.Fatalf("the log %q is not one of %q", origin, own.Name())
	}
	parts := strings.SplitN(d.room.Key(), "+", 3)
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	d.must(err)
	vkey, err := note.NewEd25519VerifierKey(origin, raw[1:])
	d.must(err)
	v, err := note.NewVerifier(vkey)
	d.must(err)
	return v
}

func checkpointOf(t *testing.T, text []byte) []byte {
	t.Helper()
	var p proof.TLogProof
	if err := p.Unmarshal(text); err != nil {
		t.Fatal(err)
	}
	return p.Checkpoint
}

// believes has the proof read, its signature checked and the tree recomputed by
// libraries of the transparency.dev project.
func believes(text, leaf []byte, v note.Verifier) error {
	var p proof.TLogProof
	if err := p.Unmarshal(text); err != nil {
		return err
	}
	cp, _, _, err := log.ParseCheckpoint(p.Checkpoint, v.Name(), v)
	if err != nil {
		return err
	}
	var hashes [][]byte
	for _, h := range p.Hashes {
		hashes = append(hashes, bytes.Clone(h[:]))
	}
	return merkle.VerifyInclusion(rfc6962.DefaultHasher, p.Index, cp.Size, rfc6962.DefaultHasher.HashLeaf(leaf), hashes, cp.Hash)
}

// A file that was encrypted to somebody is opened by the age program.
func TestForeignAge(t *testing.T) {
	program, err := exec.LookPath("age")
	switch {
	case err != nil && os.Getenv("CI") == "true":
		t.Fatal("AGE IS MISSING: no encrypted case file was opened; install age")
	case err != nil:
		t.Skip("AGE IS MISSING: no encrypted case file was opened; install age and test again")
	}
	d := newDesk(t)
	id, err := age.GenerateX25519Identity()
	d.must(err)
	dir := t.TempDir()
	key := filepath.Join(dir, "key.txt")
	d.must(os.WriteFile(key, []byte(id.String()+"\n"), 0o600))
	e, err := Parse("court")
	d.must(err)
	path := filepath.Join(dir, "case.zip.age")
	_, err = Export(context.Background(), d.c, d.lead, path, Options{Edition: e, Now: time.Now(), To: []age.Recipient{id.Recipient()}})
	d.must(err)
	out := filepath.Join(dir, "case.zip")
	if said, err := exec.Command(program, "-d", "-i", key, "-o", out, path).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	if faults := d.verify(out); len(faults) > 0 {
		t.Errorf("%q", faults)
	}
}
