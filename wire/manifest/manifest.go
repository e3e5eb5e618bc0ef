// Package manifest is the list of what the messenger's web build consists of,
// in the form in which it is signed.
//
// A web page is loaded anew each time, so whoever runs the server can give one
// person another page than everybody else. Against that the server signs what
// it serves, as a C2SP signed note (https://c2sp.org/signed-note) over this
// text, which is the same to the byte for the same build:
//
//	ringfence web build
//	build v1.2.0
//	<SHA-256 in lower-case hex> /
//	<SHA-256 in lower-case hex> /assets/engine.1b2c3d4e5f607182.wasm
//
// The lines of the files are in the order of their paths' bytes. Two notes of
// one key that name one build and differ, or a note whose hashes are not those
// that its build's sources give, are proof that somebody can keep.
package manifest

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Origin is the first line of the text. It also keeps the signature apart from
// all else that the server's key signs.
const Origin = "ringfence web build"

// serverName is the name of the server's key. A server is known by its key
// alone: one that moves to another domain is the same.
const serverName = "ringfence-server"

// MaxFiles is how many files a build may have; one of ours has about fifteen.
const MaxFiles = 1000

// Manifest is the list, as /manifest.json has it.
type Manifest struct {
	Version int               `json:"version"`         // 1
	Build   string            `json:"build,omitempty"` // the version or commit that it was built from
	Files   map[string]string `json:"files"`           // SHA-256 in lower-case hex, by URL path
}

var (
	buildName = regexp.MustCompile(`^[0-9A-Za-z._+~-]{1,100}$`)
	filePath  = regexp.MustCompile(`^/[0-9A-Za-z._/-]{0,200}$`)
)

// Check refuses what has no text.
func (m Manifest) Check() error {
	switch {
	case m.Version != 1:
		return fmt.Errorf("manifest: version %d, want 1", m.Version)
	case !buildName.MatchString(m.Build):
		return fmt.Errorf("manifest: the build is %q, want 1 to 100 of letters, digits and ._+~-", m.Build)
	case len(m.Files) == 0 || len(m.Files) > MaxFiles:
		return fmt.Errorf("manifest: %d files, want 1 to %d", len(m.Files), MaxFiles)
	}
	for path, hash := range m.Files {
		if b, err := hex.DecodeString(hash); err != nil || len(b) != 32 || strings.ToLower(hash) != hash {
			return fmt.Errorf("manifest: %q is no SHA-256 in lower-case hex", hash)
		}
		if !filePath.MatchString(path) {
			return fmt.Errorf("manifest: %q is no path of a file", path)
		}
	}
	return nil
}

// Text returns the text that is signed.
func (m Manifest) Text() (string, error) {
	if err := m.Check(); err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nbuild %s\n", Origin, m.Build)
	for _, path := range slices.Sorted(maps.Keys(m.Files)) {
		fmt.Fprintf(&b, "%s %s\n", m.Files[path], path)
	}
	return b.String(), nil
}

// Parse reads the text that is signed. Every manifest has one text, so
// whatever is written otherwise is refused.
func Parse(text string) (Manifest, error) {
	m := Manifest{Version: 1, Files: map[string]string{}}
	rest, ok := strings.CutPrefix(text, Origin+"\nbuild ")
	if !ok {
		return Manifest{}, fmt.Errorf("manifest: it does not begin with %q and the build", Origin)
	}
	m.Build, rest, _ = strings.Cut(rest, "\n")
	for line := range strings.Lines(rest) {
		hash, path, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		m.Files[path] = hash
		if len(m.Files) > MaxFiles {
			break // Check says so
		}
	}
	again, err := m.Text()
	if err != nil {
		return Manifest{}, err
	}
	if again != text {
		return Manifest{}, errors.New("manifest: its lines are not sorted, or not each once")
	}
	return m, nil
}

// ServerKey is the server's public key as a verifier key of notes.
func ServerKey(key ed25519.PublicKey) (string, error) {
	if len(key) != ed25519.PublicKeySize {
		return "", fmt.Errorf("a server's key of %d bytes, want %d", len(key), ed25519.PublicKeySize)
	}
	return note.NewEd25519VerifierKey(serverName, key)
}

// ServerSigner signs notes with the server's key.
func ServerSigner(key ed25519.PrivateKey) (note.Signer, error) {
	text, err := ServerKey(key.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, err
	}
	v, err := note.NewVerifier(text)
	return signer{v, key}, err
}

type signer struct {
	note.Verifier
	key ed25519.PrivateKey
}

// Sign implements note.Signer.
func (s signer) Sign(text []byte) ([]byte, error) { return ed25519.Sign(s.key, text), nil }
