package client

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"maunium.net/go/mautrix/crypto/goolm/account"
	"maunium.net/go/mautrix/crypto/goolm/message"
	"maunium.net/go/mautrix/crypto/goolm/session"
	"maunium.net/go/mautrix/id"
)

// maxSessions is how many Olm sessions with one contact are kept: two when both
// sides started at once, and two for what is still on its way.
const maxSessions = 4

var (
	errNoSession  = errors.New("no session with this contact")
	errForged     = errors.New("no session opens this message: forged, repeated, or for a device that is gone")
	errOtherKeys  = errors.New("the message names other identity keys than the contact's")
	errKeyUnknown = errors.New("the message uses a one-time key that this device does not have")
)

// sessions are the Olm sessions with one contact, each as libolm pickles it.
// Nothing here changes a session in place: what is returned replaces what was,
// once it is on disk.
type sessions [][]byte

func unpickle(b []byte) (*session.OlmSession, error) {
	s := session.NewOlmSession()
	if err := s.UnpickleLibOlm(b); err != nil {
		return nil, fmt.Errorf("kept state: Olm session: %w", err)
	}
	return s, nil
}

// choose returns the session to encrypt with. Both sides come to the same one:
// sessions in which something was received come first, then the lowest id.
func (ss sessions) choose() (int, *session.OlmSession, error) {
	at, best := -1, (*session.OlmSession)(nil)
	for i, b := range ss {
		s, err := unpickle(b)
		if err != nil {
			return 0, nil, err
		}
		if best == nil || s.ReceivedMessage && !best.ReceivedMessage || s.ReceivedMessage == best.ReceivedMessage && s.ID() < best.ID() {
			at, best = i, s
		}
	}
	if best == nil {
		return 0, nil, errNoSession
	}
	return at, best, nil
}

// encrypt returns the message and the sessions as they are after it.
func (ss sessions) encrypt(plain []byte) (sessions, byte, []byte, error) {
	at, s, err := ss.choose()
	if err != nil {
		return nil, 0, nil, err
	}
	kind, text, err := s.Encrypt(plain)
	if err != nil {
		return nil, 0, nil, err
	}
	raw, err := base64.RawStdEncoding.DecodeString(string(text))
	if err != nil {
		return nil, 0, nil, err
	}
	next := slices.Clone(ss)
	next[at] = s.PickleLibOlm()
	if kind == id.OlmMsgTypePreKey {
		return next, olmPrekey, raw, nil
	}
	return next, olmMessage, raw, nil
}

// decrypted is a genuine message with the state that it leads to.
type decrypted struct {
	Plain    []byte
	Sessions sessions
	Account  []byte // the device's Olm account without the one-time key that was used; nil: unchanged
	Fresh    bool   // the message began this session
}

// decrypt opens a message of the contact with this Curve25519 identity key. It
// works on copies; a forged message changes nothing. What the Olm library
// panics on is a forged message (R22).
func (ss sessions) decrypt(olm, theirs []byte, kind byte, raw []byte) (d decrypted, err error) {
	defer func() {
		if recover() != nil {
			d, err = decrypted{}, errForged
		}
	}()
	text := base64.RawStdEncoding.EncodeToString(raw)
	if kind == olmMessage {
		return ss.decryptWith(text, id.OlmMsgTypeMsg, func(*session.OlmSession) bool { return true })
	}
	var pre message.PreKeyMessage
	if err := pre.Decode(raw); err != nil || !pre.CheckFields() {
		return decrypted{}, errForged
	}
	if !bytes.Equal(pre.IdentityKey, theirs) {
		return decrypted{}, errOtherKeys
	}
	known := func(s *session.OlmSession) bool {
		return s.AliceIdentityKey.Equal(pre.IdentityKey) && s.AliceBaseKey.Equal(pre.BaseKey) && s.BobOneTimeKey.Equal(pre.OneTimeKey)
	}
	d, err = ss.decryptWith(text, id.OlmMsgTypePreKey, known)
	if !errors.Is(err, errNoSession) {
		return d, err
	}
	return ss.begin(olm, text)
}

// decryptWith tries the sessions that may be meant, the newest first.
func (ss sessions) decryptWith(text string, kind id.OlmMsgType, meant func(*session.OlmSession) bool) (decrypted, error) {
	tried := errNoSession
	for i := len(ss) - 1; i >= 0; i-- {
		s, err := unpickle(ss[i])
		if err != nil {
			return decrypted{}, err
		}
		if !meant(s) {
			continue
		}
		tried = errForged
		plain, err := s.Decrypt(text, kind)
		if err != nil {
			continue
		}
		next := slices.Clone(ss)
		next[i] = s.PickleLibOlm()
		return decrypted{Plain: plain, Sessions: next}, nil
	}
	return decrypted{}, tried
}

// begin makes the session that a first message starts.
func (ss sessions) begin(olm []byte, text string) (decrypted, error) {
	a, err := unpickleAccount(olm)
	if err != nil {
		return decrypted{}, err
	}
	started, err := a.NewInboundSession(text)
	if err != nil {
		return decrypted{}, errKeyUnknown
	}
	s := started.(*session.OlmSession)
	plain, err := s.Decrypt(text, id.OlmMsgTypePreKey)
	if err != nil {
		return decrypted{}, errForged
	}
	if err := a.RemoveOneTimeKeys(s); err != nil {
		return decrypted{}, err
	}
	return decrypted{Plain: plain, Sessions: ss.with(s), Account: a.PickleLibOlm(), Fresh: true}, nil
}

// with adds a session; the oldest goes when there are too many.
func (ss sessions) with(s *session.OlmSession) sessions {
	next := append(slices.Clone(ss), s.PickleLibOlm())
	return next[max(0, len(next)-maxSessions):]
}

// start makes a session toward a device, from its identity key and one of its
// one-time keys, or its fallback key.
func (ss sessions) start(olm, identity, oneTime []byte) (sessions, error) {
	a, err := unpickleAccount(olm)
	if err != nil {
		return nil, err
	}
	s, err := session.NewOutboundOlmSession(a.IdKeys.Curve25519, identity, oneTime)
	if err != nil {
		return nil, fmt.Errorf("session from the contact's keys: %w", err)
	}
	return ss.with(s), nil
}

func unpickleAccount(b []byte) (*account.Account, error) {
	a := new(account.Account)
	if err := a.UnpickleLibOlm(b); err != nil {
		return nil, fmt.Errorf("kept state: Olm account: %w", err)
	}
	return a, nil
}
