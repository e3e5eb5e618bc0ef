package client

import (
	"bytes"
	"crypto/hpke"
	"encoding/binary"
	"errors"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/envelope"
)

// sealedHead is what stands before the Olm message inside an envelope: sender
// account, Olm type, length.
const sealedHead = 16 + 1 + 4

// Olm message types, as they stand inside an envelope.
const (
	olmPrekey  byte = 0
	olmMessage byte = 1
)

var (
	errNoEnvelopeKey = errors.New("sealed for an envelope key that this device does not have")
	errNotOpened     = errors.New("the envelope does not open")
	errInside        = errors.New("what is in the envelope has another layout")
)

// inside is what an envelope holds.
type inside struct {
	Sender wire.ID
	Type   byte
	Olm    []byte
}

// address is whom an envelope is for: HPKE binds all three.
type address struct {
	Account wire.ID
	Device  wire.ID
	Key     uint32
}

func (a address) info() []byte {
	b := append([]byte("ringfence envelope v1\x00"), a.Account[:]...)
	b = append(b, a.Device[:]...)
	return binary.BigEndian.AppendUint32(b, a.Key)
}

// seal closes an envelope of the smallest size class that holds it, or of the
// class given when that is not negative.
func seal(to address, public []byte, in inside, class int) ([]byte, error) {
	n := sealedHead + len(in.Olm)
	c, ok := envelope.ClassFor(n)
	if class >= 0 {
		c, ok = byte(class), n <= envelope.PlainSize(byte(class))
	}
	if !ok {
		return nil, errors.New("longer than the largest envelope")
	}
	key, err := hpke.MLKEM768X25519().NewPublicKey(public)
	if err != nil {
		return nil, err
	}
	plain := make([]byte, 0, envelope.PlainSize(c))
	plain = append(plain, in.Sender[:]...)
	plain = append(plain, in.Type)
	plain = binary.BigEndian.AppendUint32(plain, uint32(len(in.Olm)))
	plain = append(plain, in.Olm...)
	sealed, err := hpke.Seal(key, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), to.info(), plain[:cap(plain)])
	if err != nil {
		return nil, err
	}
	e := envelope.Envelope{Class: c, Key: to.Key, Enc: sealed[:envelope.KeySize], Ciphertext: sealed[envelope.KeySize:]}
	return e.AppendTo(make([]byte, 0, envelope.Header+len(e.Ciphertext))), nil
}

// open opens an envelope with the private key that its key id names.
func open(b []byte, account, device wire.ID, private func(id uint32) []byte) (inside, error) {
	e, err := envelope.Parse(b)
	if err != nil {
		return inside{}, err
	}
	secret := private(e.Key)
	if secret == nil {
		return inside{}, errNoEnvelopeKey
	}
	key, err := hpke.MLKEM768X25519().NewPrivateKey(secret)
	if err != nil {
		return inside{}, err
	}
	info := address{account, device, e.Key}.info()
	plain, err := hpke.Open(key, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), info, b[6:])
	if err != nil {
		return inside{}, errNotOpened
	}
	return parseInside(plain)
}

// parseInside reads docs/protocol.md, Envelope, "Inside".
func parseInside(plain []byte) (inside, error) {
	if len(plain) < sealedHead {
		return inside{}, errInside
	}
	in := inside{Sender: wire.ID(plain[:16]), Type: plain[16]}
	n := binary.BigEndian.Uint32(plain[17:sealedHead])
	rest := plain[sealedHead:]
	if uint64(n) > uint64(len(rest)) || n == 0 || in.Type > olmMessage || in.Sender.IsZero() {
		return inside{}, errInside
	}
	if len(bytes.Trim(rest[n:], "\x00")) != 0 {
		return inside{}, errInside
	}
	in.Olm = rest[:n]
	return in, nil
}
