package android

import (
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "android.notification_listeners",
		Title: "Apps that read every notification, codes and messages in them included",
		Kinds: dumps,
		Paths: dumpsys("notification"),
		Refs:  []string{"https://developer.android.com/reference/android/service/notification/NotificationListenerService", "https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/services/core/java/com/android/server/notification/ManagedServices.java"},
		Fields: [][2]string{
			{"state", "allowed: the user allowed it; enabled; live: it was connected"},
			{"service", "its component"},
			{"package", "the app"},
			{"user", "the Android user"},
		},
		Parse: parseNotificationListeners,
	})
}

// parseNotificationListeners reads the lists of "Notification listeners:":
//
//	Allowed notification listeners:
//	  userId: 0 value: com.a/.L:com.b/.M isPrimary: true
//	All notification listeners (1) enabled for current profiles:
//	  ComponentInfo{com.a/com.a.L}
//	Live notification listeners (1):
//	  ComponentInfo{com.a/com.a.L} (user 0): ...
func parseNotificationListeners(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	state, depth := "", 0
	for line := range d.lines() {
		text := strings.TrimSpace(line)
		if strings.Contains(text, " notification listeners") && strings.HasSuffix(text, ":") {
			first, _, _ := strings.Cut(text, " ")
			state, depth = map[string]string{"Allowed": "allowed", "All": "enabled", "Live": "live"}[first], indent(line)
			continue
		}
		if text == "" || indent(line) <= depth {
			state = ""
		}
		if state == "" {
			continue
		}
		user := value(text, "userId: ")
		if _, after, found := strings.Cut(text, "(user "); found {
			user, _, _ = strings.Cut(after, ")")
		}
		text, _, _ = strings.Cut(text, " (user ")
		for c := range components(text) {
			r := d.record(artifact.Configured, moment{})
			r.Set("state", state)
			r.Set("service", c)
			r.Set("package", packageOf(c))
			r.Set("user", user)
			r.Observe(indicator.App, packageOf(c))
			to.Emit()
		}
	}
	return d.end()
}
