package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// progress shows, on a terminal only, what is read, how far and how long still.
type progress struct {
	mu      sync.Mutex
	w       io.Writer // nil: nothing is shown
	phase   string
	started time.Time
	shown   time.Time
}

func newProgress(w io.Writer) *progress {
	p := &progress{}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.w = w
	}
	return p
}

func (p *progress) reading(what string, done, total int64)   { p.show("reading", what, done, total) }
func (p *progress) examining(what string, done, total int64) { p.show("examining", what, done, total) }

func (p *progress) show(phase, what string, done, total int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.phase != phase {
		p.phase, p.started = phase, now
	}
	if p.w == nil || now.Sub(p.shown) < 100*time.Millisecond {
		return
	}
	p.shown = now
	line := fmt.Sprintf("%s %.40s", phase, what)
	if total > 0 {
		part := min(1, float64(done)/float64(total))
		line += fmt.Sprintf("  %3.0f%%", 100*part)
		if spent := now.Sub(p.started); part > 0.02 && spent > time.Second {
			line += fmt.Sprintf("  %s left", time.Duration(float64(spent)*(1-part)/part).Round(time.Second))
		}
	}
	fmt.Fprintf(p.w, "\r\x1b[K%s", line)
}

// end clears the line.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.w != nil {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
