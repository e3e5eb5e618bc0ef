package android

import (
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "android.packages",
		Title: "Installed apps: where from, since when, and what they may do",
		Kinds: dumps,
		Paths: dumpsys("package"),
		Refs: []string{
			"https://developer.android.com/reference/android/content/pm/PackageInfo",
			"https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/services/core/java/com/android/server/pm/DumpHelper.java",
		},
		Fields: [][2]string{
			{"package", "its name"},
			{"version", "versionName"},
			{"version_code", "versionCode"},
			{"installer", "the app that installed it; null: none is named"},
			{"initiator", "the app that asked for the installation, where it is another"},
			{"uid", "its user id; several apps of one maker may share it"},
			{"path", "folder of its code"},
			{"system", "it belongs to the system image"},
			{"updated_system", "it belongs to the system image, and was updated since"},
			{"hidden_system", "the version of the system image, which an update hides"},
			{"debuggable", "it may be debugged; published apps may not"},
			{"test_only", "it is marked as meant for tests only"},
			{"first_installed", "when it was first installed"},
			{"updated", "when it was last installed or updated"},
			{"flags", "pkgFlags, as written"},
			{"installed", "it is installed for the first user; false: removed, its data may be kept"},
			{"hidden", "it is hidden from the first user"},
			{"suspended", "it is suspended for the first user"},
			{"enabled", "enabled state of the first user: 0 default, 1 enabled, 2 to 4 disabled"},
			{"disabled", "enabled is 2 (disabled), 3 (by the user) or 4 (until used)"},
			{"disabled_by", "who disabled or enabled it last"},
			{"granted", "permissions that it has"},
			{"denied", "runtime permissions that it asked for and has not"},
			{"user_set", "runtime permissions about which the user decided"},
			{"fixed", "runtime permissions that the system or an administrator fixed"},
			{"requested", "how many permissions it asks for"},
		},
		Parse: parsePackages,
	})
}

// app is one package's block of the dump.
type app struct {
	place
	name                           string
	fields                         []artifact.Field
	path                           string
	first, updated                 moment
	granted, denied, chosen, fixed list
	requested                      int
	part                           string // "install permissions", "runtime permissions", ...
	users                          int
}

func (a *app) set(name string, value any) {
	if len(a.fields) > 60 {
		return // a block that repeats itself without end
	}
	a.fields = append(a.fields, artifact.Field{Name: name, Value: value})
}

func parsePackages(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	var a *app
	hidden, inside, depth := false, false, 0
	flush := func() {
		if a != nil {
			a.emit(d)
		}
		a = nil
	}
	for line := range d.lines() {
		text := strings.TrimSpace(line)
		switch {
		case text == "Packages:" || text == "Hidden system packages:":
			flush()
			inside, hidden, depth = true, text != "Packages:", indent(line)
		case !inside || text == "":
		case indent(line) <= depth:
			flush()
			inside = false
		case strings.HasPrefix(text, "Package [") && indent(line) == depth+2:
			flush()
			name, _, _ := strings.Cut(text[len("Package ["):], "]")
			a = &app{place: d.place(), name: name}
			if hidden {
				a.set("hidden_system", true)
			}
		case a != nil:
			a.line(d, text)
		}
	}
	flush()
	return d.end()
}

// line reads one line of a package's block.
func (a *app) line(d *dump, text string) {
	if name, found := strings.CutSuffix(text, ":"); found && !strings.Contains(text, "=") {
		a.part = name
		return
	}
	if strings.HasPrefix(text, "User ") {
		a.user(d, text)
		return
	}
	if strings.HasSuffix(a.part, "permissions") && a.permission(text) {
		return
	}
	if caller, found := strings.CutPrefix(text, "lastDisabledCaller: "); found {
		a.set("disabled_by", caller)
		return
	}
	key, v, found := strings.Cut(text, "=")
	if !found || strings.ContainsAny(key, " :") {
		return
	}
	switch key {
	case "versionName":
		a.set("version", v)
	case "versionCode":
		v, _, _ = strings.Cut(v, " ")
		a.set("version_code", whole(v))
	case "userId", "appId":
		a.set("uid", whole(v))
	case "installerPackageName":
		a.set("installer", v)
	case "installInitiatingPackageName", "installOriginatingPackageName", "initiatingPackageName":
		a.set("initiator", v)
	case "codePath":
		a.path = v
		a.set("path", v)
	case "firstInstallTime":
		if m := d.local(v); a.first.IsZero() {
			a.first = m
		}
	case "lastUpdateTime":
		a.updated = d.local(v)
	case "pkgFlags":
		a.flags(v)
	}
}

// whole reads a number as a field's value; what is none stays text.
func whole(text string) any {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	return text
}

func (a *app) flags(v string) {
	a.set("flags", strings.Trim(v, "[] "))
	for _, f := range [...][2]string{{"SYSTEM", "system"}, {"UPDATED_SYSTEM_APP", "updated_system"}, {"DEBUGGABLE", "debuggable"}, {"TEST_ONLY", "test_only"}} {
		if strings.Contains(" "+strings.Trim(v, "[]")+" ", " "+f[0]+" ") {
			a.set(f[1], true)
		}
	}
}

// user reads what one Android user has of the package; only the first is kept,
// but a permission of any user counts.
func (a *app) user(d *dump, text string) {
	a.part = ""
	if a.users++; a.users > 1 {
		return
	}
	for _, name := range [...]string{"installed", "hidden", "suspended"} {
		if v := value(text, name+"="); v != "" {
			a.set(name, v == "true")
		}
	}
	if v := value(text, "enabled="); v != "" {
		a.set("enabled", whole(v))
		a.set("disabled", v == "2" || v == "3" || v == "4")
	}
}

// permission reads a line of a list of permissions:
// "android.permission.CAMERA: granted=true, flags=[ USER_SET|USER_FIXED]".
func (a *app) permission(text string) bool {
	if a.part == "requested permissions" && !strings.HasPrefix(text, "gids=") {
		a.requested++
		return true
	}
	name, state, found := strings.Cut(text, ": granted=")
	if !found {
		return strings.HasPrefix(a.part, "declared")
	}
	switch {
	case strings.HasPrefix(state, "true"):
		a.granted.add(name)
	case strings.HasPrefix(state, "false"):
		a.denied.add(name)
	}
	if _, flags, found := strings.Cut(state, "flags=["); found {
		if strings.Contains(flags, "USER_SET") || strings.Contains(flags, "USER_FIXED") {
			a.chosen.add(name)
		}
		if strings.Contains(flags, "SYSTEM_FIXED") || strings.Contains(flags, "POLICY_FIXED") {
			a.fixed.add(name)
		}
	}
	return true
}

func (a *app) emit(d *dump) {
	when := a.first
	if when.IsZero() {
		when = a.updated
	}
	r := d.recordAt(a.place, artifact.Installed, when)
	r.Set("package", a.name)
	r.Fields = append(r.Fields, a.fields...)
	r.Set("first_installed", a.first.Time)
	r.Set("updated", a.updated.Time)
	r.Set("granted", a.granted.String())
	r.Set("denied", a.denied.String())
	r.Set("user_set", a.chosen.String())
	r.Set("fixed", a.fixed.String())
	if a.requested > 0 {
		r.Set("requested", a.requested)
	}
	r.Observe(indicator.App, a.name)
	r.Observe(indicator.FilePath, a.path)
	d.to.Emit()
}
