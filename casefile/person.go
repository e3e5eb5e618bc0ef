package casefile

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"
)

// Role is what a person may do.
type Role string

// The roles. A partner sees the cases that it was admitted to, and no others.
const (
	Analyst  Role = "analyst"
	Reviewer Role = "reviewer"
	Lead     Role = "lead"
	Counsel  Role = "counsel"
	Partner  Role = "partner"
)

// Roles are all of them.
var Roles = []Role{Analyst, Reviewer, Lead, Counsel, Partner}

// Person is somebody whose keys the operator enrolled.
type Person struct {
	Name      string    `json:"name"`
	Role      Role      `json:"role"`
	Key       string    `json:"key"`       // signs, as note.NewVerifier reads it
	Recipient string    `json:"recipient"` // evidence is encrypted to it: an age recipient with ML-KEM-768 and X25519
	Since     time.Time `json:"since"`
	Until     time.Time `json:"until,omitzero"`      // when the keys were withdrawn
	Languages []string  `json:"languages,omitempty"` // in which the person is fluent, as tags: en, ar
	Passkeys  []Passkey `json:"passkeys,omitempty"`

	sessions []sessionKey // keys that a passkey gave the right to sign
}

// Hand is a person with the secret keys: who acts.
type Hand struct {
	Name     string
	signer   note.Signer
	identity *age.HybridIdentity // nil: of a session, which opens no evidence
	public   string
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$`)

// maxKeyFile is how long a key file may be, in bytes.
const maxKeyFile = 8192

// NewKey makes a person's keys: the file that the person keeps, and the one that
// the operator enrolls.
func NewKey(name string) (secret, public string, err error) {
	if !nameForm.MatchString(name) {
		return "", "", fmt.Errorf("key for %.80q: a name has up to 64 letters, digits, and . _ @ -", name)
	}
	private, vkey, err := note.GenerateKey(nil, name)
	if err != nil {
		return "", "", err
	}
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		return "", "", err
	}
	return private + "\n" + id.String() + "\n", vkey + "\n" + id.Recipient().String() + "\n", nil
}

// ReadHand reads a key file.
func ReadHand(b []byte) (*Hand, error) {
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	if len(b) > maxKeyFile || len(lines) != 2 {
		return nil, errors.New("it is no key file of a person: it has not two lines; ringfence case key makes one")
	}
	signer, err := note.NewSigner(strings.TrimSpace(lines[0]))
	if err != nil {
		return nil, errors.New("its first line is no key that signs; ringfence case key makes one")
	}
	id, err := age.ParseHybridIdentity(strings.TrimSpace(lines[1]))
	if err != nil {
		return nil, errors.New("its second line is no hybrid age identity; ringfence case key makes one")
	}
	h := &Hand{Name: signer.Name(), signer: signer, identity: id}
	h.public, err = verifierKey(lines[0])
	return h, err
}

// verifierKey is the verifier key of a secret one.
func verifierKey(secret string) (string, error) {
	_, rest, _ := strings.Cut(strings.TrimSpace(secret), "PRIVATE+KEY+")
	parts := strings.SplitN(rest, "+", 3)
	if len(parts) != 3 {
		return "", errors.New("it is no key that signs")
	}
	b, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(b) != 1+ed25519.SeedSize {
		return "", errors.New("it is no key that signs")
	}
	return note.NewEd25519VerifierKey(parts[0], ed25519.NewKeyFromSeed(b[1:]).Public().(ed25519.PublicKey))
}

// Public is what the operator enrolls of this person.
func (h *Hand) Public() string {
	if h.identity == nil {
		return h.public + "\n"
	}
	return h.public + "\n" + h.identity.Recipient().String() + "\n"
}

// Signer signs as this person.
func (h *Hand) Signer() note.Signer { return h.signer }

// readPublic reads what NewKey returns as public.
func readPublic(text string) (vkey, recipient, name string, err error) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(text) > maxKeyFile || len(lines) != 2 {
		return "", "", "", errors.New("it is not what ringfence case key writes beside a person's key: it has not two lines")
	}
	vkey, recipient = strings.TrimSpace(lines[0]), strings.TrimSpace(lines[1])
	v, err := note.NewVerifier(vkey)
	if err != nil || !nameForm.MatchString(v.Name()) {
		return "", "", "", errors.New("its first line is no verifier key of a person")
	}
	if _, err := age.ParseHybridRecipient(recipient); err != nil {
		return "", "", "", errors.New("its second line is no hybrid age recipient")
	}
	return vkey, recipient, v.Name(), nil
}

func isRole(r Role) bool { return slices.Contains(Roles, r) }

// keySigner signs for one of the logs of a service, all of which have one key.
type keySigner struct {
	note.Verifier
	key ed25519.PrivateKey
}

// Sign implements note.Signer.
func (s keySigner) Sign(text []byte) ([]byte, error) { return ed25519.Sign(s.key, text), nil }

func newKeySigner(origin string, key ed25519.PrivateKey) (keySigner, string, error) {
	text, err := note.NewEd25519VerifierKey(origin, key.Public().(ed25519.PublicKey))
	if err != nil {
		return keySigner{}, "", err
	}
	v, err := note.NewVerifier(text)
	return keySigner{v, key}, text, err
}
