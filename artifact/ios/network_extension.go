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
	// Its archive has no single root but one under each configuration's key.
	for _, key := range entriesOf(within(archive, "$top")) {
		one := plist.Dict{}
		for k, v := range archive {
			one[k] = v
		}
		one["$top"] = plist.Dict{"root": within(archive, "$top")[key]}
		root, err := plist.Unarchive(one)
		if err != nil {
			to.Damage(key, err)
			continue
		}
		walkDictionaries(root, nil, func(_ []string, d plist.Dict) bool {
			is := textOf(d["$class"]) == "NEConfiguration"
			if is {
				networkConfiguration(key, d, to)
			}
			return !is
		})
	}
	if archive["$top"] == nil {
		return errNoDictionary
	}
	return nil
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
		for _, k := range entriesOf(inner) {
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
