package web

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/ringfence/ringfence/wire/manifest"
)

// What is read of a server, in bytes: of one file, of all files, and of a note
// or an answer.
const (
	maxFile  = 64 << 20
	maxBuild = 256 << 20
	maxNote  = 1 << 20
)

// Comparison is what a server serves, held against what it signed and against
// the build inside this program.
type Comparison struct {
	Build      string      // that the server's note names; "" where none can be relied on
	Own        string      // the build inside this program
	Signatures []Signature // of the note
	Wrong      []string    // in words; none: all is as it should be
}

// Signature is one signature of the note.
type Signature struct {
	Name  string `json:"name"`          // of the key, as whoever signed calls it
	Hash  string `json:"hash"`          // of the key, 8 hexadecimal digits
	Key   string `json:"key,omitempty"` // the verifier key that it is genuine for; empty: it could not be verified
	Whose string `json:"whose"`         // "server", "given" or "unknown"
}

// ErrKey says that a verifier key is none.
var ErrKey = errors.New("not a verifier key, which is NAME+HASH+KEY")

// Compare asks a server for its signed manifest and for every file of the
// messenger. It says, in words, which files are not those that were signed and
// which differ from the build inside this program, and refuses a note that the
// server's own key and all the verifier keys given did not sign. It cannot know
// what the server gives to others: it shows what it gives to who asks now.
//
// The error is ErrKey, or that of a program without a build.
func Compare(ctx context.Context, server string, keys []string) (Comparison, error) {
	own, err := Hashes()
	if err != nil {
		return Comparison{}, err
	}
	return compare(ctx, own, server, keys)
}

func compare(ctx context.Context, own Manifest, server string, keys []string) (Comparison, error) {
	c := comparer{Comparison: Comparison{Own: own.Build}, ctx: ctx, server: strings.TrimSuffix(server, "/"), client: &http.Client{Timeout: time.Minute}, left: maxBuild}
	for _, k := range keys {
		if err := c.know(k, "given"); err != nil {
			return Comparison{}, fmt.Errorf("%w: %q", ErrKey, k)
		}
	}
	signed, ok := c.note()
	if ok {
		c.Build = signed.Build
		c.list(signed)
	}
	c.files(own, signed)
	return c.Comparison, nil
}

// comparer asks one server.
type comparer struct {
	Comparison
	ctx    context.Context
	server string
	client *http.Client
	left   int64 // bytes that may still be read of its files
	keys   []key // that must have signed
}

type key struct {
	verifier note.Verifier
	text     string
	whose    string
}

func (c *comparer) wrong(format string, args ...any) {
	c.Wrong = append(c.Wrong, fmt.Sprintf(format, args...))
}

// know adds a key that must have signed.
func (c *comparer) know(text, whose string) error {
	v, err := note.NewVerifier(text)
	if err == nil && !slices.ContainsFunc(c.keys, func(k key) bool { return k.text == text }) {
		c.keys = append(c.keys, key{v, text, whose})
	}
	return err
}

// note returns the manifest that the server signed, where that can be relied
// on.
func (c *comparer) note() (m Manifest, ok bool) {
	b, err := c.fetch("/manifest.note", maxNote)
	if err != nil {
		c.wrong("the server publishes no signed manifest: /manifest.note: %v", err)
		return m, false
	}
	if err := c.serverKey(); err != nil {
		c.wrong("the server's key could not be learned: /v1/server: %v", err)
	}
	verifiers := make([]note.Verifier, len(c.keys))
	for i, k := range c.keys {
		verifiers[i] = k.verifier
	}
	n, err := note.Open(b, note.VerifierList(verifiers...))
	var unverified *note.UnverifiedNoteError
	if errors.As(err, &unverified) {
		n = unverified.Note
	} else if err != nil {
		c.wrong("the signed manifest cannot be relied on: %q", err)
		return m, false
	}
	c.signatures(n)
	if len(n.Sigs) == 0 {
		return m, false
	}
	if m, err = manifest.Parse(n.Text); err != nil {
		c.wrong("the signed manifest cannot be read: %v", err)
		return m, false
	}
	return m, true
}

// serverKey learns the server's own key.
func (c *comparer) serverKey() error {
	b, err := c.fetch("/v1/server", maxNote)
	if err != nil {
		return err
	}
	var is struct {
		ID string `json:"server_id"`
	}
	if err := json.Unmarshal(b, &is); err != nil {
		return errors.New("what it answers is no JSON")
	}
	public, err := base64.RawURLEncoding.Strict().DecodeString(is.ID)
	if err != nil {
		return errors.New("its server_id is not base64url")
	}
	text, err := manifest.ServerKey(public)
	if err != nil {
		return err
	}
	return c.know(text, "server")
}

// signatures lists who signed, and says who should have and did not.
func (c *comparer) signatures(n *note.Note) {
	for _, k := range c.keys {
		signed := slices.ContainsFunc(n.Sigs, func(s note.Signature) bool { return s.Name == k.verifier.Name() && s.Hash == k.verifier.KeyHash() })
		if !signed {
			c.wrong("the manifest is not signed by %s key %s", map[string]string{"server": "the server's own", "given": "the given"}[k.whose], k.text)
			continue
		}
		c.Signatures = append(c.Signatures, Signature{k.verifier.Name(), fmt.Sprintf("%08x", k.verifier.KeyHash()), k.text, k.whose})
	}
	for _, s := range n.UnverifiedSigs {
		c.Signatures = append(c.Signatures, Signature{s.Name, fmt.Sprintf("%08x", s.Hash), "", "unknown"})
	}
}

// list holds /manifest.json, which others read, against what was signed.
func (c *comparer) list(signed Manifest) {
	b, err := c.fetch("/manifest.json", maxNote)
	if err != nil {
		c.wrong("/manifest.json could not be compared: %v", err)
		return
	}
	var m Manifest
	if err := json.Unmarshal(b, &m); err != nil || m.Version != signed.Version || m.Build != signed.Build || !maps.Equal(m.Files, signed.Files) {
		c.wrong("/manifest.json does not say what was signed")
	}
}

// files holds every file against the two lists.
func (c *comparer) files(own, signed Manifest) {
	all := maps.Clone(own.Files)
	maps.Copy(all, signed.Files)
	for _, path := range slices.Sorted(maps.Keys(all)) {
		b, err := c.fetch(path, min(maxFile, c.left))
		if err != nil {
			c.wrong("%s could not be compared: %v", path, err)
			continue
		}
		c.left -= int64(len(b))
		sum := sha256.Sum256(b)
		c.file(path, hex.EncodeToString(sum[:]), own.Files[path], signed)
	}
}

func (c *comparer) file(path, got, ours string, signed Manifest) {
	if want, ok := signed.Files[path]; ok && got != want {
		c.wrong("%s is not what was signed: the server gives SHA-256 %s, the signed manifest says %s", path, got, want)
	} else if !ok && signed.Files != nil {
		c.wrong("%s is served, and the signed manifest does not name it", path)
	}
	switch ours {
	case got:
	case "":
		c.wrong("%s is not in this build: the server gives SHA-256 %s", path, got)
	default:
		c.wrong("%s differs: the server gives SHA-256 %s, this build has %s", path, got, ours)
	}
}

// fetch reads an answer of limited length.
func (c *comparer) fetch(path string, limit int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(c.ctx, http.MethodGet, c.server+path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answered %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("longer than %d bytes", limit)
	}
	return b, err
}
