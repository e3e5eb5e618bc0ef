package client

import (
	"bytes"
	"context"
	"crypto/sha512"
	"encoding/binary"
	"fmt"
	"strings"

	"rsc.io/qr"

	"github.com/ringfence/ringfence/wire"
)

// safetyRounds makes it dear to look for keys that give a number which looks
// like another: each try costs this many hashes.
const safetyRounds = 5200

// half is 30 digits of one account with its long-term device keys.
func half(account wire.ID, ed, curve []byte) string {
	keys := append(bytes.Clone(ed), curve...)
	sum := sha512.Sum512(append(append([]byte("ringfence safety v1\x00"), account[:]...), keys...))
	for range safetyRounds {
		sum = sha512.Sum512(append(sum[:], keys...))
	}
	var digits strings.Builder
	for i := 0; i < 30; i += 5 {
		var b [8]byte
		copy(b[3:], sum[i:i+5])
		fmt.Fprintf(&digits, "%05d", binary.BigEndian.Uint64(b[:])%100000)
	}
	return digits.String()
}

// safetyDigits is the same on both sides: the smaller half comes first.
func safetyDigits(a, b string) string {
	if b < a {
		a, b = b, a
	}
	return a + b
}

// Safety returns the number that both people see when nobody is between them.
// For a contact whose keys changed it is the number of the new keys.
func (c *Client) Safety(ctx context.Context, id wire.ID) (Safety, error) {
	ct, err := c.find(id)
	if err != nil {
		return Safety{}, err
	}
	keys := ct.Pinned
	if keys.empty() || ct.KeysChanged {
		k, err := c.lookup(ctx, id, false)
		if err != nil {
			return Safety{}, err
		}
		keys = pin(k, 0)
		if err := c.shown(ctx, id, k); err != nil {
			return Safety{}, err
		}
	}
	c.mu.Lock()
	me := c.state.device
	c.mu.Unlock()
	olm, err := me.account()
	if err != nil {
		return Safety{}, err
	}
	own := half(me.Me.Account, olm.IdKeys.Ed25519.PublicKey, olm.IdKeys.Curve25519.PublicKey)
	digits := safetyDigits(own, half(id, keys.Ed25519, keys.Curve25519))
	picture, err := svg("RINGFENCE:" + digits)
	return Safety{Digits: grouped(digits), QR: picture}, err
}

// shown remembers the keys whose number a person was shown, which are the ones
// that ConfirmKeys confirms.
func (c *Client) shown(ctx context.Context, id wire.ID, k theirKeys) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	ct := c.state.contacts[id]
	if ct == nil {
		return unknownContact(id)
	}
	ch := newChange()
	if ct.Pinned.empty() {
		ct.Pinned = pin(k, c.now())
	} else {
		p := pin(k, c.now())
		ct.Shown = &p
	}
	ch.contact(ct)
	return c.commit(ctx, ch)
}

// ConfirmKeys takes the contact's keys as theirs; compared says that the safety
// number was compared, by another way than this one. Where the keys had changed,
// they must be those whose number Safety showed, if it did; then a session with the new device begins, and it is given a new delivery token.
func (c *Client) ConfirmKeys(ctx context.Context, id wire.ID, compared bool) error {
	c.people.Lock()
	defer c.people.Unlock()
	ct, err := c.find(id)
	if err != nil {
		return err
	}
	confirm := func(ct *contact) {
		ct.KeysChanged, ct.Verified, ct.Shown = false, compared, nil
	}
	if ct.KeysChanged {
		return c.greet(ctx, id, "introduce", ct.Shown, confirm)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := c.state.contacts[id]
	if kept == nil {
		return unknownContact(id)
	}
	confirm(kept)
	ch := newChange()
	ch.contact(kept)
	ch.emit(Event{Kind: ContactsEvent})
	return c.commit(ctx, ch)
}

func grouped(digits string) string {
	var groups []string
	for i := 0; i < len(digits); i += 5 {
		groups = append(groups, digits[i:i+5])
	}
	return strings.Join(groups, " ")
}

// svg draws a QR code, black on white in every theme so that cameras read it.
func svg(text string) (string, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", err
	}
	var path strings.Builder
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+4, y+4)
			}
		}
	}
	n := code.Size + 8 // ISO/IEC 18004 §5.3.8: a quiet zone of four modules
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%dv%dH0z"/><path d="%s"/></svg>`, n, n, n, n, path.String()), nil
}
