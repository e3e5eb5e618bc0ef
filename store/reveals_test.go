package store

import "testing"

func TestReveals(t *testing.T) {
	s, _, _ := open(t)
	ctx := t.Context()
	for range 3 {
		_, err := s.AddReveal(ctx, Reveal{Case: "K-2026-0001", Persons: [2]string{"age1a", "age1b"}, Pseudonyms: []string{"abcdefghijklmnop"}, Found: 1})
		check(t, err)
	}
	all, err := s.Reveals(ctx)
	check(t, err)
	if len(all) != 3 || all[2].Number != 3 || all[0].Pseudonyms[0] != "abcdefghijklmnop" || all[1].At.IsZero() {
		t.Errorf("%+v", all)
	}
	whole := func(want int) {
		t.Helper()
		wrong, err := s.checkReveals(ctx)
		check(t, err)
		if len(wrong) != want {
			t.Errorf("%d lines are wrong, not %d: %q", len(wrong), want, wrong)
		}
	}
	whole(0)
	do := func(query string) error {
		return s.writer.do(ctx, func(x *tx) error { _, err := x.exec(query); return err })
	}
	for _, query := range []string{"DELETE FROM reveals WHERE n = 2", "UPDATE reveals SET case_id = 'K-2026-0002'"} {
		if do(query) == nil {
			t.Errorf("%s is done", query)
		}
	}
	check(t, do("DROP TRIGGER reveals_stay"))
	check(t, do("DROP TRIGGER reveals_are"))
	check(t, do("UPDATE reveals SET found = 0 WHERE n = 1"))
	whole(1)
	check(t, do("UPDATE reveals SET found = 1 WHERE n = 1"))
	whole(0)
	check(t, do("DELETE FROM reveals WHERE n = 2"))
	whole(1)
	check(t, do("DELETE FROM reveals WHERE n = 3")) // what no chain shows
	whole(0)
}
