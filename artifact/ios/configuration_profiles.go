package ios

import (
	"path"
	"strings"

	"github.com/ringfence/ringfence/acquisition/plist"
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.configuration_profiles",
		Title: "Configuration profiles that are installed",
		Kinds: anywhere,
		Paths: []string{"**/ConfigurationProfiles/profile-*", "**/MCState/*/profile-*"},
		Refs: []string{
			"https://developer.apple.com/documentation/devicemanagement/toplevel",
			"https://docs.mvt.re/en/latest/ios/records/",
		},
		Fields: [][2]string{
			{"name", "as Settings shows it"}, {"identifier", "PayloadIdentifier"}, {"uuid", "PayloadUUID"}, {"organization", "who made it, as it says"},
			{"description", "as it says"}, {"payload_types", "types of its payloads in their order, with commas"}, {"payloads", "how many"},
			{"removal", "whether it may be removed"}, {"mdm", "address of the server that manages the phone"}, {"signers", "certificates that signed it"},
			{"certificates", "certificates that it installs"}, {"links", "addresses in it, with commas"}, {"consent", "text that was shown"}, {"installed", "when it was installed"},
		},
		Parse: configurationProfile,
	})
}

// maxProfileLinks is how many addresses of a profile its record shows.
const maxProfileLinks = 20

func configurationProfile(s *artifact.Source, to *artifact.Sink) error {
	d, err := dictionary(s)
	if err != nil {
		return err
	}
	at := timeOf(d["InstallDate"])
	r := to.Record(artifact.Installed, at)
	r.Set("name", textOf(d["PayloadDisplayName"]))
	r.Set("identifier", textOf(d["PayloadIdentifier"]))
	r.Set("uuid", textOf(d["PayloadUUID"]))
	r.Set("organization", textOf(d["PayloadOrganization"]))
	r.Set("description", textOf(d["PayloadDescription"]))
	r.Observe(indicator.Profile, textOf(d["PayloadUUID"]))
	r.Observe(indicator.Profile, textOf(d["PayloadIdentifier"]))
	if id, is := strings.CutPrefix(path.Base(s.Path), "profile-"); is {
		r.Observe(indicator.Profile, strings.TrimSuffix(strings.TrimSuffix(id, ".stub"), ".plist"))
	}
	profilePayloads(d, r)
	if v, ok := d["PayloadRemovalDisallowed"].(bool); ok {
		r.Set("removal", !v)
	}
	if signers, _ := d["SignerCerts"].([]any); len(signers) > 0 {
		r.Set("signers", len(signers))
	}
	if v := d["ConsentText"]; v != nil {
		r.Set("consent", shownValue(v))
	}
	r.Set("installed", at)
	to.Emit()
	return nil
}

// profilePayloads sets what the payloads of a profile are and where they lead.
func profilePayloads(d plist.Dict, r *artifact.Record) {
	payloads, _ := d["PayloadContent"].([]any)
	if one, is := d["PayloadContent"].(plist.Dict); is {
		payloads = []any{one}
	}
	var types, links []string
	certificates := 0
	for _, v := range payloads {
		p, _ := v.(plist.Dict)
		kind := textOf(p["PayloadType"])
		if kind == "" {
			kind = "?"
		}
		types = append(types, kind)
		r.Observe(indicator.Profile, textOf(p["PayloadUUID"]))
		r.Observe(indicator.Profile, textOf(p["PayloadIdentifier"]))
		if _, is := p["PayloadContent"].([]byte); is && strings.HasPrefix(kind, "com.apple.security.") {
			certificates++
		}
		if kind == "com.apple.mdm" {
			r.Set("mdm", textOf(p["ServerURL"]))
		}
	}
	walkDictionaries(d["PayloadContent"], nil, func(_ []string, p plist.Dict) bool {
		for _, k := range sortedKeys(p) {
			before := len(r.Observables)
			observeSetting(r, k, p[k])
			for _, o := range r.Observables[before:] {
				if len(links) < maxProfileLinks {
					links = append(links, o.Value)
				}
			}
		}
		return true
	})
	r.Set("payload_types", strings.Join(types, ", "))
	r.Set("payloads", len(payloads))
	if certificates > 0 {
		r.Set("certificates", certificates)
	}
	r.Set("links", strings.Join(links, ", "))
}

// observeSetting observes where a setting leads: links in any text, and hosts
// and addresses where the key says that it is one.
func observeSetting(r *artifact.Record, key string, v any) {
	switch v := v.(type) {
	case string:
		before := len(r.Observables)
		if strings.Contains(v, "://") {
			r.Links(v)
		}
		if len(r.Observables) == before && isServerKey(key) && looksLikeHost(v) {
			r.Host(v)
		}
	case []any:
		for _, e := range v {
			if s, ok := e.(string); ok {
				observeSetting(r, key, s)
			}
		}
	}
}

func isServerKey(key string) bool {
	for _, word := range []string{"Server", "Host", "Address", "Domain", "URL"} {
		if strings.Contains(key, word) {
			return true
		}
	}
	return false
}
