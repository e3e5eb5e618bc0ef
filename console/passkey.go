package console

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/verify"
)

const (
	ceremonyLife  = 5 * time.Minute
	maxCeremonies = 1000
)

// ceremony is the making or the use of a passkey that has begun.
type ceremony struct {
	data    webauthn.SessionData
	name    string
	session *casefile.Session // of a use
	ends    time.Time
}

// keyring is what the console keeps of passkeys between requests: ceremonies by
// their challenge, and who may act in which session.
type keyring struct {
	mu         sync.Mutex
	ceremonies map[string]ceremony
	hands      map[string]held // by session
}

// held is who may act in a session, and since when.
type held struct {
	*casefile.Hand
	since time.Time
}

// fresh is how long a passkey's word counts as just given.
const fresh = 2 * time.Minute

func (k *keyring) begin(c ceremony, now time.Time) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for challenge, old := range k.ceremonies {
		if now.After(old.ends) {
			delete(k.ceremonies, challenge)
		}
	}
	if len(k.ceremonies) >= maxCeremonies {
		return errors.New("too many people are signing in at once")
	}
	c.ends = now.Add(ceremonyLife)
	k.ceremonies[c.data.Challenge] = c
	return nil
}

// end returns the ceremony of a challenge, once.
func (k *keyring) end(challenge string, now time.Time) (ceremony, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	c, ok := k.ceremonies[challenge]
	delete(k.ceremonies, challenge)
	if !ok || now.After(c.ends) {
		return c, errors.New("this took longer than five minutes, or was done before; begin again")
	}
	return c, nil
}

func (k *keyring) hand(session string) *casefile.Hand {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.hands[session].Hand
}

// freshHand is the hand of a session whose passkey gave its word just before; nil
// else.
func (k *keyring) freshHand(session string, now time.Time) *casefile.Hand {
	k.mu.Lock()
	defer k.mu.Unlock()
	if h := k.hands[session]; now.Sub(h.since) <= fresh {
		return h.Hand
	}
	return nil
}

func (k *keyring) give(session string, h *casefile.Hand, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for old, one := range k.hands {
		if now.Sub(one.since) > casefile.SessionLife {
			delete(k.hands, old) // what it could open goes with it
		}
	}
	if h == nil {
		delete(k.hands, session)
		return
	}
	k.hands[session] = held{h, now}
}

// keyUser is a person as the library that checks passkeys knows one.
type keyUser struct {
	casefile.Person
	party string
}

// WebAuthnID implements webauthn.User: it names the person to the authenticator
// without saying the name.
func (u keyUser) WebAuthnID() []byte {
	sum := sha256.Sum256([]byte("ringfence person\n" + u.Name))
	return sum[:]
}

// WebAuthnName implements webauthn.User.
func (u keyUser) WebAuthnName() string { return u.Name }

// WebAuthnDisplayName implements webauthn.User.
func (u keyUser) WebAuthnDisplayName() string { return u.Name }

// WebAuthnCredentials implements webauthn.User: those of this host.
func (u keyUser) WebAuthnCredentials() (all []webauthn.Credential) {
	for _, k := range u.Passkeys {
		var c webauthn.Credential
		if k.Party == u.party && json.Unmarshal(k.Record, &c) == nil {
			all = append(all, c)
		}
	}
	return all
}

// party is the relying party: the host that the browser asked. Another site's page
// cannot use its passkeys, because browsers bind them to the host.
func (d *console) party(r *http.Request) (*webauthn.WebAuthn, string, error) {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	scheme := "http://"
	if d.TLS {
		scheme = "https://"
	}
	w, err := webauthn.New(&webauthn.Config{RPID: host, RPDisplayName: "Ringfence console", RPOrigins: []string{scheme + r.Host},
		AuthenticatorSelection: protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired}})
	return w, host, err
}

// answer sends JSON to a script of ours.
func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// refuse says to a script of ours what went wrong.
func refuse(w http.ResponseWriter, status int, what string) {
	answer(w, status, map[string]string{"wrong": what})
}

// asked reads what a script of ours sent.
func asked(r *http.Request, v any) error {
	b, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	return err
}

// enterBegin begins to sign somebody in with a passkey. Whether there is a person of
// that name is not said.
func (d *console) enterBegin(w http.ResponseWriter, r *http.Request) {
	var ask struct{ Name string }
	if err := asked(r, &ask); err != nil || d.Desk.Cases == nil {
		refuse(w, http.StatusBadRequest, "Write your name, as it was enrolled.")
		return
	}
	session, err := d.Desk.Cases.NewSession(ask.Name)
	if err != nil {
		refuse(w, http.StatusBadRequest, "Write your name, as it was enrolled.")
		return
	}
	party, host, err := d.party(r)
	if err != nil {
		refuse(w, http.StatusBadRequest, "Passkeys need a host name; open the console under its name.")
		return
	}
	options, data, err := party.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired), webauthn.WithChallenge(d.Desk.Cases.Challenge(session)), webauthn.WithLoginRelyingPartyID(host),
		webauthn.WithAssertionExtensions(webauthn.WithExtensionPRF(protocol.PRFValues{First: casefile.UnlockSalt})))
	if err == nil {
		err = d.passkeys.begin(ceremony{data: *data, name: ask.Name, session: session}, d.Now())
	}
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	answer(w, http.StatusOK, options.Response)
}

