package service

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
	"github.com/ringfence/ringfence/wire/settings"
)

func (w *world) guardFile(text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.folder, guardFile), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// A minimum build is in force while the service runs, and everybody is told.
func TestMinimumBuildWithoutARestart(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.register("alice").connect(), w.register("bob").connect()
	w.befriend(alice, bob)
	before := w.settings()
	w.guardFile(`{"minimum_build": 7, "limits": {"offers_per_minute": 3}}`)
	pushed, err := settings.Open(alice.await(call.TypeSettings)[1:], w.s.ServerID(), 0)
	if err != nil || pushed.MinimumBuild != 7 || pushed.Serial <= before.Serial {
		t.Fatalf("the settings are %+v, %v; they were %+v", pushed, err, before)
	}
	alice.write(alice.offer(bob.account, wire.Sound))
	if m := alice.awaitMessage(call.TypeRefused); m.Reason != call.Refused {
		t.Errorf("a client that is too old is told %v", m.Reason)
	}
	if !w.refusedBy("R14") {
		t.Error("no verdict of R14")
	}
	for _, wrong := range []string{`{"minimum_build": `, `{"minimum_bild": 1}`, `{"limits": {"offers_per_minute": 0}}`, `{"off": ["R2"]}`} {
		w.guardFile(wrong)
		if err := w.s.Reconfigure(context.Background()); err == nil || !bytes.Contains([]byte(err.Error()), []byte(guardFile)) {
			t.Errorf("%s: %v, want an error that names the file", wrong, err)
		}
		if c := w.s.Guard().Config(); c.MinimumBuild != 7 || c.Limits.OffersPerMinute != 3 {
			t.Errorf("%s: it is in force: %+v", wrong, c)
		}
	}
}

func (w *world) settings() settings.Settings {
	w.t.Helper()
	signed, err := b64.DecodeString(w.want(200, "GET", "/v1/server", "", nil)["settings"].(string))
	if err != nil {
		w.t.Fatal(err)
	}
	s, err := settings.Open(signed, w.s.ServerID(), 0)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// The serial grows when the settings change, and only then, over restarts too.
func TestSerial(t *testing.T) {
	w := newWorld(t)
	w.guardFile(`{"minimum_build": 2}`)
	if err := w.s.Reconfigure(context.Background()); err != nil {
		t.Fatal(err)
	}
	first := w.settings()
	if err := w.s.Reconfigure(context.Background()); err != nil {
		t.Fatal(err)
	}
	if again := w.settings(); again.Serial != first.Serial {
		t.Errorf("the serial went from %d to %d with nothing changed", first.Serial, again.Serial)
	}
	w.stop()
	w.start()
	if again := w.settings(); again.Serial < first.Serial {
		t.Errorf("after a restart the serial is %d, was %d", again.Serial, first.Serial)
	}
}

// A clock that is behind what has happened is refused; damaged keys are, too.
func TestRefusesToStart(t *testing.T) {
	w := newWorld(t)
	w.register("alice")
	w.stop()
	early := func() time.Time { return time.Now().Add(-time.Hour) }
	if _, err := New(Config{Data: w.folder, Now: early}); err == nil || !bytes.Contains([]byte(err.Error()), []byte("clock")) {
		t.Errorf("with a clock that is an hour behind: %v", err)
	}
	key := filepath.Join(w.folder, "server.key")
	whole, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(key); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("the key is readable for others: %v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(key, whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Config{Data: w.folder}); err == nil || !bytes.Contains([]byte(err.Error()), []byte("server.key")) {
		t.Errorf("with half a key: %v", err)
	}
	if _, err := ReadKeys(w.folder); err == nil {
		t.Error("half a key is read")
	}
	if err := os.WriteFile(key, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	w.start()
}

// A running service vouches for its letters, to who holds its key; what answers
// in its place is found out.
func TestAskVerify(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.register("alice"), w.register("bob")
	w.befriend(alice, bob)
	if err := w.s.Serving(w.web.URL); err != nil {
		t.Fatal(err)
	}
	if letters, wrong, err := AskVerify(t.Context(), w.folder, time.Now()); err != nil || wrong != "" || letters != 1 {
		t.Errorf("%d letters, %q, %v; want the one of the introduction", letters, wrong, err)
	}
	if _, _, err := AskVerify(t.Context(), w.folder, time.Now().Add(-time.Hour)); err == nil {
		t.Error("an old signature is taken")
	}
	_, other, _ := ed25519.GenerateKey(nil)
	w.s.keys.Admin = other // as if another server stood there
	if _, _, err := AskVerify(t.Context(), w.folder, time.Now()); err == nil {
		t.Error("another server is believed")
	}
}

// What a run of the range leaves behind is deleted when its time is over.
func TestRunsEnd(t *testing.T) {
	w := newWorld(t)
	invite := func(run string) string {
		code := newCode()
		i := store.Invite{Hash: hashOf(code), Expires: time.Now().Add(time.Hour), Run: run}
		if err := w.s.Store().AddInvite(t.Context(), i); err != nil {
			t.Fatal(err)
		}
		return code
	}
	old, live := runName(time.Now().Add(-time.Second)), runName(time.Now().Add(time.Hour))
	for name, run := range map[string]string{"left": old, "busy": live} {
		w.want(200, "POST", "/v1/register", "", registration(newKey(), invite(run), name))
	}
	w.register("alice")
	if err := w.s.endRuns(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, there := range map[string]bool{"left": false, "busy": true, "alice": true} {
		if _, err := w.s.Store().AccountByName(t.Context(), name); (err == nil) != there {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func hashOf(code string) [32]byte { return sha256.Sum256([]byte(code)) }
