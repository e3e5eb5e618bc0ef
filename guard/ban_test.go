package guard

import (
	"encoding/json"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/ringfence/ringfence/wire"
)

func TestParseNetwork(t *testing.T) {
	for in, want := range map[string]string{
		"203.0.113.7/24": "203.0.113.0/24", "2001:db8::1/32": "2001:db8::/32", "as64500": "AS64500", "AS064500": "AS64500",
		"0.0.0.0/0": "", "10.0.0.0/8": "", "::/0": "", "203.0.113.7": "", "AS0": "", "AS4294967296": "", "": "", "::ffff:203.0.113.0/120": "",
	} {
		if got, err := ParseNetwork(in); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", in, got, err, want)
		}
	}
}

func FuzzParseNetwork(f *testing.F) {
	f.Add("203.0.113.0/24")
	f.Add("AS64500")
	f.Fuzz(func(t *testing.T, s string) {
		one, err := ParseNetwork(s)
		if err != nil {
			return
		}
		if two, err := ParseNetwork(one); err != nil || two != one {
			t.Errorf("%q becomes %q, which becomes %q, %v", s, one, two, err)
		}
	})
}

func TestMeets(t *testing.T) {
	addr := netip.MustParseAddr("::ffff:203.0.113.9")
	for _, c := range []struct {
		kind  BanKind
		value string
		want  bool
	}{
		{BanPrint, "c1-a", true}, {BanPrint, "c1-b", false}, {BanPrint, "", false}, {BanNetwork, "203.0.113.0/24", true}, {BanNetwork, "203.0.114.0/24", false},
		{BanNetwork, "AS64500", true}, {BanNetwork, "AS64501", false}, {BanAccount, "c1-a", false}, {BanTerms, "AS64500", false}, {BanNetwork, "nonsense", false},
	} {
		if got := (Ban{Kind: c.kind, Value: c.value}).Meets("c1-a", "AS64500", addr); got != c.want {
			t.Errorf("%s %s: %t", c.kind, c.value, got)
		}
	}
	if (Ban{Kind: BanPrint}).Meets("", "", netip.Addr{}) {
		t.Error("nothing that is known meets a ban")
	}
}

// What another node says is read without stumbling, and what passes leaves bans that
// are whole.
func FuzzBanActs(f *testing.F) {
	f.Add([]byte(`[{"uid":"01000000000000000000000000000000","ban":"01000000000000000000000000000000","at":"2026-11-01T00:00:00Z","do":"add","by":"mara","text":"x","new":{"id":"B-2026-0001","kind":"print","value":"c1-aa","reason":"x","by":["mara","noor"],"until":"2026-12-01T00:00:00Z"}},{"uid":"02000000000000000000000000000000","ban":"01000000000000000000000000000000","at":"2026-11-02T00:00:00Z","do":"lift","by":"noor","text":"x"}]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var acts, whole []BanAct
		if json.Unmarshal(b, &acts) != nil {
			return
		}
		for _, a := range acts {
			if a.Check() == nil {
				whole = append(whole, a)
			}
		}
		for _, b := range Fold(whole) {
			if b.UID.IsZero() || len(b.By) == 0 || b.Reason == "" || b.Broad() && !b.Since.IsZero() && (len(b.By) < 2 || b.Until.IsZero()) {
				t.Errorf("a ban is not whole: %+v", b)
			}
		}
	})
}

// Whatever the order in which acts are heard of, the same bans are left.
func TestFoldInAnyOrder(t *testing.T) {
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	add := func(n byte) BanAct {
		return BanAct{UID: wire.ID{n}, Ban: wire.ID{n}, At: now, Do: BanAdd, New: &Ban{Kind: BanPrint, Value: "c1-aa", Reason: "x", By: []string{"mara"}, Until: now.Add(BroadBan), Lifted: now, Since: now}}
	}
	acts := []BanAct{
		add(1), {UID: wire.ID{2}, Ban: wire.ID{1}, At: now.Add(-time.Hour), Do: BanSecond, By: "noor"}, // of a clock that is behind
		{UID: wire.ID{3}, Ban: wire.ID{1}, At: now.Add(time.Hour), Do: BanAppeal, Text: "no"},
		{UID: wire.ID{4}, Ban: wire.ID{1}, At: now.Add(2 * time.Hour), Do: BanGrant, By: "noor", Text: "right"},
		{UID: wire.ID{5}, Ban: wire.ID{1}, At: now.Add(3 * time.Hour), Do: BanLift, By: "mara", Text: "again"}, // too late: changes nothing
		add(6),
	}
	for range len(acts) {
		acts = append(acts[1:], acts[0])
		b := Fold(acts)
		if len(b) != 2 || !slices.Equal(b[0].By, []string{"mara", "noor"}) || b[0].Appeal.State != AppealLifted || b[0].LiftedBy != "noor" || b[1].State(now) != "waiting" || !b[1].Lifted.IsZero() {
			t.Fatalf("%+v", b)
		}
		slices.Reverse(acts)
	}
}
