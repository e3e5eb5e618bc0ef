package ios

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/ringfence/ringfence/acquisition/plist"
	"github.com/ringfence/ringfence/artifact"
)

var errNoDictionary = errors.New("a property list, but no dictionary")

// maxShown is how many bytes of one nested value a record shows.
const maxShown = 4096

// dictionary reads a file as a property list; a keyed archive is resolved.
//
// Errors: those of Source.Plist and plist.Unarchive, errNoDictionary.
func dictionary(s *artifact.Source) (plist.Dict, error) {
	v, err := s.Plist()
	if err != nil {
		return nil, err
	}
	return asDictionary(v)
}

func asDictionary(v any) (plist.Dict, error) {
	d, ok := v.(plist.Dict)
	if !ok {
		return nil, errNoDictionary
	}
	if d["$archiver"] == nil {
		return d, nil
	}
	v, err := plist.Unarchive(d)
	if err != nil {
		return nil, err
	}
	if d, ok = v.(plist.Dict); !ok {
		return nil, errNoDictionary
	}
	return d, nil
}

// within returns the dictionary under a key; nil when there is none.
func within(d plist.Dict, key string) plist.Dict {
	v, _ := d[key].(plist.Dict)
	return v
}

// textOf is a value as text; empty for what is none.
func textOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	case int64, uint64, bool:
		return fmt.Sprint(v)
	}
	return ""
}

// numberOf is a value as a whole number; 0 for what is none.
func numberOf(v any) int64 {
	switch v := v.(type) {
	case int64:
		return v
	case uint64:
		return int64(min(v, math.MaxInt64))
	case float64:
		if math.Abs(v) < 1<<62 {
			return int64(v)
		}
	case bool:
		if v {
			return 1
		}
	}
	return 0
}

// timeOf is a value as a time: a date, a text of one, or seconds since 2001,
// as Apple's frameworks count.
func timeOf(v any) time.Time {
	switch v := v.(type) {
	case time.Time:
		return v
	case float64:
		return macTime(v)
	case int64:
		return macTime(float64(v))
	case string:
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05 -0700", "2006-01-02T15:04:05"} {
			if t, err := time.Parse(layout, v); err == nil {
				return t.UTC()
			}
		}
	}
	return time.Time{}
}

// shownValue is any value as a record's field can hold it; what is nested
// becomes a text, cut where it is long.
func shownValue(v any) any {
	switch v := v.(type) {
	case nil, bool, int64, float64, string, time.Time:
		return v
	case uint64:
		return numberOf(v)
	}
	var b strings.Builder
	showNested(&b, v)
	if b.Len() > maxShown {
		return b.String()[:maxShown] + "..."
	}
	return b.String()
}

func showNested(b *strings.Builder, v any) {
	if b.Len() > maxShown {
		return
	}
	switch v := v.(type) {
	case plist.Dict:
		b.WriteByte('{')
		for i, k := range sortedKeys(v) {
			if b.Len() > maxShown {
				break
			}
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(k + ": ")
			showNested(b, v[k])
		}
		b.WriteByte('}')
	case []any:
		b.WriteByte('[')
		for i, e := range v {
			if b.Len() > maxShown {
				break
			}
			if i > 0 {
				b.WriteString(", ")
			}
			showNested(b, e)
		}
		b.WriteByte(']')
	case []byte:
		b.WriteString(strconv.Itoa(len(v)) + " bytes")
	case time.Time:
		b.WriteString(v.UTC().Format(time.RFC3339Nano))
	default:
		fmt.Fprint(b, v)
	}
}

// walkDictionaries calls see with every dictionary in a property list, and the keys that
// lead to it; see tells whether to look inside. How deep lists are is bounded
// where they are parsed.
func walkDictionaries(v any, path []string, see func(path []string, d plist.Dict) bool) {
	switch v := v.(type) {
	case plist.Dict:
		if !see(path, v) {
			return
		}
		for _, k := range sortedKeys(v) {
			walkDictionaries(v[k], append(path, k), see)
		}
	case []any:
		for i, e := range v {
			walkDictionaries(e, append(path, strconv.Itoa(i)), see)
		}
	}
}
