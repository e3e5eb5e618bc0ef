package plist

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// xmlList is a list as it is read. Entities beyond XML's own five are refused,
// and nothing outside of the file is ever read.
type xmlList struct {
	d     *xml.Decoder
	nodes int
}

func parseXML(b []byte) (any, error) {
	l := &xmlList{d: xml.NewDecoder(bytes.NewReader(b))}
	l.d.CharsetReader = func(charset string, in io.Reader) (io.Reader, error) {
		if strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "us-ascii") {
			return in, nil
		}
		return nil, fmt.Errorf("the character set %q", charset)
	}
	for {
		t, err := l.d.Token()
		if errors.Is(err, io.EOF) {
			return nil, ErrNotPlist
		}
		if err != nil {
			return nil, damaged(err)
		}
		start, ok := t.(xml.StartElement)
		if !ok || start.Name.Local == "plist" {
			continue
		}
		if !known[start.Name.Local] {
			return nil, fmt.Errorf("%w: it begins with <%s>", ErrNotPlist, start.Name.Local)
		}
		return l.value(start, 0)
	}
}

var known = map[string]bool{"dict": true, "array": true, "string": true, "data": true, "date": true, "integer": true, "real": true, "true": true, "false": true}

func damaged(err error) error { return fmt.Errorf("%w: %w", ErrDamaged, err) }

func (l *xmlList) value(start xml.StartElement, depth int) (any, error) {
	if l.nodes++; depth > MaxDepth || l.nodes > MaxNodes {
		return nil, ErrLimit
	}
	switch start.Name.Local {
	case "dict":
		return l.dict(depth)
	case "array":
		return l.array(depth)
	}
	s, err := l.text()
	if err != nil {
		return nil, err
	}
	switch start.Name.Local {
	case "string":
		return s, nil
	case "true", "false":
		return start.Name.Local == "true", nil
	case "data":
		b, err := base64.StdEncoding.DecodeString(strings.Map(notSpace, s))
		if err != nil {
			return nil, damaged(err)
		}
		return b, nil
	case "date":
		t, err := time.Parse(time.RFC3339, strings.TrimSpace(s))
		if err != nil {
			return nil, damaged(err)
		}
		return t.UTC(), nil
	case "integer":
		return xmlInteger(strings.TrimSpace(s))
	case "real":
		f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
		if err != nil {
			return nil, damaged(err)
		}
		return f, nil
	}
	return nil, fmt.Errorf("%w: <%s>", ErrDamaged, start.Name.Local)
}

func notSpace(r rune) rune {
	if r == ' ' || r == '\t' || r == '\n' || r == '\r' {
		return -1
	}
	return r
}

// xmlInteger reads a decimal number, or a hexadecimal one behind 0x.
func xmlInteger(s string) (any, error) {
	base, sign := 10, ""
	if rest := strings.TrimLeft(s, "+-"); len(rest) > 2 && strings.EqualFold(rest[:2], "0x") {
		base, sign = 16, s[:len(s)-len(rest)]
		s = sign + rest[2:]
	}
	if n, err := strconv.ParseInt(s, base, 64); err == nil {
		return n, nil
	}
	n, err := strconv.ParseUint(s, base, 64)
	if err != nil {
		return nil, damaged(err)
	}
	return n, nil
}

// text reads up to the element's end.
func (l *xmlList) text() (string, error) {
	var b strings.Builder
	for {
		t, err := l.d.Token()
		if err != nil {
			return "", damaged(err)
		}
		switch t := t.(type) {
		case xml.CharData:
			b.Write(t)
		case xml.EndElement:
			return b.String(), nil
		case xml.StartElement:
			return "", fmt.Errorf("%w: <%s> within a value", ErrDamaged, t.Name.Local)
		}
	}
}

// next returns the next element of a container; ok is false at its end.
func (l *xmlList) next() (start xml.StartElement, ok bool, err error) {
	for {
		t, err := l.d.Token()
		if err != nil {
			return start, false, damaged(err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			return t, true, nil
		case xml.EndElement:
			return start, false, nil
		}
	}
}

func (l *xmlList) array(depth int) (any, error) {
	all := []any{}
	for {
		start, ok, err := l.next()
		if err != nil || !ok {
			return all, err
		}
		v, err := l.value(start, depth+1)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
}

// reference is the UID that an XML list of a keyed archive writes as
// {"CF$UID": n}, or the dictionary itself.
func reference(d Dict) any {
	if n, ok := d["CF$UID"].(int64); ok && len(d) == 1 && n >= 0 {
		return UID(n)
	}
	return d
}

func (l *xmlList) dict(depth int) (any, error) {
	d := Dict{}
	for {
		start, ok, err := l.next()
		if err != nil {
			return nil, err
		}
		if !ok {
			return reference(d), nil
		}
		if start.Name.Local != "key" {
			return nil, fmt.Errorf("%w: <%s> where a key belongs", ErrDamaged, start.Name.Local)
		}
		key, err := l.text()
		if err != nil {
			return nil, err
		}
		if start, ok, err = l.next(); err != nil || !ok {
			return nil, errors.Join(err, fmt.Errorf("%w: the key %q without a value", ErrDamaged, key))
		}
		v, err := l.value(start, depth+1)
		if err != nil {
			return nil, err
		}
		d[key] = v
	}
}
