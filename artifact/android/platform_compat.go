package android

import (
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "android.platform_compat",
		Title: "Apps with compatibility settings, also ones that were removed",
		Kinds: dumps,
		Paths: dumpsys("platform_compat"),
		Refs:  []string{"https://developer.android.com/guide/app-compatibility/test-debug", "https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/services/core/java/com/android/server/compat/CompatChange.java"},
		Fields: [][2]string{
			{"package", "the app; it need not be installed any more"},
			{"change", "name of the change in behaviour, DOWNSCALED for one"},
			{"id", "its number"},
			{"enabled", "it is switched on for the app"},
			{"list", "packageOverrides: in force; rawOverrides: also for apps that are not there"},
		},
		Parse: parsePlatformCompat,
	})
}

// parsePlatformCompat reads "ChangeId(168419799; name=DOWNSCALED; disabled;
// rawOverrides={com.a=false, com.b=true}; packageOverrides={})".
func parsePlatformCompat(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	for line := range d.lines() {
		_, text, found := strings.Cut(line, "ChangeId(")
		if !found {
			continue
		}
		for _, which := range [...]string{"packageOverrides", "rawOverrides"} {
			emitOverrides(d, text, which)
		}
	}
	return d.end()
}

// emitOverrides gives one of the lists of a change.
func emitOverrides(d *dump, text, which string) {
	id, _, _ := strings.Cut(text, ";")
	name := value(text, "name=")
	_, overrides, _ := strings.Cut(text, which+"={")
	overrides, _, _ = strings.Cut(overrides, "}")
	for o := range strings.SplitSeq(overrides, ",") {
		pkg, enabled, found := strings.Cut(strings.TrimSpace(o), "=")
		if !found {
			continue
		}
		r := d.record(artifact.Named, moment{})
		r.Set("package", pkg)
		r.Set("change", name)
		r.Set("id", id)
		r.Set("enabled", enabled == "true")
		r.Set("list", which)
		r.Observe(indicator.App, pkg)
		d.to.Emit()
	}
}
