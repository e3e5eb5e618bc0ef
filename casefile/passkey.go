package casefile

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/ringfence/ringfence/store/ledger"
	"github.com/ringfence/ringfence/verify"
)

// ErrNoIdentity says that evidence is opened with a key file, and not by a session
// of the console.
var ErrNoIdentity = errors.New("evidence is opened with a key file, not by a session of the console; use the command line")

// Passkey is one of a person, as it stands in the service's log.
type Passkey struct {
	Credential []byte    `json:"credential"` // its id
	Key        []byte    `json:"key"`        // SubjectPublicKeyInfo
	Party      string    `json:"party"`      // the host that it is for
	Label      string    `json:"label"`
	Record     []byte    `json:"-"` // the credential record of the library that checks it, JSON
	Since      time.Time `json:"since"`

	recipient string // of the evidence key that belongs to it
	wrapped   []byte // that key, opened by what the passkey answers
}

// sessionKey may sign for a person for a time.
type sessionKey struct {
	key         string
	from, until time.Time
}

// MaxPasskeys is how many a person may have; two are wise, in case one is lost.
const MaxPasskeys = 10

// SessionLife is how long the key of a session may sign.
const SessionLife = 12 * time.Hour

// has tells whether a key was the person's, or that of a session of the person, at a
// time.
func (p Person) has(key string, at time.Time) bool {
	return p.Key == key || slices.ContainsFunc(p.sessions, func(s sessionKey) bool { return s.key == key && !at.Before(s.from) && !at.After(s.until) })
}

// passkeys adds their passkeys and the keys of their sessions to persons.
func passkeys(find func(ledger.Query) ([]verify.Entry, error), all []Person) error {
	keys, err := find(ledger.Query{Action: "passkey"})
	if err != nil {
		return err
	}
	sessions, err := find(ledger.Query{Action: "delegate"})
	if err != nil {
		return err
	}
	evidence, err := find(ledger.Query{Action: "evidence key"})
	if err != nil {
		return err
	}
	for _, e := range slices.Concat(keys, evidence, sessions) {
		at, err := time.Parse(time.RFC3339Nano, e.Text("at"))
		if err != nil {
			return fmt.Errorf("entry %d of the service's log: %w", e.N, err)
		}
		for i := range all {
			if p := &all[i]; p.Name == e.Text("name") && !at.Before(p.Since) && (p.Until.IsZero() || at.Before(p.Until)) {
				p.take(e, at)
			}
		}
	}
	return nil
}

func (p *Person) take(e verify.Entry, at time.Time) {
	switch e.Text("action") {
	case "delegate":
		until, _ := time.Parse(time.RFC3339Nano, e.Text("until"))
		p.sessions = append(p.sessions, sessionKey{e.Text("key"), at, until})
		return
	case "evidence key":
		credential, _ := base64.StdEncoding.DecodeString(e.Text("credential"))
		for i := range p.Passkeys {
			if string(p.Passkeys[i].Credential) == string(credential) {
				p.Passkeys[i].recipient = e.Text("recipient")
				p.Passkeys[i].wrapped, _ = base64.StdEncoding.DecodeString(e.Text("body"))
			}
		}
		return
	}
	one := Passkey{Party: e.Text("party"), Label: e.Text("label"), Since: at, Record: []byte(e.Text("body"))}
	one.Credential, _ = base64.StdEncoding.DecodeString(e.Text("credential"))
	one.Key, _ = base64.StdEncoding.DecodeString(e.Text("key"))
	p.Passkeys = append(p.Passkeys, one)
}

// AddPasskey adds a passkey to a person who is enrolled.
func (r *Room) AddPasskey(ctx context.Context, name string, k Passkey) error {
	if err := oneLine("the label of the passkey", k.Label, 100); err != nil {
		return err
	}
	return r.append(ctx, func(t *ledger.Tx) ([]Fields, error) {
		all, err := persons(t.Find)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(all, func(p Person) bool { return p.Name == name && p.Until.IsZero() })
		if i < 0 {
			return nil, fmt.Errorf("%s: %w", name, ErrStranger)
		}
		if len(all[i].Passkeys) >= MaxPasskeys {
			return nil, fmt.Errorf("%s has %d passkeys; that is the most", name, MaxPasskeys)
		}
		return []Fields{{"action": "passkey", "name": name, "credential": base64.StdEncoding.EncodeToString(k.Credential), "key": base64.StdEncoding.EncodeToString(k.Key),
			"party": k.Party, "label": k.Label, "body": string(k.Record), "at": instant(r.now())}}, nil
	})
}

// Session is a key that is to sign for a person once a passkey has said so.
type Session struct {
	key   ed25519.PrivateKey
	Key   string // verifier key; "" until the person is known
	Until time.Time
}

// NewSession makes the key of a session for a person.
func (r *Room) NewSession(name string) (*Session, error) {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	vkey, err := note.NewEd25519VerifierKey(name, key.Public().(ed25519.PublicKey))
	return &Session{key, vkey, r.now().UTC().Add(SessionLife).Truncate(time.Second)}, err
}

// Challenge is what a passkey signs to give the session its right.
func (r *Room) Challenge(s *Session) []byte { return verify.Delegation(r.origin, s.Key, s.Until) }

// Delegate begins the session: the passkey's word stands in the service's log, and
// the hand that is returned may act for the person until the session ends. It opens
// no evidence.
func (r *Room) Delegate(ctx context.Context, name string, s *Session, credential []byte, a verify.Assertion) (*Hand, error) {
	p, err := r.Person(ctx, name)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(p.Passkeys, func(k Passkey) bool { return string(k.Credential) == string(credential) })
	if i < 0 {
		return nil, fmt.Errorf("%s: the passkey is not one of this person", name)
	}
	if err := a.Verify(p.Passkeys[i].Key, p.Passkeys[i].Party, r.Challenge(s)); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	b, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	signer, vkey, err := newKeySigner(name, s.key)
	if err != nil || vkey != s.Key {
		return nil, errors.Join(err, fmt.Errorf("%s: the session is somebody else's", name))
	}
	err = r.append(ctx, func(*ledger.Tx) ([]Fields, error) {
		return []Fields{{"action": "delegate", "name": name, "key": s.Key, "credential": base64.StdEncoding.EncodeToString(credential), "until": instant(s.Until), "at": instant(r.now()), "assertion": json.RawMessage(b)}}, nil
	})
	return &Hand{Name: name, signer: signer, public: s.Key}, err
}
