package android

import (
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "android.telecom",
		Title: "Apps that take part in calls",
		Kinds: dumps,
		Paths: dumpsys("telecom"),
		Refs:  []string{"https://developer.android.com/reference/android/telecom/PhoneAccount", "https://android.googlesource.com/platform/packages/services/Telecomm/+/refs/heads/main/src/com/android/server/telecom/PhoneAccountRegistrar.java"},
		Fields: [][2]string{
			{"service", "the component"},
			{"package", "its app"},
			{"role", "phone_account: it makes calls of its own; otherwise what the dump names it"},
		},
		Parse: parseTelecom,
	})
}

// parseTelecom reads what registered for calls: "[[X] PhoneAccount:
// ComponentInfo{com.a/com.a.B}, ...]" and "defaultDialer: com.a", each once.
func parseTelecom(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	seen := map[string]bool{}
	for line := range d.lines() {
		role, rest, found := telecomRole(strings.TrimSpace(line))
		if !found {
			continue
		}
		service := rest
		for c := range components(rest) {
			service = c
			break
		}
		pkg := packageOf(service)
		if pkg == "" {
			pkg = packageIn(rest)
		}
		if key := role + service; pkg == "" || seen[key] || len(seen) == maxList {
			continue
		} else {
			seen[key] = true
		}
		r := d.record(artifact.Configured, moment{})
		r.Set("service", service)
		r.Set("package", pkg)
		r.Set("role", role)
		r.Observe(indicator.App, pkg)
		to.Emit()
	}
	return d.end()
}

func telecomRole(text string) (role, rest string, found bool) {
	if _, rest, found = strings.Cut(text, "PhoneAccount: "); found {
		return "phone_account", rest, true
	}
	name, rest, found := strings.Cut(text, ": ")
	switch name {
	case "defaultDialer", "systemDialer", "simCallManager", "mDefaultDialerPackageName", "mCallScreeningService":
		return name, rest, found
	}
	return "", "", false
}
