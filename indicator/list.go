package indicator

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"strings"
)

// Refusal is a published thing that no set holds, and why.
type Refusal struct {
	File  string `json:"file"`
	ID    string `json:"id,omitempty"`    // of the object, or the number of the line
	Value string `json:"value,omitempty"` // the value or pattern
	Why   string `json:"why"`
}

// List is what a published file holds.
type List struct {
	Name       string // of the file
	Format     string // "stix", "misp", "stalkerware", "list"
	Indicators []Indicator
	Refused    []Refusal
}

// MaxFile is how large a published file may be, in bytes.
const MaxFile = 256 << 20

// maxIndicators bounds what one file may hold, and maxRefused how many refusals
// of it are told one by one.
const (
	maxIndicators = 20_000_000
	maxRefused    = 1000
)

var errNothing = errors.New("holds no indicators: it is no STIX bundle, no MISP event, no stalkerware list and no plain list")

// Parse reads a published file of any of the formats; which one is seen from
// what it holds. What cannot be used is in Refused and the rest is kept. It is
// an error when nothing is of use.
func Parse(name string, data []byte) (*List, error) {
	l := &List{Name: strings.ToValidUTF8(path.Base(strings.ReplaceAll(name, `\`, "/")), "?")}
	if len(data) > MaxFile {
		return nil, fmt.Errorf("%s has %d bytes, at most %d", l.Name, len(data), MaxFile)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	text := bytes.TrimLeft(data, " \t\r\n")
	ext := strings.ToLower(path.Ext(l.Name))
	switch {
	case len(text) == 0:
		return nil, fmt.Errorf("%s is empty", l.Name)
	case text[0] == '{' || text[0] == '[' && !bytes.HasPrefix(text, []byte("[.")) && isJSON(text):
		l.json(text)
	case ext == ".yaml" || ext == ".yml" || bytes.HasPrefix(text, []byte("- name:")) || bytes.HasPrefix(text, []byte("---")):
		l.stalkerware(data)
	case bytes.IndexByte(text, 0) >= 0:
		return nil, fmt.Errorf("%s %w", l.Name, errNothing)
	default:
		l.plain(data)
	}
	if len(l.Indicators) == 0 {
		if len(l.Refused) == 0 {
			return nil, fmt.Errorf("%s %w", l.Name, errNothing)
		}
		r := l.Refused[0]
		return l, fmt.Errorf("%s holds no indicators that can be used; the first: %s %.200s: %s", l.Name, r.ID, r.Value, r.Why)
	}
	return l, nil
}

// isJSON tells an array of events from a line that begins with an address in
// brackets.
func isJSON(text []byte) bool {
	rest := bytes.TrimLeft(text[1:], " \t\r\n")
	return len(rest) > 0 && (rest[0] == '{' || rest[0] == ']')
}

func (l *List) refuse(id, value string, err error) {
	switch {
	case len(l.Refused) < maxRefused:
		if len(value) > 500 {
			value = strings.ToValidUTF8(value[:500], "") + "..."
		}
		l.Refused = append(l.Refused, Refusal{l.Name, id, value, err.Error()})
	case len(l.Refused) == maxRefused:
		l.Refused = append(l.Refused, Refusal{l.Name, "", "", "more is refused that is not listed"})
	}
}

func (l *List) add(ind Indicator) {
	if len(l.Indicators) >= maxIndicators {
		l.refuse(ind.ID, ind.Value, errTooMany)
		return
	}
	ind.Source = l.Name
	if ind.Malware == "" {
		ind.Malware = strings.TrimSuffix(l.Name, path.Ext(l.Name))
	}
	l.Indicators = append(l.Indicators, ind)
}

// addPattern adds what a STIX pattern holds: its plain equalities each as an
// indicator, what is compound as one.
func (l *List) addPattern(ind Indicator) {
	root, err := parsePattern(ind.Pattern)
	if err != nil {
		l.refuse(ind.ID, ind.Pattern, err)
		return
	}
	plain, compounds, refused := split(root, ind.Pattern)
	for _, p := range plain {
		part := ind
		part.Type, part.Value = p.Type, p.Value
		l.add(part)
	}
	for _, err := range refused {
		l.refuse(ind.ID, ind.Pattern, err)
	}
	for i, n := range compounds {
		c, err := newCompound(n, ind)
		if err != nil {
			l.refuse(ind.ID, ind.Pattern, err)
			continue
		}
		if i == 0 {
			l.add(c.indicator)
		}
	}
}
