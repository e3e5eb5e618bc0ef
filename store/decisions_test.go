package store

import (
	"testing"
	"time"
)

// What was decided about a campaign is there after a restart, in its order.
func TestDecisionsStay(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir, func() time.Time { return start })
	check(t, err)
	id, err := s.KeepCampaign(t.Context(), "strong", []string{"a", "b"}, func(string) ([]byte, error) { return []byte("{}"), nil })
	check(t, err)
	check(t, s.Decide(t.Context(), Decision{Campaign: id, By: "mara", Reason: "a drill", Hold: false}))
	check(t, s.Decide(t.Context(), Decision{Campaign: id, By: "ali", Reason: "it was none", Hold: true}))
	if err := s.Decide(t.Context(), Decision{Campaign: "C-2026-9999", By: "mara", Reason: "x"}); err == nil {
		t.Error("something was decided about a campaign that there is not")
	}
	check(t, s.Close())
	s, err = Open(dir, func() time.Time { return start })
	check(t, err)
	defer s.Close()
	all, err := s.Decisions(t.Context(), id)
	check(t, err)
	if len(all) != 2 || all[0].Hold || all[0].By != "mara" || !all[1].Hold || all[1].Reason != "it was none" || !all[1].At.Equal(start) {
		t.Errorf("%+v", all)
	}
}
