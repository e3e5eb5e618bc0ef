package store

import (
	"fmt"
	"testing"
	"time"
)

func TestCampaignsKeepTheirIDs(t *testing.T) {
	s, err := Open(t.TempDir(), func() time.Time { return time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC) })
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	keep := func(accounts ...string) string {
		id, err := s.KeepCampaign(t.Context(), "strong", accounts, func(id string) ([]byte, error) { return fmt.Appendf(nil, "{%q:%d}", id, len(accounts)), nil })
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	first := keep("a", "b", "c", "d")
	if first != "C-2026-0001" {
		t.Fatalf("the first is %s", first)
	}
	for _, c := range []struct {
		accounts []string
		want     string
	}{
		{[]string{"a", "b", "c", "d", "e", "f"}, first}, // it has grown
		{[]string{"a", "b"}, "C-2026-0001"},             // less of it was found
		{[]string{"x", "y", "z"}, "C-2026-0002"},
		{[]string{"f", "p", "q"}, "C-2026-0003"}, // one account in common is not the same
		{[]string{"y", "z"}, "C-2026-0002"},
	} {
		if got := keep(c.accounts...); got != c.want {
			t.Errorf("%v is kept as %s, want %s", c.accounts, got, c.want)
		}
	}
	all, err := s.Campaigns(t.Context())
	if err != nil || len(all) != 3 {
		t.Fatalf("%d are kept, want 3 (%v)", len(all), err)
	}
	one, err := s.Campaign(t.Context(), first)
	if err != nil || string(one.Body) != `{"C-2026-0001":2}` {
		t.Errorf("%s, %v", one.Body, err)
	}
	if _, err := s.Campaign(t.Context(), "C-2026-0009"); err != ErrNotFound {
		t.Errorf("one that is not there: %v", err)
	}
}
