package service

import (
	"testing"

	"github.com/ringfence/ringfence/guard"
)

// What runs by itself and stumbles is recorded, and the service goes on.
func TestPanicOnTheSideIsARefusal(t *testing.T) {
	w := newWorld(t)
	w.s.isolated(guard.Event{Kind: guard.Knock, At: w.s.config.Now()}, func() { panic("stumbled") })()
	if !w.refusedBy("R22") {
		t.Error("no verdict of R22")
	}
	w.register("alice")
}
