package indicator

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// columns are where a line of a table has its type and its value; -1 when it has
// no such column.
type columns struct{ typ, value int }

// plain reads a list of one value a line, of "type,value", or a table with
// columns of those names. What follows # at the start of a line or after a space
// is a comment.
func (l *List) plain(data []byte) {
	l.Format = "list"
	var table *columns
	n := 0
	for line := range bytes.Lines(data) {
		n++
		text := strings.TrimSpace(string(line[:min(len(line), maxValue)]))
		if i := strings.Index(text, " #"); i >= 0 {
			text = strings.TrimSpace(text[:i])
		}
		if text == "" || text[0] == '#' {
			continue
		}
		if table == nil {
			c, isHeader := header(text)
			if table = &c; isHeader {
				continue
			}
		}
		id := fmt.Sprintf("line %d", n)
		if len(line) > maxValue {
			l.refuse(id, text, fmt.Errorf("line of %d bytes, at most %d", len(line), maxValue))
			continue
		}
		found, err := table.read(text)
		if err != nil {
			l.refuse(id, text, err)
		}
		for _, ind := range found {
			ind.ID = id
			l.add(ind)
		}
	}
}

// header reads the names of columns from a first line.
func header(line string) (columns, bool) {
	fields, err := csv.NewReader(strings.NewReader(strings.ToLower(line))).Read()
	c := columns{slices.Index(fields, "type"), slices.Index(fields, "value")}
	if c.value < 0 {
		c.value = slices.Index(fields, "indicator")
	}
	if err != nil || c.value < 0 {
		return columns{-1, -1}, false
	}
	return c, true
}

func (c columns) read(line string) ([]Indicator, error) {
	if c.value >= 0 {
		fields, err := csv.NewReader(strings.NewReader(line)).Read()
		if err != nil || max(c.typ, c.value) >= len(fields) {
			return nil, errors.Join(err, errors.New("a line that has not the columns of the first one"))
		}
		if c.typ < 0 {
			return guess(fields[c.value])
		}
		return typed(fields[c.typ], fields[c.value])
	}
	if strings.Contains(line, ",") {
		fields, err := csv.NewReader(strings.NewReader(line)).Read()
		if err != nil {
			return nil, err
		}
		if found, err := typed(fields[0], fields[1]); err == nil {
			return found, nil
		}
		return guess(strings.TrimSpace(fields[0]))
	}
	return guess(line)
}

// typed reads a value whose type is named, as here, as in STIX, or as in MISP.
func typed(name, value string) ([]Indicator, error) {
	name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
	t := ParseType(name)
	if t == 0 {
		t, _ = objectType(name)
	}
	if t == 0 || t == propertyValue {
		return mispValue(name, value)
	}
	return []Indicator{{Type: t, Value: value}}, nil
}

// guess finds what a value is from how it looks. A name such as com.evil.app may
// be a host and an app, and is taken for both.
func guess(v string) ([]Indicator, error) {
	v = strings.Trim(v, "\"'")
	if isDefanged(v) {
		v = refang(v)
	}
	one := func(t Type) ([]Indicator, error) { return []Indicator{{Type: t, Value: v}}, nil }
	if t := hashLength(v, MD5, SHA1, SHA256); t != 0 {
		return one(t)
	}
	if a, err := netip.ParseAddr(strings.Trim(v, "[]")); err == nil {
		if a.Is4() {
			return one(IPv4)
		}
		return one(IPv6)
	}
	if p, err := netip.ParsePrefix(v); err == nil {
		if p.Addr().Is4() {
			return one(IPv4)
		}
		return one(IPv6)
	}
	switch _, isMail := emailOf(v); {
	case v == "" || strings.ContainsAny(v, " \t"):
		return nil, errUnknownKind
	case strings.Contains(v, "://"):
		return one(URL)
	case isMail:
		return one(Email)
	case v[0] == '/':
		return one(FilePath)
	case strings.HasPrefix(v, "*.") && plausibleHost(v[2:], "/"):
		return one(Domain)
	}
	return guessName(v)
}

// guessName tells hosts, apps, files, properties and processes from each other.
func guessName(v string) ([]Indicator, error) {
	a := splitURL(v)
	isHost := a.host != "" && plausibleHost(a.host, a.rest)
	first, _, _ := strings.Cut(v, ".")
	_, known := publicsuffix.PublicSuffix(strings.ToLower(a.host))
	_, reversed := publicsuffix.PublicSuffix("x." + strings.ToLower(first))
	isApp := reversed && len(first) > 1 && strings.Count(v, ".") >= 2 && strings.Trim(strings.ToLower(v), "abcdefghijklmnopqrstuvwxyz0123456789._-") == ""
	var found []Indicator
	if isHost && a.rest != "" {
		return []Indicator{{Type: Domain, Value: v}}, nil
	}
	if isApp {
		found = append(found, Indicator{Type: App, Value: v})
	}
	if isHost && (known || !isApp) {
		found = append(found, Indicator{Type: Domain, Value: v})
	}
	name, _, isProperty := strings.Cut(v, "=")
	switch {
	case len(found) > 0:
	case isProperty && isPlainName(name, "._-"):
		found = []Indicator{{Type: Property, Value: v}}
	case strings.Contains(v, "/") && isPlainName(v, "/._-~+@"):
		found = []Indicator{{Type: FilePath, Value: v}}
	case strings.Contains(v, ".") && isPlainName(v, "._-~+@"):
		found = []Indicator{{Type: FileName, Value: v}}
	case isPlainName(v, "_-"):
		found = []Indicator{{Type: Process, Value: v}}
	default:
		return nil, errUnknownKind
	}
	return found, nil
}

var errUnknownKind = errors.New("no value of a kind that is known")

// isPlainName tells whether a value has only letters, digits and what is named.
func isPlainName(v, also string) bool {
	for i := range len(v) {
		if !is(v[i], isScheme) && v[i] < 0x80 && strings.IndexByte(also, v[i]) < 0 {
			return false
		}
	}
	return v != ""
}
