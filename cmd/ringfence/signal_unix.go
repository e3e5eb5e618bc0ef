//go:build unix

package main

import (
	"os"
	"syscall"
)

// countersSignal is what asks a running proxy for its counters.
func countersSignal() []os.Signal { return []os.Signal{syscall.SIGUSR1} }
