package android

import (
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "android.accessibility",
		Title: "Accessibility services, which see the screen and can act for the user",
		Kinds: dumps,
		Paths: dumpsys("accessibility"),
		Refs: []string{
			"https://developer.android.com/guide/topics/ui/accessibility/service",
			"https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/services/accessibility/java/com/android/server/accessibility/AccessibilityUserState.java",
		},
		Fields: [][2]string{
			{"state", "installed, enabled, binding, bound or crashed"},
			{"service", "the service's component"},
			{"package", "the app that it belongs to"},
			{"user", "id of the Android user"},
		},
		Parse: parseAccessibility,
	})
}

// parseAccessibility reads both forms: up to Android 13 a list with one service
// a line, "enabled services: {", and since then all on one line,
// "Enabled services:{{com.a/com.a.B}, {com.c/com.c.D}}".
func parseAccessibility(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	var state, user string
	for line := range d.lines() {
		if _, after, found := strings.Cut(line, "attributes:{id="); found {
			user, _, _ = strings.Cut(after, ",")
		}
		text := strings.TrimSpace(line)
		if i := strings.Index(text, "services:"); i > 0 && i < 16 {
			state = strings.ToLower(strings.TrimSpace(text[:i]))
			text = text[i+len("services:"):]
			emitServices(d, state, user, text)
			if strings.Contains(text, "}") {
				state = ""
			}
			continue
		}
		if strings.HasPrefix(text, "}") {
			state = ""
		}
		if state != "" {
			emitServices(d, state, user, text)
		}
	}
	return d.end()
}

func emitServices(d *dump, state, user, text string) {
	for c := range components(text) {
		r := d.record(artifact.Configured, moment{})
		r.Set("state", state)
		r.Set("service", c)
		r.Set("package", packageOf(c))
		r.Set("user", user)
		r.Observe(indicator.App, packageOf(c))
		d.to.Emit()
	}
}