// enterFinish signs somebody in whose passkey signed.
func (d *console) enterFinish(w http.ResponseWriter, r *http.Request) {
	c, parsed, b, ok := d.asserted(w, r)
	if !ok {
		return
	}
	session, err := d.enterWith(r, c, parsed, unlocking(b))
	if err != nil {
		d.Log.Warn("console: a passkey was refused", "error", err)
		refuse(w, http.StatusForbidden, "This passkey is not one of "+inert(c.name)+". Sign in with a link, and add it there.")
		return
	}
	d.setCookie(w, session, int(casefile.SessionLife.Seconds()))
	d.Log.Info("console: signed in with a passkey", "analyst", c.name)
	answer(w, http.StatusOK, map[string]string{"to": "/"})
}

// unlocking is what the passkey's pseudo-random function answered; nil when it has
// none. It opens evidence, and is kept nowhere.
func unlocking(body []byte) []byte {
	var sent struct {
		ClientExtensionResults struct {
			PRF struct {
				Results struct{ First protocol.URLEncodedBase64 }
			}
		}
	}
	if json.Unmarshal(body, &sent) != nil {
		return nil
	}
	return sent.ClientExtensionResults.PRF.Results.First
}

// enterWith begins a session with the hand of who asserted.
func (d *console) enterWith(r *http.Request, c ceremony, parsed *protocol.ParsedCredentialAssertionData, secret []byte) (session string, err error) {
	h, err := d.assert(r, c, parsed, secret)
	if err != nil {
		return "", err
	}
	if session, err = d.Desk.Doors.Enter(r.Context(), c.name); err == nil {
		d.passkeys.give(session, h, d.Now())
	}
	return session, err
}

// assert checks what a passkey signed, and returns the hand that it gave its word for.
func (d *console) assert(r *http.Request, c ceremony, parsed *protocol.ParsedCredentialAssertionData, secret []byte) (*casefile.Hand, error) {
	ctx := r.Context()
	party, host, err := d.party(r)
	if err != nil {
		return nil, err
	}
	p, err := d.Desk.Cases.Person(ctx, c.name)
	if err != nil {
		return nil, err
	}
	user := keyUser{p, host}
	if _, _, err := party.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
		if string(handle) != string(user.WebAuthnID()) {
			return nil, errors.New("the passkey is somebody else's")
		}
		return user, nil
	}, c.data, parsed); err != nil {
		return nil, err
	}
	raw := parsed.Raw.AssertionResponse
	h, err := d.Desk.Cases.Delegate(ctx, c.name, c.session, parsed.RawID, verify.Assertion{AuthenticatorData: raw.AuthenticatorData, ClientData: raw.ClientDataJSON, Signature: raw.Signature})
	if err == nil && len(secret) > 0 {
		if err := d.Desk.Cases.Unlock(ctx, h, parsed.RawID, secret); err != nil {
			d.Log.Warn("console: evidence stays locked in this session", "analyst", c.name, "error", err)
		}
	}
	return h, err
}

// stepUp takes a passkey's word anew in a session that goes on: what follows is signed
// with a key that the person gave the right to just before. Sealing, sending and
// exporting ask for it.
func (d *console) stepUp(w http.ResponseWriter, r *http.Request) {
	c, parsed, body, ok := d.asserted(w, r)
	if !ok {
		return
	}
	if c.name != analyst(r).Name {
		refuse(w, http.StatusForbidden, "Somebody else began this.")
		return
	}
	h, err := d.assert(r, c, parsed, unlocking(body))
	if err != nil {
		refuse(w, http.StatusForbidden, "This passkey is not one of yours.")
		return
	}
	d.passkeys.give(d.session(r), h, d.Now())
	answer(w, http.StatusOK, map[string]string{})
}

// asserted reads an assertion, and the ceremony that it ends; when there is none it
// has answered.
func (d *console) asserted(w http.ResponseWriter, r *http.Request) (c ceremony, parsed *protocol.ParsedCredentialAssertionData, body []byte, ok bool) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		parsed, err = protocol.ParseCredentialRequestResponseBytes(body)
	}
	if err != nil || d.Desk.Cases == nil {
		refuse(w, http.StatusBadRequest, "What the passkey answered cannot be read.")
		return c, nil, nil, false
	}
	if c, err = d.passkeys.end(parsed.Response.CollectedClientData.Challenge, d.Now()); err != nil || c.session == nil {
		refuse(w, http.StatusForbidden, "This took longer than five minutes, or was done before. Begin again.")
		return c, nil, nil, false
	}
	return c, parsed, body, true
}

