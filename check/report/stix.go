package report

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/check"
)

// The same finding has the same identifier whoever writes it: UUIDv5 in this
// name space for objects of ours, and in STIX's own for observables (STIX 2.1
// §2.9).
const (
	spaceOurs = "5f5c2d2e-8d0a-5c8b-9b0e-0d6f3b1f7a11"
	spaceSCO  = "00abedb4-aa42-466c-9c01-fed23315a9b7"
)

type object = map[string]any

// bundler builds a bundle (STIX 2.1 §8).
type bundler struct {
	at      string
	by      string
	objects []object
	seen    map[string]bool
}

// bundle is the findings in STIX 2.1: what was seen as observed-data with its
// observables, what it is a sign of as indicator and malware, and that it was
// seen as sighting.
func bundle(r *check.Result) object {
	b := &bundler{at: stamp(r.Started), seen: map[string]bool{}}
	b.by = b.add("identity", "ringfence", object{"name": "Ringfence check", "identity_class": "system"})
	for i := range r.Findings {
		if r.Findings[i].Kind == "indicator" {
			b.finding(&r.Findings[i], stamp(r.Started))
		}
	}
	return object{"type": "bundle", "id": "bundle--" + uuid5(spaceOurs, b.at+fmt.Sprint(len(b.objects))), "objects": b.objects}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// add adds a domain object once and returns its identifier.
func (b *bundler) add(kind, key string, o object) string {
	id := kind + "--" + uuid5(spaceOurs, kind+"\x00"+key)
	if b.seen[id] {
		return id
	}
	b.seen[id] = true
	o["type"], o["spec_version"], o["id"], o["created"], o["modified"] = kind, "2.1", id, b.at, b.at
	if b.by != "" {
		o["created_by_ref"] = b.by
	}
	b.objects = append(b.objects, o)
	return id
}

func (b *bundler) finding(f *check.Finding, examined string) {
	observable := b.observable(f)
	if observable == "" {
		return
	}
	first := examined
	if f.Time != nil {
		first = stamp(*f.Time)
	}
	data := b.add("observed-data", f.ID, object{"first_observed": first, "last_observed": first,
		"number_observed": f.Repeats + 1, "object_refs": []string{observable}})
	sign := b.sign(f.Indicator)
	b.add("sighting", f.ID, object{"sighting_of_ref": sign, "observed_data_refs": []string{data}, "count": f.Repeats + 1,
		"confidence": confidence(f), "description": f.Title})
}

// sign is the indicator that matched, and what it indicates.
func (b *bundler) sign(s *check.Sign) string {
	id := b.add("indicator", s.Type+"\x00"+s.Value+"\x00"+s.Source, object{"name": s.Value, "pattern": pattern(s), "pattern_type": "stix",
		"valid_from": b.at, "indicator_types": []string{"malicious-activity"}, "labels": []string{s.Source}})
	if s.Malware == "" {
		return id
	}
	malware := b.add("malware", s.Malware, object{"name": s.Malware, "is_family": true})
	b.add("relationship", id+malware, object{"relationship_type": "indicates", "source_ref": id, "target_ref": malware})
	return id
}

// pattern is the pattern of a plain indicator (STIX 2.1 §9); a compound one
// stands as it was published.
func pattern(s *check.Sign) string {
	if strings.HasPrefix(s.Value, "[") {
		return s.Value
	}
	path, ok := map[string]string{"domain-name": "domain-name:value", "ipv4-addr": "ipv4-addr:value", "ipv6-addr": "ipv6-addr:value",
		"url": "url:value", "email-addr": "email-addr:value", "process": "process:command_line", "file-name": "file:name", "file-path": "file:name",
		"file-md5": "file:hashes.MD5", "file-sha1": "file:hashes.'SHA-1'", "file-sha256": "file:hashes.'SHA-256'", "app-id": "software:name"}[s.Type]
	if !ok {
		path = "x-" + s.Type + ":value"
	}
	return "[" + path + " = '" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s.Value) + "']"
}

func confidence(f *check.Finding) int {
	return []int{10, 20, 45, 70, 90}[min(f.Severity, artifact.Critical)]
}

// observable is what was seen, as a cyber-observable object (STIX 2.1 §6).
func (b *bundler) observable(f *check.Finding) string {
	v := f.Indicator.Matched
	if v == "" {
		v = f.Indicator.Value
	}
	switch f.Indicator.Type {
	case "domain-name", "ipv4-addr", "ipv6-addr", "url":
		return b.network(v)
	case "email-addr":
		return b.sco("email-addr", object{"value": strings.TrimPrefix(v, "mailto:")}, "value")
	case "process":
		// A process has no identifying properties that a phone's records hold, so
		// that its file is what was observed.
		return b.sco("file", object{"name": v[strings.LastIndexByte(v, '/')+1:]}, "name")
	case "file-md5", "file-sha1", "file-sha256":
		name := map[string]string{"file-md5": "MD5", "file-sha1": "SHA-1", "file-sha256": "SHA-256"}[f.Indicator.Type]
		return b.sco("file", object{"hashes": object{name: strings.ToLower(v)}}, "hashes")
	case "file-name", "file-path":
		return b.file(v)
	}
	return b.sco("software", object{"name": v}, "name")
}

func (b *bundler) network(v string) string {
	if a, err := netip.ParseAddr(v); err == nil {
		kind := "ipv6-addr"
		if a.Is4() {
			kind = "ipv4-addr"
		}
		return b.sco(kind, object{"value": v}, "value")
	}
	if u, err := url.Parse(v); err == nil && u.Scheme != "" && u.Host != "" {
		return b.sco("url", object{"value": v}, "value")
	}
	return b.sco("domain-name", object{"value": v}, "value")
}

func (b *bundler) file(path string) string {
	dir, name := path[:strings.LastIndexByte(path, '/')+1], path[strings.LastIndexByte(path, '/')+1:]
	if name == "" {
		return b.sco("directory", object{"path": path}, "path")
	}
	if dir == "" {
		return b.sco("file", object{"name": name}, "name")
	}
	parent := b.sco("directory", object{"path": dir}, "path")
	return b.sco("file", object{"name": name, "parent_directory_ref": parent}, "name", "parent_directory_ref")
}

// sco adds an observable once; its identifier follows from the properties that
// identify it, as canonical JSON (STIX 2.1 §2.9, RFC 8785 for plain strings).
func (b *bundler) sco(kind string, o object, identify ...string) string {
	slices.Sort(identify)
	of := object{}
	for _, p := range identify {
		of[p] = o[p]
	}
	var canonical strings.Builder
	e := json.NewEncoder(&canonical) // writes maps by key
	e.SetEscapeHTML(false)
	if err := e.Encode(of); err != nil {
		return ""
	}
	id := kind + "--" + uuid5(spaceSCO, strings.TrimSuffix(canonical.String(), "\n"))
	if !b.seen[id] {
		b.seen[id] = true
		o["type"], o["spec_version"], o["id"] = kind, "2.1", id
		b.objects = append(b.objects, o)
	}
	return id
}

// uuid5 is a name-based UUID (RFC 9562 §5.5).
func uuid5(space, name string) string {
	ns, err := hex.DecodeString(strings.ReplaceAll(space, "-", ""))
	if err != nil {
		panic(err) // the spaces are constants
	}
	h := sha1.Sum(append(ns, name...))
	h[6] = h[6]&0x0f | 0x50
	h[8] = h[8]&0x3f | 0x80
	x := hex.EncodeToString(h[:16])
	return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:]
}
