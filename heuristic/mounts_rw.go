package heuristic

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

// systemMounts are where partitions stand that Android's verified boot mounts
// for reading only.
var systemMounts = []string{"/", "/system", "/system_ext", "/system_root", "/vendor", "/product", "/odm", "/vendor_dlkm", "/system_dlkm"}

// memoryMounts are kinds of file systems that hold nothing of the system image.
var memoryMounts = []string{"tmpfs", "rootfs", "ramfs", "sysfs", "proc", "cgroup", "overlay"}

func init() {
	Register(Heuristic{
		Name:      "h.mounts_rw",
		Title:     "Partitions of the system that are mounted for writing",
		Artifacts: []string{"android.aqf_mounts"},
		Refs: []string{
			"https://source.android.com/docs/security/features/verifiedboot",
			"https://github.com/mvt-project/androidqf",
		},
		New: func(acquisition.Device) Watcher {
			return bounded(func(r *artifact.Record) (Finding, bool) {
				path := strings.TrimSuffix(text(r, "path"), "/")
				if path == "" {
					path = "/"
				}
				if !is(r, "writable") || !slices.Contains(systemMounts, path) || slices.Contains(memoryMounts, text(r, "type")) {
					return Finding{}, false
				}
				return Finding{Severity: artifact.Medium,
					Title:       fmt.Sprintf("The system's partition %s is mounted for writing (%s)", path, text(r, "device")),
					Explanation: "Android mounts its system for reading only and checks it when it starts. Writing is only possible on a phone that was unlocked or rooted: by its owner, with a custom system, or by somebody who wanted to change the system itself. Programs hidden there survive a factory reset."}, true
			})
		},
	})
}
