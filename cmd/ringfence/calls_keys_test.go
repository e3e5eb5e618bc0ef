package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/ringfence/ringfence/hunt/archive"
	"github.com/ringfence/ringfence/internal/load"
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
	usual := []string{"--pseudonym", wanted, "--pseudonym", nobody, "--case", "K-2026-0001", "--as", files[0], "--as", files[1]}
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
		"one person":               {"--pseudonym", wanted, "--case", "K-2026-0001", "--as", files[0]},
		"a case that is none":      {"--pseudonym", wanted, "--case", "curiosity", "--as", files[0], "--as", files[1]},
		"a pseudonym that is none": {"--pseudonym", "ann", "--case", "K-2026-0001", "--as", files[0], "--as", files[1]},
	} {
		if out := reveal(exitUsage, args...); strings.Contains(out, ann.ID.String()) {
			t.Errorf("%s: %s", name, out)
		}
	}
	for name, two := range map[string][2]string{"one person twice": {files[0], files[0]}, "a person without a share": {files[0], files[2]}, "no key": {files[0], filepath.Join(data, "server.key")}} {
		if out := reveal(exitFailed, "--pseudonym", wanted, "--case", "K-2026-0001", "--as", two[0], "--as", two[1]); strings.Contains(out, ann.ID.String()) {
			t.Errorf("%s: %s", name, out)
		}
	}
	// Records of another system are looked up among ids that are given.
	among := filepath.Join(dir, "numbers")
	if err := os.WriteFile(among, []byte("+491\r\n+492\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := reveal(exitDone, "--pseudonym", key.Account("+492"), "--case", "K-2026-0002", "--as", files[1], "--as", files[0], "--among", among); !strings.Contains(out, `"account":"+492"`) {
		t.Errorf("among numbers: %s", out)
	}
	log := callsJSON(t, exitDone, "reveals", "--data", data)
	if lines := log["reveals"].([]any); len(lines) != 2 || lines[0].(map[string]any)["case"] != "K-2026-0001" || strings.Contains(fmt.Sprint(lines), ann.ID.String()) {
		t.Errorf("log: %v", log)
	}
	if out, said, code := commandLine(t, "verify", "--data", data); code != exitDone {
		t.Errorf("verify: exit %d: %s%s", code, out, said)
	}

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
