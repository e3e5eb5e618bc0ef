// Package sign hunts with something that is known: a rule that records fit
// (Rule), or an account, a target, a client print or a network to which all that
// is tied to it is found (Expand).
package sign

import (
	"fmt"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind is what a sign is of.
type Kind string

// The kinds.
const (
	Account Kind = "account"
	Target  Kind = "target"
	Print   Kind = "print"
	Network Kind = "network"
)

// Sign is something that is known of a campaign.
type Sign struct {
	Kind  Kind   `json:"kind"`
	Value string `json:"value"` // as in the records
}

// String returns a sign as ParseSign reads it.
func (s Sign) String() string { return string(s.Kind) + ":" + s.Value }

// Person tells whether the sign is a person, for whom a query needs approval.
func (s Sign) Person() bool { return s.Kind == Account || s.Kind == Target }

const (
	maxValue = 1 << 10  // bytes of a value, as of a text in the records
	maxSigns = 10_000   // of one query
	maxList  = 16 << 20 // bytes of a list of them
)

// ParseSign reads a sign: "account:X", "target:Y", "print:Z" or "network:N".
func ParseSign(text string) (Sign, error) {
	kind, value, ok := strings.Cut(text, ":")
	s := Sign{Kind(kind), value}
	switch s.Kind {
	case Account, Target, Print, Network:
	default:
		ok = false
	}
	if !ok {
		return Sign{}, fmt.Errorf("sign %.80q is of no kind; give account:X, target:Y, print:Z or network:N", text)
	}
	if value == "" || len(value) > maxValue || !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) {
		return Sign{}, fmt.Errorf("sign %.80q names no %s: want one line of text, of at most %d bytes, as in the records", text, kind, maxValue)
	}
	return s, nil
}

// ParseSigns reads signs. The value of one may be a file with one value a line:
// "account:@known.txt"; an empty line, and one that begins with #, is none.
func ParseSigns(all []string) ([]Sign, error) {
	var signs []Sign
	for _, text := range all {
		kind, list, isList := strings.Cut(text, ":@")
		if !isList {
			s, err := ParseSign(text)
			if err != nil {
				return nil, err
			}
			signs = append(signs, s)
			continue
		}
		of, err := readList(kind, list)
		if err != nil {
			return nil, err
		}
		signs = append(signs, of...)
	}
	if len(signs) > maxSigns {
		return nil, fmt.Errorf("%d signs are more than one query takes; give at most %d", len(signs), maxSigns)
	}
	return signs, nil
}

func readList(kind, path string) (signs []Sign, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("list of signs: %w; give a file with one %s a line", err, kind)
	}
	if !info.Mode().IsRegular() || info.Size() > maxList {
		return nil, fmt.Errorf("list of signs %s is no file of at most %d bytes; give one with one %s a line", path, maxList, kind)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("list of signs: %w", err)
	}
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		s, err := ParseSign(kind + ":" + line)
		if err != nil {
			return nil, fmt.Errorf("list of signs %s, line %d: %w", path, number, err)
		}
		signs = append(signs, s)
	}
	return signs, nil
}
