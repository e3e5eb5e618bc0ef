//go:build !linux

package bench

import (
	"os"
	"runtime"
	"time"
)

// resident is how much memory the runtime holds, in bytes.
func resident() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys - m.HeapReleased)
}

// processorTime is not known here.
func processorTime() time.Duration { return 0 }

// peak is not known here.
func peak(*os.ProcessState) int64 { return 0 }
