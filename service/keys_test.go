package service

import (
	"context"
	"testing"

	"github.com/ringfence/ringfence/guard"
)

// Who runs out of one-time keys is on record, over a restart, until the device
// has left new ones. Asking for the other keys alone spends nothing.
func TestRunningDryIsOnRecord(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.register("alice"), w.register("bob")
	w.befriend(alice, bob)
	alice.upload(1)
	dry := func(f guard.DryFilter) []guard.DrySpell {
		t.Helper()
		all, err := w.s.Store().Dry(context.Background(), f, guard.Newest(10))
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	ask := func(path string, wantKey bool) {
		t.Helper()
		out := w.want(200, "GET", "/v1/accounts/"+alice.account.String()+path, bob.token, nil)
		if got := out["one_time_key"] != ""; got != wantKey || out["fallback_key"] == nil {
			t.Errorf("%s: %v", path, out["one_time_key"])
		}
	}
	ask("/keys", false)
	ask("/keys?one_time=1", true)
	if n := len(dry(guard.DryFilter{})); n != 0 {
		t.Errorf("%d accounts are said to have run out while there was a key", n)
	}
	ask("/keys?one_time=1", false)
	ask("/keys?one_time=1", false)
	ask("/keys", false)
	w.stop()
	w.start()
	all := dry(guard.DryFilter{Now: true})
	if len(all) != 1 || all[0].Account != alice.account || all[0].Name != "alice" || all[0].Given != 2 || !all[0].Refilled.IsZero() || all[0].Last.Before(all[0].Since) {
		t.Fatalf("on record: %+v", all)
	}
	alice.upload(1)
	if all := dry(guard.DryFilter{}); len(all) != 1 || all[0].Given != 2 || all[0].Refilled.Before(all[0].Last) {
		t.Errorf("after new keys: %+v", all)
	}
	if n := len(dry(guard.DryFilter{Now: true})); n != 0 {
		t.Errorf("%d accounts are said to have none now", n)
	}
	ask("/keys?one_time=1", true)
}
