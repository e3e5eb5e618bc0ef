package android

import (
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "android.role",
		Title:  "Default apps: messages, calls, browser, assistant and other roles",
		Kinds:  dumps,
		Paths:  dumpsys("role"),
		Refs:   []string{"https://developer.android.com/reference/android/app/role/RoleManager", "https://android.googlesource.com/platform/frameworks/base/+/refs/heads/android11-release/services/core/java/com/android/server/role/RoleUserState.java"},
		Since:  "Android 10",
		Fields: [][2]string{{"role", "android.app.role.SMS, DIALER, ASSISTANT, CALL_SCREENING, ..."}, {"package", "the app that has it"}, {"user", "the Android user"}},
		Parse:  parseRoles,
	})
}

// parseRoles reads "name=android.app.role.SMS" and the "holders=com.a" that
// follow; several stand in brackets, one a line.
func parseRoles(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	var role, user string
	holders := false
	for line := range d.lines() {
		text := strings.TrimSpace(line)
		key, v, found := strings.Cut(text, "=")
		switch {
		case found && key == "user_id":
			user = v
			continue
		case found && key == "name":
			role, holders = v, false
			continue
		case found && key == "holders":
			text, holders = v, strings.HasPrefix(v, "[")
		case found || strings.HasPrefix(text, "]"):
			holders = false
			continue
		case !holders:
			continue
		}
		for pkg := range words(text) {
			if role == "" || !isPackage(pkg) {
				continue
			}
			r := d.record(artifact.Configured, moment{})
			r.Set("role", role)
			r.Set("package", pkg)
			r.Set("user", user)
			r.Observe(indicator.App, pkg)
			to.Emit()
		}
	}
	return d.end()
}
