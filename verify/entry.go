// Package verify checks a case file that Ringfence exported, with the standard
// library and golang.org/x/mod alone.
//
// A case file is a BagIt bag (RFC 8493). What was done to its exhibits stands in
// a ledger: a C2SP transparency log (https://c2sp.org/tlog-tiles) each of whose
// leaves commits to the fields of one entry without showing them. An edition may
// withhold a field; its commitment stays, so that the reader sees that it is
// there, since when, and that it has not been changed.
package verify

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// SaltSize is how many random bytes go into a commitment, so that a field with
// few possible values cannot be guessed from it.
const SaltSize = 32

// Bounds of an entry.
const (
	MaxFields = 100
	MaxLeaf   = 1<<16 - 1 // bytes; tlog-tiles, Log Entries
	MaxLine   = 16 << 20  // bytes of an entry as a line of JSON
)

// Opening is a field of an entry that is shown.
type Opening struct {
	Salt  []byte          `json:"salt"`
	Value json.RawMessage `json:"value"` // canonical JSON (RFC 8785)
}

// Entry is an entry of a ledger, with those of its fields that are shown.
type Entry struct {
	N    int64              `json:"n"` // its index in the log
	Leaf json.RawMessage    `json:"leaf"`
	Open map[string]Opening `json:"open"`
	Note string             `json:"note,omitempty"` // SignedText, signed by the person who acted
}

var fieldForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// Commit is what the leaf says of a field:
// SHA-256("ringfence field v1\n" + name + "\n" + salt + value).
func Commit(name string, salt, value []byte) []byte {
	h := sha256.New()
	fmt.Fprintf(h, "ringfence field v1\n%s\n", name)
	h.Write(salt)
	h.Write(value)
	return h.Sum(nil)
}

type leaf struct {
	Fields map[string][]byte `json:"fields"`
	V      int               `json:"v"`
}

// NewLeaf is the leaf of an entry with these fields, as canonical JSON.
func NewLeaf(open map[string]Opening) ([]byte, error) {
	l := leaf{Fields: map[string][]byte{}, V: 1}
	for name, o := range open {
		if !fieldForm.MatchString(name) || len(o.Salt) != SaltSize || !json.Valid(o.Value) {
			return nil, fmt.Errorf("field %.40q: it has no form that can be committed to", name)
		}
		l.Fields[name] = Commit(name, o.Salt, o.Value)
	}
	return l.text()
}

func (l leaf) text() ([]byte, error) {
	if len(l.Fields) == 0 || len(l.Fields) > MaxFields {
		return nil, fmt.Errorf("an entry of %d fields, want 1 to %d", len(l.Fields), MaxFields)
	}
	b, err := json.Marshal(l) // sorts the names, which are ASCII
	if err == nil && len(b) > MaxLeaf {
		err = fmt.Errorf("a leaf of %d bytes, at most %d", len(b), MaxLeaf)
	}
	return b, err
}

// ReadEntry reads an entry as a line of JSON.
func ReadEntry(line []byte) (e Entry, err error) {
	if len(line) > MaxLine {
		return e, fmt.Errorf("an entry of %d bytes, at most %d", len(line), MaxLine)
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		return e, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return e, errors.New("something follows the entry")
	}
	return e, e.Check()
}

// Line writes an entry as a line of JSON; ReadEntry reads it.
func (e Entry) Line() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // a value keeps its bytes
	err := enc.Encode(e)
	return b.Bytes(), err
}

// Check tells whether every field that is shown is the one that the leaf commits
// to.
func (e Entry) Check() error {
	var l leaf
	if err := json.Unmarshal(e.Leaf, &l); err != nil {
		return fmt.Errorf("entry %d: its leaf: %w", e.N, err)
	}
	if text, err := l.text(); err != nil || l.V != 1 || !bytes.Equal(text, e.Leaf) {
		return fmt.Errorf("entry %d: its leaf is not as one is written", e.N)
	}
	for name, o := range e.Open {
		if want, ok := l.Fields[name]; !ok || len(o.Salt) != SaltSize || !bytes.Equal(want, Commit(name, o.Salt, o.Value)) {
			return fmt.Errorf("entry %d: the field %q is not what was committed to", e.N, name)
		}
	}
	return nil
}

// Withheld are the names of the fields that are not shown, sorted.
func (e Entry) Withheld() (names []string) {
	var l leaf
	if json.Unmarshal(e.Leaf, &l) != nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(l.Fields)) {
		if _, shown := e.Open[name]; !shown {
			names = append(names, name)
		}
	}
	return names
}

// Text returns a field whose value is a string; "" when it is withheld or is none.
func (e Entry) Text(name string) (s string) {
	if json.Unmarshal(e.Open[name].Value, &s) != nil {
		return ""
	}
	return s
}

// Number returns a field whose value is a whole number, and whether it is one.
func (e Entry) Number(name string) (n int64, ok bool) {
	return n, e.Open[name].Value != nil && json.Unmarshal(e.Open[name].Value, &n) == nil
}

// Hash is the hash of the entry in the tree (RFC 6962 §2.1).
func (e Entry) Hash() tlog.Hash { return tlog.RecordHash(e.Leaf) }

// SignedText is what the person who acted signs.
func SignedText(origin string, n int64, hash tlog.Hash) string {
	return fmt.Sprintf("ringfence ledger entry\n%s\n%d\n%s\n", origin, n, base64.StdEncoding.EncodeToString(hash[:]))
}
