package android

import (
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "android.account",
		Title: "Kinds of accounts on the phone, how many of each, and the apps that keep them",
		Kinds: dumps,
		Paths: dumpsys("account"),
		Refs:  []string{"https://developer.android.com/reference/android/accounts/AccountManager", "https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/services/core/java/com/android/server/accounts/AccountManagerService.java"},
		Fields: [][2]string{
			{"type", "kind of account; often named like the app"},
			{"accounts", "how many there are; their names are not kept"},
			{"service", "the component that keeps accounts of this kind"},
			{"package", "its app"},
		},
		Parse: parseAccounts,
	})
}

// parseAccounts counts "Account {name=..., type=com.a}" by type, and reads
// "ServiceInfo: AuthenticatorDescription {type=com.a}, ComponentInfo{com.a/.B}, uid 1".
func parseAccounts(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	type kind struct {
		place
		name string
		n    int
	}
	var kinds []*kind
	byName := map[string]*kind{}
	for line := range d.lines() {
		if _, text, found := strings.Cut(line, "AuthenticatorDescription {type="); found {
			name, text, _ := strings.Cut(text, "}")
			service := ""
			for c := range components(text) {
				service = c
				break
			}
			r := d.record(artifact.Configured, moment{})
			r.Set("type", name)
			r.Set("service", service)
			r.Set("package", packageOf(service))
			r.Observe(indicator.App, packageOf(service))
			to.Emit()
			continue
		}
		i := strings.LastIndex(line, ", type=")
		if i < 0 || !strings.HasPrefix(strings.TrimSpace(line), "Account {name=") {
			continue
		}
		name := strings.TrimRight(line[i+len(", type="):], "} ")
		k := byName[name]
		if k == nil {
			if len(kinds) == maxList {
				d.faults.add(d.where(), errMany)
				continue
			}
			k = &kind{place: d.place(), name: name}
			byName[name], kinds = k, append(kinds, k)
		}
		k.n++
	}
	for _, k := range kinds {
		r := d.recordAt(k.place, artifact.Configured, moment{})
		r.Set("type", k.name)
		r.Set("accounts", k.n)
		if isPackage(k.name) {
			r.Observe(indicator.App, k.name)
		}
		to.Emit()
	}
	return d.end()
}
