package plist

import (
	"encoding/hex"
	"fmt"
)

// ring stands where an archive's object holds itself.
const ring = "$ring"

// archive is a keyed archive as it is resolved (NSKeyedArchiver: objects in one
// array, which refer to each other by UID).
type archive struct {
	objects   []any
	unfolding map[UID]bool
	nodes     int
}

func unarchive(v any) (any, error) {
	d, ok := v.(Dict)
	if !ok || d["$archiver"] == nil {
		return nil, fmt.Errorf("%w: no keyed archive", ErrDamaged)
	}
	objects, ok1 := d["$objects"].([]any)
	top, ok2 := d["$top"].(Dict)
	if !ok1 || !ok2 {
		return nil, fmt.Errorf("%w: a keyed archive without objects", ErrDamaged)
	}
	a := &archive{objects: objects, unfolding: map[UID]bool{}}
	if root, ok := top["root"]; ok && len(top) == 1 {
		return a.resolve(root, 0)
	}
	return a.resolve(top, 0)
}

func (a *archive) resolve(v any, depth int) (any, error) {
	if a.nodes++; depth > MaxDepth || a.nodes > MaxNodes {
		return nil, ErrLimit
	}
	switch v := v.(type) {
	case UID:
		if int(v) < 0 || uint64(v) >= uint64(len(a.objects)) {
			return nil, fmt.Errorf("%w: object %d of %d", ErrDamaged, v, len(a.objects))
		}
		if a.unfolding[v] {
			return ring, nil
		}
		a.unfolding[v] = true
		defer delete(a.unfolding, v)
		return a.resolve(a.objects[v], depth+1)
	case string:
		if v == "$null" {
			return nil, nil
		}
		return v, nil
	case []any:
		return a.list(v, depth)
	case Dict:
		return a.object(v, depth)
	}
	return v, nil
}

func (a *archive) list(vs []any, depth int) (any, error) {
	out := make([]any, 0, min(len(vs), 4096))
	for _, v := range vs {
		r, err := a.resolve(v, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// class is the name of an object's class.
func (a *archive) class(d Dict) string {
	ref, ok := d["$class"].(UID)
	if !ok || uint64(ref) >= uint64(len(a.objects)) {
		return ""
	}
	c, _ := a.objects[ref].(Dict)
	name, _ := c["$classname"].(string)
	return name
}

// foundation names the key that an instance of a class of Foundation keeps its
// content under.
var foundation = map[string]string{
	"NSDictionary": "NS.keys", "NSMutableDictionary": "NS.keys",
	"NSArray": "NS.objects", "NSMutableArray": "NS.objects",
	"NSSet": "NS.objects", "NSMutableSet": "NS.objects",
	"NSOrderedSet": "NS.objects", "NSMutableOrderedSet": "NS.objects",
	"NSString": "NS.string", "NSMutableString": "NS.string",
	"NSData": "NS.data", "NSMutableData": "NS.data",
}

// object resolves an instance: the classes of Foundation to plain values, any
// other, and one of these that keeps its content elsewhere, to its keys.
func (a *archive) object(d Dict, depth int) (any, error) {
	class := a.class(d)
	if key := foundation[class]; d[key] != nil {
		list, ok := d[key].([]any)
		switch {
		case key == "NS.keys" && ok:
			return a.dictionary(d, depth)
		case key == "NS.objects" && ok:
			return a.list(list, depth)
		case key == "NS.string" || key == "NS.data":
			return a.resolve(d[key], depth+1)
		}
	}
	switch class {
	case "NSDate":
		if f, ok := d["NS.time"].(float64); ok {
			return date(f), nil
		}
	case "NSUUID":
		if b, ok := d["NS.uuidbytes"].([]byte); ok && len(b) == 16 {
			x := hex.EncodeToString(b)
			return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:], nil
		}
	case "NSURL":
		return a.url(d, depth)
	case "NSNull":
		return nil, nil
	}
	out := make(Dict, min(len(d), 4096))
	for k, v := range d {
		if k == "$class" {
			continue
		}
		r, err := a.resolve(v, depth+1)
		if err != nil {
			return nil, err
		}
		out[k] = r
	}
	if class != "" {
		out["$class"] = class
	}
	return out, nil
}

func (a *archive) dictionary(d Dict, depth int) (any, error) {
	keys, _ := d["NS.keys"].([]any)
	values, _ := d["NS.objects"].([]any)
	if len(keys) != len(values) {
		return nil, fmt.Errorf("%w: %d keys for %d values", ErrDamaged, len(keys), len(values))
	}
	out := make(Dict, min(len(keys), 4096))
	for i := range keys {
		k, err := a.resolve(keys[i], depth+1)
		if err != nil {
			return nil, err
		}
		v, err := a.resolve(values[i], depth+1)
		if err != nil {
			return nil, err
		}
		name, ok := k.(string)
		if !ok {
			name = fmt.Sprint(k)
		}
		out[name] = v
	}
	return out, nil
}

// url joins a URL's base and the rest.
func (a *archive) url(d Dict, depth int) (any, error) {
	base, err := a.resolve(d["NS.base"], depth+1)
	if err != nil {
		return nil, err
	}
	rest, err := a.resolve(d["NS.relative"], depth+1)
	if err != nil {
		return nil, err
	}
	b, _ := base.(string)
	r, _ := rest.(string)
	return b + r, nil
}
