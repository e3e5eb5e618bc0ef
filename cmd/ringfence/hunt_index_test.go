package main

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/ringfence/ringfence/hunt/sign"
)

// The index is made once, used by hunt --from, and deleted; never beside a
// service's own records.
func TestHuntIndex(t *testing.T) {
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "AppData"} {
		t.Setenv(name, t.TempDir())
	}
	calls := callsOf(t, true)
	indexed := func() (b sign.Built) {
		t.Helper()
		if err := json.Unmarshal([]byte(do(t, exitDone, "hunt", "index", calls, "--json")), &b); err != nil {
			t.Fatal(err)
		}
		return b
	}
	if b := indexed(); b.Fresh || b.Records == 0 || b.Bytes == 0 {
		t.Errorf("first: %+v", b)
	}
	if b := indexed(); !b.Fresh {
		t.Errorf("again: %+v", b)
	}
	var r sign.Expansion
	if err := json.Unmarshal([]byte(do(t, exitFound, "hunt", calls, "--json", "--from", "account:x3")), &r); err != nil {
		t.Fatal(err)
	}
	if r.Index == nil || !r.Index.Fresh || len(r.Accounts) != 12 {
		t.Errorf("expansion: %+v, %d accounts", r.Index, len(r.Accounts))
	}
	do(t, exitDone, "hunt", "index", calls, "--forget")
	if _, err := os.Stat(r.Index.Path); err == nil {
		t.Error("the index is still there")
	}
	own, _ := ownService(t)
	do(t, exitUsage, "hunt", "index", own)
	do(t, exitFailed, "hunt", "index", t.TempDir()+"/none")
}
