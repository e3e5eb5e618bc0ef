package edition

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
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

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/internal/authority"
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

// The state of the log is stamped by an authority, and openssl believes what is in the
// case file, by the command of its README; of a stamp that was changed neither it nor
// we do.
func TestForeignStamp(t *testing.T) {
	d := newDesk(t)
	o := authority.Start(t, "tsa")
	d.must(os.WriteFile(filepath.Join(d.cases, "roots.pem"), o.Roots, 0o600))
	d.must(os.WriteFile(filepath.Join(d.cases, casefile.AuthoritiesName), fmt.Appendf(nil, `[{"name":"Example Authority","url":%q,"roots":"roots.pem"},{"name":"Nobody","url":"http://127.0.0.1:1/","roots":"roots.pem"}]`, o.URL), 0o600))
	e, err := Parse("court")
	d.must(err)
	path := filepath.Join(t.TempDir(), "case.zip")
	r, err := Export(context.Background(), d.c, d.lead, path, Options{Edition: e, Now: time.Now(), Prove: func(ctx context.Context) ([]string, error) {
		_, pending, err := d.room.Stamp(ctx, http.DefaultClient)
		return pending, err
	}})
	d.must(err)
	if len(r.Pending) != 1 || !strings.Contains(r.Pending[0], "Nobody") {
		t.Errorf("pending is %q, want the authority that cannot be reached", r.Pending)
	}
	folder := d.unzip(path)
	verifies := exec.Command("sh", "-e", "-c", `for t in data/service/stamps/*.tsr; do openssl ts -verify -data data/service/checkpoint.txt -in "$t" -CAfile "${t%.tsr}.pem"; done`)
	verifies.Dir = folder
	if out, err := verifies.CombinedOutput(); err != nil || !strings.Contains(string(out), "Verification: OK") {
		t.Errorf("%v: %s", err, out)
	}
	if faults := d.verify(path); len(faults) > 0 {
		t.Errorf("%q", faults)
	}
	checks, err := d.c.Verify(context.Background(), func(int64) {})
	d.must(err)
	for _, one := range checks {
		if len(one.Faults) > 0 {
			t.Errorf("%s: %q", one.Name, one.Faults)
		}
	}
	text := filepath.Join(folder, "data/service/checkpoint.txt")
	d.must(os.Chmod(text, 0o600))
	d.must(os.WriteFile(text, []byte("another log\n1\nAAAA\n"), 0o600))
	again := exec.Command("sh", "-e", "-c", verifies.Args[3])
	again.Dir = folder
	if out, err := again.CombinedOutput(); err == nil {
		t.Errorf("openssl believes another log: %s", out)
	}
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
