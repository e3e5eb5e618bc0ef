package document

import (
	"bytes"
	"cmp"
	"crypto/sha1" // what a UUID of version 5 is made with
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/gowebpki/jcs"

	"github.com/ringfence/ringfence/casefile"
)

// object is one of STIX 2.1; its properties are written in the order of their names.
type object map[string]any

// uuid is RFC 9562 §4.
type uuid [16]byte

// uuid5 is RFC 9562 §5.5.
func uuid5(space uuid, name []byte) (u uuid) {
	h := sha1.New()
	h.Write(space[:])
	h.Write(name)
	copy(u[:], h.Sum(nil))
	u[6], u[8] = u[6]&0x0f|0x50, u[8]&0x3f|0x80
	return u
}

func (u uuid) String() string {
	s := hex.EncodeToString(u[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

var (
	// urlSpace is RFC 9562 §6.6.
	urlSpace = uuid{0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}
	// observedSpace is that of cyber-observable objects, STIX 2.1 §2.9.
	observedSpace = uuid{0x00, 0xab, 0xed, 0xb4, 0xaa, 0x42, 0x46, 0x6c, 0x9c, 0x01, 0xfe, 0xd2, 0x33, 0x15, 0xa9, 0xb7}
)

// bundle collects objects. The same case and record make the same ids each time.
type bundle struct {
	*book
	space   uuid
	marking string
	author  string // identity of the service
	objects []object
	at      map[string]int // where an object stands, by id
}

// instant is STIX 2.1 §2.12.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// domain adds a domain or relationship object, as it was at a time.
func (x *bundle) domain(kind, name string, modified time.Time, o object) string {
	begun := cmp.Or(x.Case.Opened, x.Made)
	if modified.Before(begun) {
		modified = begun
	}
	id := kind + "--" + uuid5(x.space, []byte(kind+"\n"+name)).String()
	o["type"], o["id"], o["spec_version"] = kind, id, "2.1"
	o["created"], o["modified"] = instant(begun), instant(modified)
	o["object_marking_refs"] = []string{x.marking}
	if x.author != "" {
		o["created_by_ref"] = x.author
	}
	x.add(id, o)
	return id
}

// observable adds a cyber-observable object, whose id is made of what contributes to
// it (STIX 2.1 §2.9), so that everybody's has the same.
func (x *bundle) observable(kind string, contributes, more object) (string, error) {
	b, err := json.Marshal(contributes)
	if err == nil {
		b, err = jcs.Transform(b)
	}
	if err != nil {
		return "", fmt.Errorf("stix %s: %w", kind, err)
	}
	id := kind + "--" + uuid5(observedSpace, b).String()
	o := object{"type": kind, "id": id, "spec_version": "2.1", "object_marking_refs": []string{x.marking}}
	for _, from := range []object{contributes, more} {
		for k, v := range from {
			o[k] = v
		}
	}
	x.add(id, o)
	return id, nil
}

// add keeps one object of an id: two records may speak of the same domain.
func (x *bundle) add(id string, o object) {
	if _, ok := x.at[id]; !ok {
		x.at[id] = len(x.objects)
		x.objects = append(x.objects, o)
	}
}

func (x *bundle) relate(source, how, target string, r casefile.Record) {
	x.domain("relationship", source+" "+how+" "+target, r.At, object{"relationship_type": how, "source_ref": source, "target_ref": target})
}

// markings are the traffic light protocol's (STIX 2.1 §7.2.1.4) for the editions.
func (b *book) tlp() (id, color string) {
	switch b.Edition {
	case "public":
		return "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", "white"
	case "court":
		return "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", "amber"
	default:
		return "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", "red"
	}
}

// stix writes the facts as a bundle of STIX 2.1, and the indicators as flat lists.
func stix(b *book) ([]File, error) {
	id, color := b.tlp()
	x := &bundle{book: b, space: uuid5(urlSpace, []byte("https://"+b.Ledger.Origin)), marking: id, at: map[string]int{}}
	x.add(id, object{"type": "marking-definition", "spec_version": "2.1", "id": id, "created": "2017-01-20T00:00:00.000Z", "definition_type": "tlp", "name": "TLP:" + upper(color), "definition": object{"tlp": color}})
	if err := x.facts(); err != nil {
		return nil, err
	}
	out, err := written(object{"type": "bundle", "id": "bundle--" + uuid5(x.space, []byte("bundle\n"+b.Edition+"\n"+instant(b.Made))).String(), "objects": x.objects})
	return append(b.flatLists(), File{"stix.json", out}), err
}

func upper(color string) string { return string(bytes.ToUpper([]byte(color))) }

// written is JSON for people: indented, and with the letters as they are.
func written(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return out.Bytes(), err
}

// Ids of the extensions of STIX 2.1 for incidents: OASIS, Incident Core Extension
// 2.1, a draft of 2024-02-20.
const (
	incidentExtension = "extension-definition--ef765651-680c-498d-9894-99799f2fa126"
	eventExtension    = "extension-definition--4ca6de00-5b0d-45ef-a1dc-ea7279ea910e"
)

func (x *bundle) facts() error {
	name := "Operator of the service"
	for _, p := range x.parties {
		if p.Fact.Role == "operator of the service" {
			name = p.Fact.Name
			break
		}
	}
	x.author = x.domain("identity", "service", x.Case.Opened, object{"name": x.clean(name), "identity_class": "organization"})
	accounts, err := x.accountObjects()
	if err != nil {
		return err
	}
	incident := x.incidentID()
	events, err := x.observations(accounts, incident)
	if err != nil {
		return err
	}
	x.whole(events)
	if err := x.infrastructureObjects(incident); err != nil {
		return err
	}
	x.campaignObjects(accounts, incident)
	x.partyObjects(incident)
	x.targetObjects(incident)
	if err := x.traces(incident); err != nil {
		return err
	}
	x.judgementObjects(incident)
	x.remarks(incident)
	x.report()
	return nil
}

// incidentID is the case's, before it is added.
func (x *bundle) incidentID() string {
	return "incident--" + uuid5(x.space, []byte("incident\ncase")).String()
}

// whole adds the case: the incident that STIX 2.1 has, which is a name and a
// description, and beside it the extension with what else there is to say.
func (x *bundle) whole(events []object) {
	e := object{"extension_type": "property-extension", "determination": x.determination(), "investigation_status": "open",
		"detection_methods": []string{"proprietary-solution", "human-review"}, "incident_types": []string{"exploit-attempt"}}
	if events != nil {
		e["events"] = events
	}
	targets := 0
	for _, c := range x.campaigns {
		targets = max(targets, c.Fact.Targets)
	}
	if targets > 0 && !(x.open && targets < few) {
		e["impacted_entity_counts"] = object{"individual": targets}
	}
	x.domain("incident", "case", x.Made, object{"name": x.title(), "description": "Case " + x.Case.ID + ". The case file has the whole.", "extensions": object{incidentExtension: e}})
}

// determination is of the incident-determination-enum: blocked only when nothing
// got through, confirmed only when a device was found infected.
func (x *bundle) determination() string {
	for _, d := range x.devices {
		if d.Fact.Verdict == "infected" {
			return "confirmed"
		}
	}
	for _, i := range x.incidents {
		if !i.Fact.Stopped {
			return "suspected"
		}
	}
	if len(x.incidents) == 0 {
		return "suspected"
	}
	return "blocked"
}

// report has everything in it.
func (x *bundle) report() {
	var refs []string
	for _, o := range x.objects {
		refs = append(refs, o["id"].(string))
	}
	slices.Sort(refs)
	var exhibits []object
	for _, e := range x.Exhibits {
		exhibits = append(exhibits, object{"source_name": "exhibit of " + x.Case.ID, "external_id": e.ID, "description": "SHA-256 " + e.SHA256})
	}
	o := object{"name": x.title(), "description": x.edition(), "published": instant(x.Made), "report_types": []string{"threat-report"}, "object_refs": refs}
	if exhibits != nil {
		o["external_references"] = exhibits
	}
	x.domain("report", "report "+x.Edition, x.Made, o)
}
