package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"

	"github.com/ringfence/ringfence/hunt/approval"
	"github.com/ringfence/ringfence/hunt/archive"
	"github.com/ringfence/ringfence/internal/load"
	"github.com/ringfence/ringfence/store"
)

func TestCallsReveal(t *testing.T) {
	dir, data := t.TempDir(), filepath.Join(t.TempDir(), "data")
	said, stop := serving(t, data, "--open")
	_, after, _ := strings.Cut(said.String(), "messenger  ")
	server := strings.Replace(strings.TrimSuffix(strings.Fields(after)[0], "/"), "localhost", "127.0.0.1", 1)
	ann, err := load.Register(server, "", "ann")
	if err != nil {
		t.Fatal(err)
	}
	stop()
	key, err := archive.OpenKey(data)
	if err != nil {
		t.Fatal(err)
	}
	var files, recipients [3]string
	for i := range files {
		id, err := age.GenerateX25519Identity()
		if err != nil {
			t.Fatal(err)
		}
		files[i], recipients[i] = filepath.Join(dir, fmt.Sprint(i, ".key")), id.Recipient().String()
		if err := os.WriteFile(files[i], []byte("# a person\n"+id.String()+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	reveal := func(want int, args ...string) string {
		t.Helper()
		out, said, code := commandLine(t, append([]string{"calls", "reveal", "--data", data, "--json"}, args...)...)
		if code != want {
			t.Errorf("reveal %v: exit %d: %s%s", args, code, out, said)
		}
		return out
	}
	wanted, nobody := key.Account(ann.ID.String()), key.Account("nobody")
	usual := []string{"--pseudonym", wanted, "--pseudonym", nobody, "--case", "K-2026-0001", "--share-key", files[0], "--share-key", files[1]}
	reveal(exitFailed, usual...) // the key is not split yet
	if _, said, code := commandLine(t, "calls", "split-key", "--data", data, "--to", recipients[0]); code != exitUsage {
		t.Errorf("split to one person: exit %d: %s", code, said)
	}
	callsJSON(t, exitDone, "split-key", "--data", data, "--to", recipients[0], "--to", recipients[1])
	var got struct {
		Found    []revealed
		NotFound int `json:"not_found"`
		Logged   int
	}
	if err := json.Unmarshal([]byte(reveal(exitDone, usual...)), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Found) != 1 || got.Found[0] != (revealed{wanted, ann.ID.String(), "ann"}) || got.NotFound != 1 || got.Logged != 1 {
		t.Errorf("revealed %+v", got)
	}
	for name, args := range map[string][]string{
		"one person":               {"--pseudonym", wanted, "--case", "K-2026-0001", "--share-key", files[0]},
		"a case that is none":      {"--pseudonym", wanted, "--case", "curiosity", "--share-key", files[0], "--share-key", files[1]},
		"a pseudonym that is none": {"--pseudonym", "ann", "--case", "K-2026-0001", "--share-key", files[0], "--share-key", files[1]},
	} {
		if out := reveal(exitUsage, args...); strings.Contains(out, ann.ID.String()) {
			t.Errorf("%s: %s", name, out)
		}
	}
	for name, two := range map[string][2]string{"one person twice": {files[0], files[0]}, "a person without a share": {files[0], files[2]}, "no key": {files[0], filepath.Join(data, "server.key")}} {
		if out := reveal(exitFailed, "--pseudonym", wanted, "--case", "K-2026-0001", "--share-key", two[0], "--share-key", two[1]); strings.Contains(out, ann.ID.String()) {
			t.Errorf("%s: %s", name, out)
		}
	}
	// Records of another system are looked up among ids that are given.
	among := filepath.Join(dir, "numbers")
	if err := os.WriteFile(among, []byte("+491\r\n+492\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := reveal(exitDone, "--pseudonym", key.Account("+492"), "--case", "K-2026-0002", "--share-key", files[1], "--share-key", files[0], "--among", among); !strings.Contains(out, `"account":"+492"`) {
		t.Errorf("among numbers: %s", out)
	}
	log := callsJSON(t, exitDone, "reveals", "--data", data)
	if lines := log["reveals"].([]any); len(lines) != 2 || lines[0].(map[string]any)["case"] != "K-2026-0001" || strings.Contains(fmt.Sprint(lines), ann.ID.String()) {
		t.Errorf("log: %v", log)
	}
	if out, said, code := commandLine(t, "verify", "--data", data); code != exitDone {
		t.Errorf("verify: exit %d: %s%s", code, out, said)
	}

	approvedReveal(t, dir, data, wanted, ann.ID.String())

	if _, _, code := commandLine(t, "calls", "destroy-key", "--data", data); code != exitUsage {
		t.Errorf("destroyed without --yes: exit %d", code)
	}
	if _, said, code := commandLine(t, "calls", "destroy-key", "--data", data, "--yes"); code != exitDone {
		t.Errorf("destroy-key: exit %d: %s", code, said)
	}
	reveal(exitFailed, usual...)
	all, _ := texts(t, data)
	if bytes.Contains([]byte(all), key[:]) || strings.Contains(all, "CALL RECORDS KEY") {
		t.Error("the key is still in the data folder")
	}
}

// approvedReveal turns a pseudonym back with the service's key: one person asks,
// another approves.
func approvedReveal(t *testing.T, dir, data, wanted, account string) {
	t.Helper()
	var signers [2]note.Signer
	var files [2]string
	st, err := store.Open(data, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	book := approval.Open(st, time.Now)
	for i, name := range []string{"ann", "ben"} {
		secret, public, err := approval.NewKey(name)
		if err != nil {
			t.Fatal(err)
		}
		files[i] = filepath.Join(dir, name+".signer")
		if err := os.WriteFile(files[i], []byte(secret+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if signers[i], err = note.NewSigner(secret); err != nil {
			t.Fatal(err)
		}
		if i == 1 { // ben is not enrolled yet
			if out, _, code := commandLine(t, "calls", "reveal", "--data", data, "--json", "--pseudonym", wanted, "--case", "K-2026-0001", "--as", files[1]); code != exitFailed || strings.Contains(out, account) {
				t.Errorf("somebody who is not enrolled: exit %d: %s", code, out)
			}
		}
		if _, err := book.Enroll(t.Context(), public); err != nil {
			t.Fatal(err)
		}
	}
	ask := func() (r revelation) {
		t.Helper()
		out, said, code := commandLine(t, "calls", "reveal", "--data", data, "--json", "--pseudonym", wanted, "--case", "K-2026-0001", "--as", files[0])
		if err := json.Unmarshal([]byte(out), &r); code != exitDone || err != nil {
			t.Fatalf("exit %d, %v: %s%s", code, err, out, said)
		}
		return r
	}
	r := ask()
	again := ask()
	if r.Done || len(r.Found) > 0 || r.Query == nil || again.Done || again.Query.ID != r.Query.ID || len(again.Query.Approved) != 1 {
		t.Fatalf("asked alone: %+v, again %+v", r, again)
	}
	signed, err := approval.Sign(*r.Query, signers[1])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := book.Approve(t.Context(), r.Query.ID, signed); err != nil {
		t.Fatal(err)
	}
	if r = ask(); !r.Done || len(r.Found) != 1 || r.Found[0].Account != account {
		t.Errorf("approved: %+v", r)
	}
	if again := ask(); again.Done || again.Query.ID == r.Query.ID {
		t.Errorf("an approval is good once: %+v", again)
	}
}