// addBegin begins to add a passkey to who is signed in.
func (d *console) addBegin(w http.ResponseWriter, r *http.Request) {
	user, party, err := d.self(r)
	if err != nil {
		refuse(w, http.StatusForbidden, "You are not enrolled for cases under this name; the operator does that with ringfence case enroll.")
		return
	}
	options, data, err := party.BeginRegistration(user, webauthn.WithExclusions(webauthn.Credentials(user.WebAuthnCredentials()).CredentialDescriptors()),
		webauthn.WithExtensions(webauthn.WithExtensionPRFSupport()), webauthn.WithCredentialParameters([]protocol.CredentialParameter{{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgES256}, {Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgRS256}}))
	if err == nil {
		err = d.passkeys.begin(ceremony{data: *data, name: user.Name}, d.Now())
	}
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	answer(w, http.StatusOK, options.Response)
}

func (d *console) self(r *http.Request) (user keyUser, party *webauthn.WebAuthn, err error) {
	if d.Desk.Cases == nil {
		return user, nil, casefile.ErrStranger
	}
	if user.Person, err = d.Desk.Cases.Person(r.Context(), analyst(r).Name); err != nil {
		return user, nil, err
	}
	party, user.party, err = d.party(r)
	return user, party, err
}

// addFinish adds a passkey.
func (d *console) addFinish(w http.ResponseWriter, r *http.Request) {
	var sent struct {
		Label      string
		Credential json.RawMessage
	}
	user, party, err := d.self(r)
	if err == nil {
		err = asked(r, &sent)
	}
	var parsed *protocol.ParsedCredentialCreationData
	if err == nil {
		parsed, err = protocol.ParseCredentialCreationResponseBytes(sent.Credential)
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, "What the passkey answered cannot be read.")
		return
	}
	c, err := d.passkeys.end(parsed.Response.CollectedClientData.Challenge, d.Now())
	if err == nil && c.name != user.Name {
		err = errors.New("somebody else began this")
	}
	if err != nil {
		refuse(w, http.StatusForbidden, err.Error())
		return
	}
	made, err := party.CreateCredential(user, c.data, parsed)
	if err == nil {
		err = d.addPasskey(r.Context(), user, strings.TrimSpace(sent.Label), made)
	}
	if err != nil {
		refuse(w, http.StatusUnprocessableEntity, "The passkey was not added: "+err.Error()+".")
		return
	}
	d.Log.Info("console: a passkey was added", "analyst", user.Name)
	answer(w, http.StatusOK, map[string]string{"to": "/me"})
}

func (d *console) addPasskey(ctx context.Context, user keyUser, label string, made *webauthn.Credential) error {
	parsed, err := webauthncose.ParsePublicKey(made.PublicKey)
	if err != nil {
		return err
	}
	var key any
	switch k := parsed.(type) {
	case webauthncose.EC2PublicKeyData:
		key, err = k.ToECDSA()
	case webauthncose.RSAPublicKeyData:
		key = &rsa.PublicKey{N: new(big.Int).SetBytes(k.Modulus), E: int(new(big.Int).SetBytes(k.Exponent).Int64())}
	default:
		err = errors.New("it is no ECDSA or RSA key")
	}
	if err != nil {
		return err
	}
	spki, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return err
	}
	record, err := json.Marshal(made)
	if err != nil {
		return err
	}
	return d.Desk.Cases.AddPasskey(ctx, user.Name, casefile.Passkey{Credential: made.ID, Key: spki, Party: user.party, Label: label, Record: record})
}

// me is the page of who is signed in.
func (d *console) me(w http.ResponseWriter, r *http.Request) {
	var data struct {
		casefile.Person
		Enrolled bool
		Acting   bool // this session may act
		Unlocked bool // and open evidence
	}
	data.Name = analyst(r).Name
	if d.Desk.Cases != nil {
		p, err := d.Desk.Cases.Person(r.Context(), data.Name)
		if err != nil && !errors.Is(err, casefile.ErrStranger) {
			d.broken(w, r, "your keys could not be read", err)
			return
		}
		if data.Enrolled = err == nil; data.Enrolled {
			data.Person = p
		}
	}
	if h := d.passkeys.hand(d.session(r)); h != nil {
		data.Acting, data.Unlocked = true, h.Unlocked()
	}
	d.render(w, r, http.StatusOK, "me", "You", data)
}
