package acquisition

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// The backup keybag holds the class keys that wrap the keys of an encrypted
// backup's files, themselves wrapped with a key that is derived from the
// password. It is a list of tag (4 bytes), length (4 bytes, big-endian), value.
//
// Source: Apple Platform Security, "Keybags for Data Protection" and "Backup
// keybag"; J. Bédrune, J. Sigwald, "iPhone data protection in depth" (2011).

const (
	maxClassKeys = 64
	maxKeyRounds = 100_000_000 // Apple uses 10 million and 10 thousand
	wrapPasscode = 2           // bit of WRAP: wrapped with the password's key
)

var errKeybag = errors.New("damaged backup keybag")

// keybag is a keybag, and its class keys once it is unlocked.
type keybag struct {
	salt, doubleSalt     []byte
	rounds, doubleRounds uint32
	classes              []classKey
	keys                 map[uint32]cipher.Block // by protection class
}

type classKey struct {
	class, wrap uint32
	wrapped     []byte
}

// parseKeybag reads the keybag of Manifest.plist.
//
// Errors: errKeybag; ErrLimit for rounds that would take hours.
func parseKeybag(b []byte) (*keybag, error) {
	k := &keybag{}
	var class *classKey
	head := true // until the second UUID, what is told is the keybag's own
	uuids := 0
	for len(b) > 0 {
		if len(b) < 8 {
			return nil, errKeybag
		}
		tag, n := string(b[:4]), binary.BigEndian.Uint32(b[4:])
		if uint64(n) > uint64(len(b)-8) {
			return nil, fmt.Errorf("%w: %q goes on behind its end", errKeybag, tag)
		}
		value := b[8 : 8+n]
		b = b[8+n:]
		if tag == "UUID" {
			if uuids++; uuids > 1 {
				head = false
				k.classes = append(k.classes, classKey{})
				class = &k.classes[len(k.classes)-1]
			}
			if len(k.classes) > maxClassKeys {
				return nil, fmt.Errorf("%w: more than %d classes", errKeybag, maxClassKeys)
			}
			continue
		}
		if head {
			k.own(tag, value)
		} else {
			class.set(tag, value)
		}
	}
	switch {
	case len(k.salt) == 0 || k.rounds == 0 || len(k.classes) == 0:
		return nil, fmt.Errorf("%w: no salt, no rounds or no classes", errKeybag)
	case k.rounds > maxKeyRounds || k.doubleRounds > maxKeyRounds:
		return nil, fmt.Errorf("%w: %d and %d rounds of key derivation", ErrLimit, k.doubleRounds, k.rounds)
	}
	return k, nil
}

func keybagNumber(b []byte) uint32 {
	if len(b) != 4 {
		return 0
	}
	return binary.BigEndian.Uint32(b)
}

func (k *keybag) own(tag string, value []byte) {
	switch tag {
	case "SALT":
		k.salt = value
	case "ITER":
		k.rounds = keybagNumber(value)
	case "DPSL":
		k.doubleSalt = value
	case "DPIC":
		k.doubleRounds = keybagNumber(value)
	}
}

func (c *classKey) set(tag string, value []byte) {
	switch tag {
	case "CLAS":
		c.class = keybagNumber(value)
	case "WRAP":
		c.wrap = keybagNumber(value)
	case "WPKY":
		c.wrapped = value
	}
}

// unlock unwraps the class keys with a password.
//
// Errors: ErrPassword; errKeybag when no class key is one of a password; the
// context's.
func (k *keybag) unlock(ctx context.Context, password []byte) error {
	key, err := k.derive(ctx, password)
	if err != nil {
		return err
	}
	kek, err := aes.NewCipher(key)
	if err != nil {
		return err
	}
	k.keys = map[uint32]cipher.Block{}
	tried := 0
	for _, c := range k.classes {
		if c.wrap&wrapPasscode == 0 || len(c.wrapped) == 0 {
			continue
		}
		tried++
		key, err := unwrapKey(kek, c.wrapped)
		if err != nil {
			continue
		}
		if block, err := aes.NewCipher(key); err == nil {
			k.keys[c.class] = block
		}
	}
	switch {
	case tried == 0:
		return fmt.Errorf("%w: none of its keys is wrapped with the password", errKeybag)
	case len(k.keys) == 0:
		return ErrPassword
	}
	return nil
}

// derive makes the key of the password: since iOS 10.2 through SHA-256 first,
// and through SHA-1 as ever. It takes seconds, as it is meant to; a person may
// give up on it.
func (k *keybag) derive(ctx context.Context, password []byte) ([]byte, error) {
	type result struct {
		key []byte
		err error
	}
	done := make(chan result, 1)
	go func() {
		secret := string(password)
		if k.doubleRounds > 0 && len(k.doubleSalt) > 0 {
			first, err := pbkdf2.Key(sha256.New, secret, k.doubleSalt, int(k.doubleRounds), 32)
			if err != nil {
				done <- result{nil, err}
				return
			}
			secret = string(first)
		}
		key, err := pbkdf2.Key(sha1.New, secret, k.salt, int(k.rounds), 32)
		done <- result{key, err}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-done:
		return r.key, r.err
	}
}

// fileKey unwraps the key of a file: its class, little-endian, then the key
// wrapped with the class key.
//
// Errors: errKeybag.
func (k *keybag) fileKey(b []byte) (cipher.Block, error) {
	if len(b) < 4 {
		return nil, fmt.Errorf("%w: the key of a file is cut short", errKeybag)
	}
	class := binary.LittleEndian.Uint32(b)
	kek := k.keys[class]
	if kek == nil {
		return nil, fmt.Errorf("%w: no key for protection class %d", errKeybag, class)
	}
	key, err := unwrapKey(kek, b[4:])
	if err != nil {
		return nil, err
	}
	return aes.NewCipher(key)
}

// unwrapKey undoes the AES key wrap of a 128 to 256-bit key (RFC 3394 §2.2.2).
func unwrapKey(kek cipher.Block, wrapped []byte) ([]byte, error) {
	n := len(wrapped)/8 - 1
	if len(wrapped)%8 != 0 || n < 2 || n > 4 {
		return nil, fmt.Errorf("%w: a wrapped key of %d bytes", errKeybag, len(wrapped))
	}
	var block [16]byte
	key := make([]byte, 8*n)
	copy(block[:8], wrapped)
	copy(key, wrapped[8:])
	for j := 5; j >= 0; j-- {
		for i := n; i >= 1; i-- {
			t := binary.BigEndian.Uint64(block[:8]) ^ uint64(n*j+i)
			binary.BigEndian.PutUint64(block[:8], t)
			copy(block[8:], key[8*(i-1):8*i])
			kek.Decrypt(block[:], block[:])
			copy(key[8*(i-1):], block[8:])
		}
	}
	if binary.BigEndian.Uint64(block[:8]) != 0xa6a6a6a6a6a6a6a6 {
		return nil, fmt.Errorf("%w: a wrapped key does not fit", errKeybag)
	}
	return key, nil
}
