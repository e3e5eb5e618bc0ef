package service

import (
	"context"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/ringfence/ringfence/wire/letter"
)

// A letter that no device takes for thirty days goes, and whom it was for is
// told how many there were.
func TestLettersThatWaitedTooLongAreTold(t *testing.T) {
	w := newWorld(t)
	bob := w.register("bob")
	token := make([]byte, letter.TokenSize)
	hash := sha256.Sum256(token)
	if err := w.s.Store().AddToken(context.Background(), bob.account, hash, spareTokens); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if status, out := w.do("POST", "/v1/envelopes", "", append(append([]byte{}, token...), sealed()...)); status != 204 {
			t.Fatalf("hand-in: %d %v", status, out)
		}
	}
	expire := func(after time.Duration) (count float64) {
		if err := w.s.expireLetters(context.Background(), time.Now().Add(after)); err != nil {
			t.Fatal(err)
		}
		_, out := w.do("GET", "/v1/notices", bob.token, nil)
		for _, n := range out["notices"].([]any) {
			if n := n.(map[string]any); n["kind"] == "expired" {
				count += n["count"].(float64)
			}
		}
		return count
	}
	if n := expire(29 * day); n != 0 {
		t.Errorf("%v letters gone after 29 days", n)
	}
	if n := expire(31 * day); n != 3 {
		t.Errorf("%v letters gone after 31 days, want 3", n)
	}
}
