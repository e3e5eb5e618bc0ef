package android

import (
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "android.device_policy",
		Title: "Device administrators and owners",
		Kinds: dumps,
		Paths: dumpsys("device_policy"),
		Refs:  []string{"https://developer.android.com/work/device-admin", "https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/services/devicepolicy/java/com/android/server/devicepolicy/DevicePolicyData.java"},
		Fields: [][2]string{
			{"role", "device_admin, device_owner or profile_owner"},
			{"admin", "its component"},
			{"package", "the app"},
			{"uid", "the app's user id"},
			{"user", "the Android user"},
			{"policies", "what it may do: wipe-data, force-lock, ..."},
		},
		Parse: parseDevicePolicy,
	})
}

// admin is one administrator of the dump.
type admin struct {
	place
	role, component, uid, user string
	policies                   list
}

func parseDevicePolicy(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	var a *admin
	var role, user string
	depth, inPolicies := 0, false
	flush := func() {
		if a != nil && packageOf(a.component) != "" {
			a.emit(d)
		}
		a, inPolicies = nil, false
	}
	for line := range d.lines() {
		text := strings.TrimSpace(line)
		if found := policyRole(text); found != "" {
			flush()
			role, depth = found, indent(line)
			_, user, _ = strings.Cut(text, "(User ")
			user, _, _ = strings.Cut(strings.TrimRight(user, ":)"), ",")
			continue
		}
		if role != "" && text != "" && indent(line) <= depth {
			flush()
			role = ""
		}
		switch {
		case role == "" || text == "":
		case role == "device_admin" && indent(line) <= depth+4 && strings.HasSuffix(text, ":") && packageOf(strings.TrimSuffix(text, ":")) != "":
			flush()
			a = &admin{place: d.place(), role: role, user: user, component: strings.TrimSuffix(text, ":")}
		case strings.HasPrefix(text, "admin=") && role != "device_admin":
			flush()
			a = &admin{place: d.place(), role: role, user: user, component: strings.TrimPrefix(text, "admin=")}
		case a != nil && strings.HasPrefix(text, "uid="):
			a.uid = value(text, "uid=")
		case a != nil && text == "policies:":
			inPolicies = true
		case a != nil && inPolicies && !strings.ContainsAny(text, "=: "):
			a.policies.add(text)
		default:
			inPolicies = false
		}
	}
	flush()
	return d.end()
}

func policyRole(text string) string {
	for prefix, role := range map[string]string{"Enabled Device Admins (": "device_admin", "Device Owner:": "device_owner", "Profile Owner (": "profile_owner"} {
		if strings.HasPrefix(text, prefix) && strings.HasSuffix(text, ":") {
			return role
		}
	}
	return ""
}

func (a *admin) emit(d *dump) {
	r := d.recordAt(a.place, artifact.Configured, moment{})
	r.Set("role", a.role)
	r.Set("admin", a.component)
	r.Set("package", packageOf(a.component))
	r.Set("uid", a.uid)
	r.Set("user", a.user)
	r.Set("policies", a.policies.String())
	r.Observe(indicator.App, packageOf(a.component))
	d.to.Emit()
}
