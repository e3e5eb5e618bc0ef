// Package document decides whether a JSON text has one reading.
//
// JSON leaves open what a key means that stands there twice, and libraries
// differ: some take the first, some the last, and some do not mind capitals.
// Where two programs read the same text differently, one of them can be
// deceived about what the other will do. So a text is refused here before it is
// decoded when it could be read in two ways (RFC 8259 §4, §8.1; RFC 7493).
package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/ringfence/ringfence/wire"
)

const (
	maxDepth = 8
	clause   = "docs/protocol.md, HTTP; RFC 7493 §2"
)

// Check refuses a text that is not exactly one JSON document in UTF-8, or in
// which a key stands twice, or is not of a-z, 0-9 and _ as all keys of the
// protocol are.
func Check(b []byte) error {
	if !utf8.Valid(b) {
		return refuse(0, len(b), "not UTF-8")
	}
	r := reader{d: json.NewDecoder(bytes.NewReader(b)), size: len(b)}
	r.d.UseNumber()
	if err := r.value(0); err != nil {
		return err
	}
	at := int(r.d.InputOffset())
	if _, err := r.d.Token(); !errors.Is(err, io.EOF) {
		return refuse(at, len(b)-at, "something stands behind the document")
	}
	return nil
}

type reader struct {
	d    *json.Decoder
	size int
}

func (r reader) token() (json.Token, error) {
	t, err := r.d.Token()
	if err != nil {
		at := min(int(r.d.InputOffset()), r.size)
		return nil, refuse(at, min(1, r.size-at), "not JSON")
	}
	return t, nil
}

// value reads one value.
func (r reader) value(depth int) error {
	t, err := r.token()
	if err != nil {
		return err
	}
	switch t {
	case json.Delim('{'):
		return r.inside(depth+1, r.member(map[string]bool{}))
	case json.Delim('['):
		return r.inside(depth+1, r.value)
	}
	return nil
}

// inside reads what an object or array holds.
func (r reader) inside(depth int, one func(int) error) error {
	if depth > maxDepth {
		return refuse(int(r.d.InputOffset())-1, 1, "nested too deep")
	}
	for r.d.More() {
		if err := one(depth); err != nil {
			return err
		}
	}
	_, err := r.token()
	return err
}

// member reads the members of one object.
func (r reader) member(seen map[string]bool) func(int) error {
	return func(depth int) error {
		t, err := r.token()
		if err != nil {
			return err
		}
		key, ok := t.(string)
		at := int(r.d.InputOffset())
		switch {
		case !ok || !plain(key):
			return refuse(at, 0, "a key of other characters than a-z, 0-9 and _")
		case seen[key]:
			return refuse(at, 0, "a key that stands there twice")
		}
		seen[key] = true
		return r.value(depth)
	}
}

func plain(key string) bool {
	for i := range len(key) {
		c := key[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return key != ""
}

func refuse(offset, length int, reason string) error {
	return &wire.Refusal{Rule: "R17", Offset: offset, Length: length, Clause: clause, Reason: reason}
}
