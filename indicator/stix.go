package indicator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// object is what matters of an object of a STIX bundle: indicators (STIX 2.1
// §4.7), what they are signs of, and relationships between both (§5.1).
type object struct {
	Type             string   `json:"type"`
	ID               string   `json:"id"`
	Name             string   `json:"name"`
	Pattern          string   `json:"pattern"`
	PatternType      string   `json:"pattern_type"`
	ValidFrom        string   `json:"valid_from"`
	ValidUntil       string   `json:"valid_until"`
	Revoked          bool     `json:"revoked"`
	RelationshipType string   `json:"relationship_type"`
	SourceRef        string   `json:"source_ref"`
	TargetRef        string   `json:"target_ref"`
	ObjectRefs       []string `json:"object_refs"`
}

// naming are the types that say what an indicator is a sign of; the lower of two
// wins.
var naming = map[string]int{"malware": 1, "tool": 2, "campaign": 3, "intrusion-set": 4, "threat-actor": 5, "infrastructure": 6, "report": 7, "grouping": 8}

// bundle is what was read of one so far.
type bundle struct {
	list   *List
	found  []Indicator
	names  map[string]object // of naming types, by id
	about  map[string]string // indicator id -> id of what it is a sign of
	latest []link
}

type link struct{ from, to string }

// json reads a STIX bundle or MISP events.
func (l *List) json(data []byte) {
	d := json.NewDecoder(bytes.NewReader(data))
	b := &bundle{list: l, names: map[string]object{}, about: map[string]string{}}
	isBundle, err := b.read(d)
	if !isBundle {
		l.Format = "misp"
		l.misp(data)
		return
	}
	l.Format = "stix"
	b.finish()
	if err != nil {
		l.refuse("", "", fmt.Errorf("the bundle is damaged at byte %d, what follows is not read: %w", d.InputOffset(), err))
	}
}

// read goes over the members of the top object, and over the objects one by one.
func (b *bundle) read(d *json.Decoder) (isBundle bool, err error) {
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return false, err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return isBundle, err
		}
		if name != "objects" {
			var skip json.RawMessage
			if err := d.Decode(&skip); err != nil {
				return isBundle, err
			}
			isBundle = isBundle || name == "type" && string(skip) == `"bundle"`
			continue
		}
		isBundle = true
		if err := b.objects(d); err != nil {
			return true, err
		}
	}
	_, err = d.Token()
	return isBundle, err
}

func (b *bundle) objects(d *json.Decoder) error {
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return errors.Join(err, errors.New("objects are no list"))
	}
	for n := 0; d.More(); n++ {
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return err
		}
		var o object
		if err := json.Unmarshal(raw, &o); err != nil {
			if o.ID == "" {
				o.ID = fmt.Sprintf("object %d", n)
			}
			b.list.refuse(o.ID, o.Pattern, err)
			continue
		}
		b.object(o)
	}
	_, err := d.Token()
	return err
}

func (b *bundle) object(o object) {
	switch {
	case o.Type == "indicator":
		b.indicator(o)
	case o.Type == "relationship":
		if o.RelationshipType == "indicates" || o.RelationshipType == "related-to" || o.RelationshipType == "based-on" {
			b.latest = append(b.latest, link{o.SourceRef, o.TargetRef})
		}
	case naming[o.Type] > 0:
		for _, ref := range o.ObjectRefs {
			b.latest = append(b.latest, link{ref, o.ID})
		}
		o.ObjectRefs = nil
		b.names[o.ID] = o
	}
}

func (b *bundle) indicator(o object) {
	ind := Indicator{ID: o.ID, Pattern: o.Pattern}
	switch {
	case o.Revoked:
		b.list.refuse(o.ID, o.Pattern, errors.New("revoked by who published it"))
		return
	case o.PatternType != "" && o.PatternType != "stix":
		b.list.refuse(o.ID, o.Pattern, fmt.Errorf("a pattern of type %q is not read", o.PatternType))
		return
	}
	for _, t := range []struct {
		text string
		to   *time.Time
	}{{o.ValidFrom, &ind.ValidFrom}, {o.ValidUntil, &ind.ValidUntil}} {
		at, err := time.Parse(time.RFC3339Nano, t.text)
		if err != nil && t.text != "" {
			b.list.refuse(o.ID, t.text, errors.New("a validity that is no time; the indicator is used without it"))
		}
		if err == nil {
			*t.to = at.UTC()
		}
	}
	b.found = append(b.found, ind)
}

// finish names what each indicator is a sign of, in one pass over the
// relationships, and takes the patterns apart.
func (b *bundle) finish() {
	for _, r := range b.latest {
		b.relate(r.from, r.to)
		b.relate(r.to, r.from)
	}
	only := ""
	if len(b.names) == 1 {
		for id := range b.names {
			only = id
		}
	}
	for _, ind := range b.found {
		id := b.about[ind.ID]
		if id == "" {
			id = only
		}
		ind.Malware = b.names[id].Name
		b.list.addPattern(ind)
	}
}

func (b *bundle) relate(indicator, id string) {
	rank := naming[b.names[id].Type]
	if old, ok := b.about[indicator]; rank > 0 && (!ok || rank < naming[b.names[old].Type]) {
		b.about[indicator] = id
	}
}
