package ios

import (
	"strings"
	"time"

	"github.com/ringfence/ringfence/acquisition/plist"
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.network_extension",
		Title: "VPNs, content filters, DNS settings and relays that apps set up",
		Kinds: anywhere,
		Paths: []string{"**/com.apple.networkextension.plist"},
		Refs:  []string{"https://developer.apple.com/documentation/networkextension", "https://github.com/EC-DIGIT-CSIRC/sysdiagnose"},
		Fields: [][2]string{
			{"name", "the configuration's name"}, {"app", "identifier of the app that made it"}, {"application_name", "the app's name"}, {"identifier", "of the configuration"},
			{"kinds", "what it is: VPN, AppVPN, ContentFilter, DNSSettings, DNSProxy, AppPush, Relay"}, {"enabled", "it is in use"}, {"servers", "where it leads, with commas"},
			{"provider", "identifier of the extension that does the work"}, {"profile", "identifier of the configuration profile that set it"},
		},
		Parse: networkExtension,
	})
}

var networkKinds = []string{"VPN", "AppVPN", "ContentFilter", "DNSSettings", "DNSProxy", "AppPush", "Relay", "PathController", "AlwaysOnVPN", "HotspotHelper", "URLFilter"}

func networkExtension(s *artifact.Source, to *artifact.Sink) error {
	v, err := s.Plist()
	if err != nil {
		return err
	}
	archive, _ := v.(plist.Dict)
	keys, roots, err := archiveRoots(archive)
	if err != nil {
		return err
	}
	for i, root := range roots {
		walkDictionaries(root, nil, func(_ []string, d plist.Dict) bool {
			is := textOf(d["$class"]) == "NEConfiguration"
			if is {
				networkConfiguration(keys[i], d, to)
			}
			return !is
		})
	}
	return nil
}

// archiveRoots resolves a keyed archive that has no single root but one under
// each of several keys, by way of a list of them.
func archiveRoots(archive plist.Dict) (keys []string, roots []any, err error) {
	objects, _ := archive["$objects"].([]any)
	top := within(archive, "$top")
	var references []any
	for _, key := range sortedKeys(top) {
		if _, is := top[key].(plist.UID); is {
			keys = append(keys, key)
			references = append(references, top[key])
		}
	}
	if top == nil {
		return nil, nil, errNoDictionary
	}
	n := len(objects)
	v, err := plist.Unarchive(plist.Dict{
		"$archiver": archive["$archiver"], "$version": archive["$version"], "$top": plist.Dict{"root": plist.UID(n)},
		"$objects": append(objects[:n:n], plist.Dict{"NS.objects": references, "$class": plist.UID(n + 1)}, plist.Dict{"$classname": "NSArray", "$classes": []any{"NSArray", "NSObject"}}),
	})
	if err != nil {
		return nil, nil, err
	}
	roots, _ = v.([]any)
	return keys[:min(len(keys), len(roots))], roots[:min(len(keys), len(roots))], nil
}

func networkConfiguration(key string, d plist.Dict, to *artifact.Sink) {
	r := to.Record(artifact.Configured, time.Time{})
	r.Set("name", firstText(d, "Name", "name"))
	app := firstText(d, "Application", "application")
	r.Set("app", app)
	r.Set("application_name", firstText(d, "ApplicationName", "applicationName"))
	r.Set("identifier", firstNot(firstText(d, "Identifier", "identifier"), key))
	var kinds, servers []string
	var provider, profile string
	enabled := false
	for _, kind := range networkKinds {
		if inner, is := d[kind].(plist.Dict); is {
			kinds = append(kinds, kind)
			enabled = enabled || numberOf(firstOf(inner, "Enabled", "enabled")) != 0
		}
	}
	walkDictionaries(d, nil, func(_ []string, inner plist.Dict) bool {
		for _, k := range sortedKeys(inner) {
			v := textOf(inner[k])
			switch lower := strings.ToLower(k); {
			case v == "":
			case strings.Contains(lower, "providerbundleidentifier"):
				provider = v
				r.Observe(indicator.App, v)
			case strings.Contains(lower, "profileidentifier"), strings.Contains(lower, "payloaduuid"):
				profile = v
				r.Observe(indicator.Profile, v)
			case strings.Contains(lower, "server"), strings.Contains(lower, "remoteaddress"), strings.HasSuffix(lower, "url"):
				if before := len(r.Observables); len(servers) < maxProfileLinks {
					observeSetting(r, "Server", v)
					if len(r.Observables) > before {
						servers = append(servers, v)
					}
				}
			}
		}
		return true
	})
	r.Set("kinds", strings.Join(kinds, ", "))
	r.Set("enabled", enabled)
	r.Set("servers", strings.Join(servers, ", "))
	r.Set("provider", provider)
	r.Set("profile", profile)
	r.Observe(indicator.App, app)
	to.Emit()
}
