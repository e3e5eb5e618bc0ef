package sipguard

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What a phone was told about its registration is on disk when it is told: with a
// copy of the file as it is at that moment, as after the end of the process, a new
// guard finds the phone. One that is registered no more is not found.
func TestRegistrationsSurvive(t *testing.T) {
	data := t.TempDir()
	b := newBench(t, func(c *Config) { c.Data = data })
	alice, bob := b.two()
	carol := newPhone(t, "carol", b.outside)
	carol.register()
	b.Guard.mu.Lock()
	for _, one := range b.bindings.byAccount["sip:carol@example.com"] {
		b.forget(one)
	}
	b.Guard.mu.Unlock()
	path := filepath.Join(data, journalName)
	written, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if i, err := os.Stat(path); err != nil || i.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", i.Mode(), err)
	}
	inside := b.Inside()
	b.Close()
	again := t.TempDir()
	if err := os.WriteFile(filepath.Join(again, journalName), append(written, `{"token":"half a li`...), 0o600); err != nil {
		t.Fatal(err)
	}
	c := b.config
	c.Data, c.Inside, c.Listen = again, "", []Listener{{"UDP", b.outside.String()}}
	g, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	go g.Serve(t.Context())
	if g.Inside() != inside {
		t.Errorf("the service knows %s, and the guard is at %s", inside, g.Inside())
	}
	if len(g.bindings.byToken) != 2 {
		t.Errorf("%d phones are registered", len(g.bindings.byToken))
	}
	a := alice.call("bob")
	bob.ring().pickUp()
	a.connected()
	now, err := os.ReadFile(filepath.Join(again, journalName))
	if err != nil || strings.Contains(string(now), "carol") || !strings.Contains(string(now), "bob") {
		t.Errorf("%v:\n%s", err, now)
	}
}

// A file of somebody else's making does no harm, and none of what does not fit is
// taken.
func TestJournalOfOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), journalName)
	until := time.Now().Add(time.Hour).Format(time.RFC3339)
	if err := os.WriteFile(path, []byte(`{"inside":"nowhere"}
{"token":"a","aor":"x","contact":"y","remote":"192.0.2.1:5","self":"192.0.2.2:5","until":"`+until+`"}
{"token":"b","aor":"sip:b@c","contact":"sip:b@c","remote":"192.0.2.1:5","self":"192.0.2.99:5","until":"`+until+`"}
[]
`), 0o600); err != nil {
		t.Fatal(err)
	}
	inside, all, err := readJournal(path)
	if err != nil || inside != (netip.AddrPort{}) || len(all) != 2 {
		t.Fatalf("%v, %v, %v", inside, all, err)
	}
	b := newBench(t, nil)
	for _, e := range all {
		if one := b.restored(e); one != nil {
			t.Errorf("%+v is taken", e)
		}
	}
}
