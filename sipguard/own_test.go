package sipguard

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/guard/own"
)

// What a rule of the operator objects to goes no further, and is a verdict under its
// name; everything else goes on.
func TestOwnRules(t *testing.T) {
	message := func(agent string) string {
		return fmt.Sprintf(`INVITE sip:bob@b.example SIP/2.0\nVia: SIP/2.0/UDP a.example;branch=z9hG4bK1\nMax-Forwards: 70\nFrom: <sip:a@b.example>;tag=1\nTo: <sip:bob@b.example>\nCall-ID: a\nCSeq: 1 INVITE\nUser-Agent: %s\nContent-Length: 0\n\n`, agent)
	}
	rule := func(id, agent, action string) string {
		return fmt.Sprintf(`{"id":%q,"title":"program %s","when":"sip.user_agent == '%s'","severity":"medium","action":%q,"examples":[{"message":"%s","fires":true},{"message":"%s","fires":false}]}`, id, agent, agent, action, message(agent), message("a phone"))
	}
	path := filepath.Join(t.TempDir(), "rules.json")
	if err := os.WriteFile(path, []byte(`{"rules":[`+rule("X1", "scanner", "refuse")+","+rule("X2", "prober", "drop")+`]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	rules, err := own.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, func(c *Config) { c.Own = rules })
	eve := newPhone(t, "eve", b.outside)
	ask := func(agent string) {
		eve.send(eve.request("OPTIONS", "sip:bob@example.com", "<sip:eve@example.com>;tag=1", "<sip:bob@example.com>", random(), 1, "User-Agent: "+agent+"\n", ""))
	}
	ask("scanner")
	eve.expect("403")
	ask("prober")
	ask("a phone") // what was sent before has been looked at by now
	if m := eve.expect("403", "200"); m.Status != 200 {
		t.Errorf("a request that is dropped was answered with %d", m.Status)
	}
	for _, id := range []string{"X1", "X2"} {
		if !slices.Contains(b.rules(), id) {
			t.Errorf("no verdict of %s: %v", id, b.rules())
		}
	}
	alice, bob := b.two()
	a := alice.call("bob")
	bob.ring().pickUp()
	a.connected()
	if text := strings.Join(b.rules(), " "); strings.Count(text, "X") != 2 {
		t.Errorf("honest calls are objected to: %s", text)
	}
}
