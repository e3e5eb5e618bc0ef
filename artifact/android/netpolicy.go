package android

import (
	"strings"

	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "android.netpolicy",
		Title:  "User ids that may use the network when others may not, or may not when others may",
		Kinds:  dumps,
		Paths:  dumpsys("netpolicy"),
		Refs:   []string{"https://source.android.com/docs/core/data/data-saver", "https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/services/core/java/com/android/server/net/NetworkPolicyManagerService.java"},
		Fields: [][2]string{{"uid", "the app's user id"}, {"policy", "number, and its name in brackets"}},
		Parse:  parseNetPolicy,
	})
}

// parseNetPolicy reads "UID=10085 policy=4 (ALLOW_METERED_BACKGROUND)".
func parseNetPolicy(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	for line := range d.lines() {
		text := strings.TrimSpace(line)
		_, policy, found := strings.Cut(text, " policy=")
		if !found || !strings.HasPrefix(text, "UID=") {
			continue
		}
		r := d.record(artifact.Configured, moment{})
		r.Set("uid", whole(value(text, "UID=")))
		r.Set("policy", policy)
		to.Emit()
	}
	return d.end()
}
