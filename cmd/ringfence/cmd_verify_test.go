package main

import (
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/ringfence/ringfence/web"
)

// A running service publishes what it serves, signed with its own key, which
// stays the same over a restart.
func TestVerifyServer(t *testing.T) {
	if _, err := web.Hashes(); err != nil {
		t.Skip("the messenger is not built: ", err)
	}
	data := filepath.Join(t.TempDir(), "data")
	url := func() (string, func()) {
		said, stop := serving(t, data)
		return "http://" + strings.Replace(regexp.MustCompile(`localhost:\d+`).FindString(said.String()), "localhost", "127.0.0.1", 1), stop
	}
	base, stop := url()
	out, said, code := commandLine(t, "verify", "--server", base, "--json")
	var up checkUp
	if err := json.Unmarshal([]byte(out), &up); err != nil || code != exitDone {
		t.Fatalf("exit %d: %s%s (%v)", code, out, said, err)
	}
	if !up.Whole || len(up.Wrong) != 0 || up.Build == "" || up.Build != up.OwnBuild || len(up.Signatures) == 0 || up.Signatures[0].Whose != "server" {
		t.Errorf("%+v", up)
	}
	key := up.Signatures[0].Key
	resp, err := http.Get(base + "/manifest.note")
	if err != nil {
		t.Fatal(err)
	}
	signed, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(key)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := note.Open(signed, note.VerifierList(v)); err != nil || !strings.HasPrefix(n.Text, "ringfence web build\nbuild "+up.Build+"\n") {
		t.Errorf("%q: %v", signed, err)
	}
	stop()

	base, _ = url()
	if out, said, code := commandLine(t, "verify", "--server", base, "--key", key); code != exitDone || !strings.Contains(out, "signed by the key given "+key) {
		t.Errorf("after a restart: exit %d, %s%s", code, out, said)
	}
	_, another, err := note.GenerateKey(nil, "example.org/release")
	if err != nil {
		t.Fatal(err)
	}
	if out, said, code := commandLine(t, "verify", "--server", base, "--key", key, "--key", another); code != exitFailed || !strings.Contains(out, "NOT whole") || !strings.Contains(out, "not signed by the given key "+another) {
		t.Errorf("a key that did not sign: exit %d, %s%s", code, out, said)
	}
	for _, args := range [][]string{{"--server", base, "--key", "nonsense"}, {"--data", data, "--key", key}} {
		if out, said, code := commandLine(t, append([]string{"verify"}, args...)...); code != exitUsage || !strings.Contains(said, "--key") {
			t.Errorf("%q: exit %d, %s%s", args, code, out, said)
		}
	}
}
