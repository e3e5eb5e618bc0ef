package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
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
	do := func(want int, args ...string) string {
		t.Helper()
		out, said, code := commandLine(t, append(args, "--data", data, "--json")...)
		if code != want {
			t.Fatalf("%v: exit %d: %s%s", args, code, out, said)
		}
		return out
	}
	var keys [2]string
	for i, name := range []string{"ann", "ben"} {
		keys[i] = filepath.Join(dir, name+".signer")
		out, said, code := commandLine(t, "hunt", "key", name, "--out", keys[i], "--json")
		var made struct{ Key string }
		if err := json.Unmarshal([]byte(out), &made); err != nil || code != exitDone {
			t.Fatalf("hunt key: exit %d, %v: %s", code, err, said)
		}
		ask := []string{"calls", "reveal", "--pseudonym", wanted, "--case", "K-2026-0001", "--as", keys[i]}
		if out := do(exitFailed, ask...); strings.Contains(out, account) {
			t.Errorf("somebody who is not enrolled: %s", out)
		}
		do(exitDone, "hunt", "enroll", made.Key)
	}
	ask := []string{"calls", "reveal", "--pseudonym", wanted, "--case", "K-2026-0001", "--as", keys[0]}
	id := regexp.MustCompile(`Q-\d{4}-\d{4}`)
	first := id.FindString(do(exitFailed, ask...))
	again := do(exitFailed, ask...)
	if first == "" || id.FindString(again) != first || strings.Contains(again, account) {
		t.Fatalf("asked alone: %s, again: %s", first, again)
	}
	do(exitDone, "hunt", "approve", first, "--as", keys[1])
	if out := do(exitDone, ask...); !strings.Contains(out, account) || !strings.Contains(out, first) {
		t.Errorf("approved: %s", out)
	}
	if out := do(exitFailed, ask...); strings.Contains(out, account) || id.FindString(out) == first {
		t.Errorf("an approval is good once: %s", out)
	}
}
