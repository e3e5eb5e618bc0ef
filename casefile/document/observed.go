package document

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/casefile/fact"
)

// accountObjects adds the accounts that took part, under the names that they have in
// the case, and returns their ids by these names.
func (x *bundle) accountObjects() (map[string]string, error) {
	ids := map[string]string{}
	for _, a := range x.accounts {
		more := object{"is_disabled": !a.Fact.Banned.IsZero()}
		if !a.Fact.Created.IsZero() {
			more["account_created"] = instant(a.Fact.Created)
		}
		id, err := x.observable("user-account", object{"account_type": "messenger", "user_id": x.Ledger.Origin + "/" + a.ID}, more)
		if err != nil {
			return nil, err
		}
		ids[a.ID] = id
	}
	return ids, nil
}

// observations adds what the service saw: an event for each incident, what was
// observed of the account that called, and that its rules matched. The packets stay
// out, for they may hold whom they were addressed to.
func (x *bundle) observations(accounts map[string]string, incident string) (events []object, err error) {
	places := map[string]string{}
	for _, s := range x.servers {
		places[s.ID] = x.domain("location", s.ID, s.At, object{"name": x.clean(s.Fact.Name), "country": s.Fact.Country, "city": x.clean(s.Fact.City)})
		x.relate(incident, "located-at", places[s.ID], s.Record)
	}
	for _, i := range x.incidents {
		f := i.Fact
		until := later(f.From, f.Until)
		seen := object{"first_seen": instant(f.From), "last_seen": instant(until), "count": clamp(f.Calls), "where_sighted_refs": []string{x.author}}
		if where := places[f.Server]; where != "" {
			seen["where_sighted_refs"] = []string{x.author, where}
		}
		if of := accounts[f.Account]; of != "" {
			data := x.domain("observed-data", i.ID, i.At, object{"first_observed": instant(f.From), "last_observed": instant(until), "number_observed": clamp(f.Calls), "object_refs": []string{of}})
			seen["observed_data_refs"] = []string{data}
		}
		sightings := x.sightings(i, seen)
		event := object{"status": "occurred", "description": x.clean(f.What), "start_time": instant(f.From), "end_time": instant(until), "start_time_fidelity": "second", "end_time_fidelity": "second",
			"event_types": []string{yes(f.Stopped, "blocked", "undetermined")}, "extensions": object{eventExtension: object{"extension_type": "new-sdo"}}}
		if sightings != nil {
			event["sighting_refs"] = sightings
		}
		events = append(events, object{"event_ref": x.domain("event", i.ID, i.At, event)})
	}
	return events, nil
}

// sightings adds that each rule of an incident matched.
func (x *bundle) sightings(i item[fact.Incident], seen object) (ids []string) {
	for _, rule := range i.Fact.Rules {
		pattern := x.domain("attack-pattern", "rule "+rule, x.Case.Opened, object{"name": "Call that rule " + x.clean(rule) + " of Ringfence refuses", "external_references": []object{{"source_name": "ringfence", "external_id": x.clean(rule)}}})
		o := object{"sighting_of_ref": pattern, "summary": false}
		for k, v := range seen {
			o[k] = v
		}
		ids = append(ids, x.domain("sighting", i.ID+" "+rule, i.At, o))
	}
	return ids
}

// clamp is a number of observations as STIX 2.1 §4.14 has it.
func clamp(n int) int { return min(max(n, 1), 999_999_999) }

// later is the second time, unless it comes before the first: it may be missing.
func later(a, b time.Time) time.Time {
	if b.Before(a) {
		return a
	}
	return b
}

var (
	domainForm = regexp.MustCompile(`^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$`)
	sha256Form = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// sign is a piece of infrastructure by which others can look for the same.
type sign struct {
	kind     string // ipv4-addr, ipv6-addr, domain-name, x509-certificate
	value    string
	list     string // in which flat list it stands; "" when it is no indicator
	property string // of the pattern
}

// signOf reads the value of infrastructure. Networks and relays are no indicators:
// many share them.
func signOf(h fact.Infrastructure) (sign, bool) {
	v := strings.ToLower(strings.TrimSuffix(strings.TrimSpace(h.Value), "."))
	if h.Type == "certificate" {
		v = strings.ReplaceAll(v, ":", "")
		return sign{"x509-certificate", v, "hashes", "hashes.'SHA-256'"}, sha256Form.MatchString(v)
	}
	listed := func(s sign) sign {
		if h.Type == "network" || h.Type == "relay" {
			s.list = ""
		}
		return s
	}
	if p, err := netip.ParsePrefix(v); err == nil && h.Type == "network" {
		return sign{family(p.Addr()), p.Masked().String(), "", "value"}, true
	}
	if a, err := netip.ParseAddr(v); err == nil && a.Zone() == "" {
		return listed(sign{family(a), a.String(), "addresses", "value"}), true
	}
	if len(v) <= 253 && domainForm.MatchString(v) {
		return listed(sign{"domain-name", v, "domains", "value"}), true
	}
	return sign{}, false
}

func family(a netip.Addr) string {
	if a.Is4() {
		return "ipv4-addr"
	}
	return "ipv6-addr"
}

// pattern is STIX 2.1 §9. What signOf lets through has no quote and no backslash.
func (s sign) pattern() string { return fmt.Sprintf("[%s:%s = '%s']", s.kind, s.property, s.value) }

func (x *bundle) infrastructureObjects(incident string) error {
	for _, h := range x.infrastructure {
		f := h.Fact
		o := object{"name": x.clean(f.Value), "infrastructure_types": []string{"unknown"}}
		if text := strings.TrimSpace(f.Role + " " + f.Owner); text != "" {
			o["description"] = x.clean(strings.Join(slices.DeleteFunc([]string{f.Type, f.Role, f.Owner, f.Country}, func(s string) bool { return s == "" }), ", "))
		}
		if !f.First.IsZero() {
			o["first_seen"] = instant(f.First)
			o["last_seen"] = instant(later(f.First, f.Last))
		}
		id := x.domain("infrastructure", h.ID, h.At, o)
		x.relate(id, "related-to", incident, h.Record)
		s, ok := signOf(f)
		if !ok {
			continue
		}
		contributes := object{"value": s.value}
		if s.kind == "x509-certificate" {
			contributes = object{"hashes": object{"SHA-256": s.value}}
		}
		of, err := x.observable(s.kind, contributes, nil)
		if err != nil {
			return err
		}
		x.relate(id, "consists-of", of, h.Record)
		if s.list == "" {
			continue
		}
		from := f.First
		if from.IsZero() {
			from = h.At
		}
		sign := x.domain("indicator", h.ID, h.At, object{"name": x.clean(f.Value), "description": "Seen in the case. Others may use the same host or name now, or did before.", "indicator_types": []string{"malicious-activity"},
			"pattern": s.pattern(), "pattern_type": "stix", "pattern_version": "2.1", "valid_from": instant(from)})
		x.relate(sign, "indicates", id, h.Record)
	}
	return nil
}

// flatLists are the indicators one a line, as Amnesty publishes them; a list without
// any is not written.
func (b *book) flatLists() (files []File) {
	lists := map[string][]string{}
	for _, h := range b.infrastructure {
		if s, ok := signOf(h.Fact); ok && s.list != "" {
			lists[s.list] = append(lists[s.list], s.value)
		}
	}
	for _, name := range []string{"addresses", "domains", "hashes"} {
		all := lists[name]
		slices.Sort(all)
		if all = slices.Compact(all); all != nil {
			files = append(files, File{"indicators/" + name + ".txt", []byte(strings.Join(all, "\n") + "\n")})
		}
	}
	return files
}
