package draw

import (
	"bytes"
	"testing"
)

// What reached the callee before the answer is what the figure is for.
func TestReached(t *testing.T) {
	f := sampleFlow()
	for i, want := range []int{1, 2} {
		if got := f.reached(f.sides()[i]); len(got) != want {
			t.Errorf("column %d: %q reached the callee before the answer, want %d", i, got, want)
		}
	}
	if !bytes.Contains(f.SVG("x"), []byte("never answered")) || !bytes.Contains(f.Table(), []byte("never answered")) {
		t.Error("the figure does not say that nobody answered")
	}
}
