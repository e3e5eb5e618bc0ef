package turnguard

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/ringfence/ringfence/guard/own"
	"github.com/ringfence/ringfence/wire/stun"
)

// A request to which a rule of the operator objects is refused, and is a verdict
// under the rule's name; others are not touched.
func TestOwnRules(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rules.json")
	if err := os.WriteFile(path, []byte(`{"rules":[{"id":"X2","title":"A network","when":"stun.peers.exists(p, p.startsWith(\"127.0.0.9\"))","severity":"high","action":"refuse","examples":[
		{"stun":"0008000c2112a442 000000000000000000000000 00120008 00012112 5e12a44b","fires":true},{"stun":"0008000c2112a442 000000000000000000000000 00120008 00012112 e112a643","fires":false}]}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	rules, err := own.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	s, kept := serve(t, func(c *Config) { c.Own = rules })
	c := newHand(t, s, "ann")
	c.allocate()
	if code := c.peer(stun.CreatePermission, netip.MustParseAddrPort("127.0.0.9:5000")); code != 403 {
		t.Errorf("a peer that the rule objects to: %d", code)
	}
	if code := c.peer(stun.CreatePermission, netip.MustParseAddrPort("127.0.0.8:5000")); code != 0 {
		t.Errorf("another peer: %d", code)
	}
	if !kept.fired("X2") {
		t.Errorf("no verdict of X2:\n%s", kept)
	}
}
