package document

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/casefile/fact"
	"github.com/ringfence/ringfence/indicator"
)

// required are the properties that STIX 2.1 §§3-7 ask of each type, beside those of
// every domain and relationship object.
var required = map[string][]string{
	"attack-pattern": {"name"}, "campaign": {"name"}, "identity": {"name"}, "incident": {"name"}, "indicator": {"pattern", "pattern_type", "valid_from"},
	"infrastructure": {"name"}, "intrusion-set": {"name"}, "location": {"country"}, "note": {"content", "object_refs"}, "opinion": {"opinion", "object_refs"},
	"observed-data": {"first_observed", "last_observed", "number_observed", "object_refs"}, "report": {"name", "published", "object_refs"}, "threat-actor": {"name"}, "tool": {"name"},
	"relationship": {"relationship_type", "source_ref", "target_ref"}, "sighting": {"sighting_of_ref"}, "event": {"status", "extensions"},
	"user-account": {}, "domain-name": {"value"}, "ipv4-addr": {"value"}, "ipv6-addr": {"value"}, "x509-certificate": {"hashes"}, "file": {"name"}, "marking-definition": {"created", "definition_type", "definition"},
}

var observed = []string{"user-account", "domain-name", "ipv4-addr", "ipv6-addr", "x509-certificate", "file"}

var stixID = regexp.MustCompile(`^([a-z0-9-]+)--[0-9a-f]{8}-[0-9a-f]{4}-([1-5])[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// wrong says what a bundle breaks.
func wrong(t *testing.T, text string) (all []string) {
	t.Helper()
	var b struct {
		Type, ID string
		Objects  []map[string]any
	}
	if err := json.Unmarshal([]byte(text), &b); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, o := range b.Objects {
		id, _ := o["id"].(string)
		if m := stixID.FindStringSubmatch(id); m == nil || m[1] != o["type"] || ids[id] {
			all = append(all, "id "+id)
		}
		ids[id] = true
		kind, _ := o["type"].(string)
		want, known := required[kind]
		if !known {
			all = append(all, "type "+kind)
		}
		want = append([]string{"spec_version"}, want...)
		if !slices.Contains(observed, kind) && kind != "marking-definition" {
			want = append(want, "created", "modified")
		}
		for _, name := range want {
			if o[name] == nil || o[name] == "" {
				all = append(all, id+" has no "+name)
			}
		}
		for _, pair := range [][2]string{{"created", "modified"}, {"first_seen", "last_seen"}, {"first_observed", "last_observed"}, {"start_time", "end_time"}} {
			from, until := o[pair[0]], o[pair[1]]
			if from != nil && until != nil && from.(string) > until.(string) {
				all = append(all, id+": "+pair[1]+" is before "+pair[0])
			}
		}
	}
	for _, o := range b.Objects {
		all = append(all, values(o["id"].(string), "", o, ids)...)
	}
	return all
}

var times = regexp.MustCompile(`^(created|modified|published|valid_from|first_seen|last_seen|first_observed|last_observed|start_time|end_time|account_created)$`)

// values checks what stands in an object: references resolve, times are times, and
// nothing is empty.
func values(id, name string, v any, ids map[string]bool) (all []string) {
	switch v := v.(type) {
	case map[string]any:
		for k, one := range v {
			all = append(all, values(id, k, one, ids)...)
		}
	case []any:
		if len(v) == 0 {
			all = append(all, id+": "+name+" is empty")
		}
		for _, one := range v {
			all = append(all, values(id, name, one, ids)...)
		}
	case string:
		if (strings.HasSuffix(name, "_ref") || strings.HasSuffix(name, "_refs")) && !ids[v] {
			all = append(all, id+": "+name+" leads nowhere: "+v)
		}
		if _, err := time.Parse("2006-01-02T15:04:05.000Z", v); times.MatchString(name) && err != nil {
			all = append(all, id+": "+err.Error())
		}
	case nil:
		all = append(all, id+": "+name+" is null")
	}
	return all
}

func TestSTIX(t *testing.T) {
	for name, s := range map[string]Source{"court": sample(t), "public": forEverybody(t), "empty": {Case: sample(t).Case, Edition: "public", Made: sample(t).Made, Ledger: Ledger{Origin: "x.example/case/1"}}} {
		files := render(t, s)
		for _, w := range wrong(t, files["stix.json"]) {
			t.Errorf("%s: %s", name, w)
		}
		if name == "empty" {
			continue
		}
		// It is read again by what reads others' indicators.
		list, err := indicator.Parse("case.stix2", []byte(files["stix.json"]))
		if err != nil {
			t.Fatal(err)
		}
		if len(list.Refused) > 0 {
			t.Errorf("%s: refused: %v", name, list.Refused)
		}
		if got := files["indicators/domains.txt"]; got != "update.paleheron.example\n" {
			t.Errorf("%s: domains %q", name, got)
		}
		if got := files["indicators/addresses.txt"]; got != "203.0.113.10\n" {
			t.Errorf("%s: addresses %q: a relay or a network that others share is no indicator", name, got)
		}
	}
}

// A shared bundle has no victim: not under the case's pseudonym, and in the edition
// for everybody not under any.
func TestSTIXHasNoVictim(t *testing.T) {
	court, public := render(t, sample(t))["stix.json"], render(t, forEverybody(t))["stix.json"]
	if m := regexp.MustCompile(`T-\d{4}`).FindString(court + public); m != "" {
		t.Errorf("%s is in it", m)
	}
	for _, tag := range []string{`"Target `, "0000000abc00", `"individual","`, "4f46464552"} {
		if strings.Contains(public, tag) {
			t.Errorf("the edition for everybody has %s", tag)
		}
	}
	if !strings.Contains(court, `"Target 00000000000000000000000000abc000"`) {
		t.Error("the edition of the court has no target under its keyed name")
	}
}

func TestUUID(t *testing.T) {
	// RFC 9562 Appendix A.4.
	dns := urlSpace
	dns[3] = 0x10
	if got := uuid5(dns, []byte("www.example.com")).String(); got != "2ed6657d-e927-568b-95e1-2665a8aea6a2" {
		t.Errorf("%s", got)
	}
	// The same record has the same id in each edition.
	court, public := render(t, sample(t))["stix.json"], render(t, forEverybody(t))["stix.json"]
	id := regexp.MustCompile(`campaign--[0-9a-f-]+`)
	if a, b := id.FindString(court), id.FindString(public); a == "" || a != b {
		t.Errorf("%s, %s", a, b)
	}
}

func TestSignOf(t *testing.T) {
	for value, want := range map[string]string{"evil.example.": "[domain-name:value = 'evil.example']", "203.0.113.9": "[ipv4-addr:value = '203.0.113.9']", "2001:DB8::1": "[ipv6-addr:value = '2001:db8::1']",
		"x' OR '1'='1": "", "a\\b.example": "", "fe80::1%eth0": "", "localhost": "", "evil .example": "", "-a.example": ""} {
		s, ok := signOf(fact.Infrastructure{Type: "host", Value: value})
		if got := s.pattern(); ok != (want != "") || ok && got != want {
			t.Errorf("%q: %v %s", value, ok, got)
		}
	}
}
