package client

import (
	"context"
	"time"

	"maunium.net/go/mautrix/crypto/goolm/account"
)

type keysUpload struct {
	OneTimeKeys []string           `json:"one_time_keys,omitempty"`
	FallbackKey *fallbackUpload    `json:"fallback_key,omitempty"`
	EnvelopeKey *envelopeKeyUpload `json:"envelope_key,omitempty"`
}

// maintainKeys does what is due for the device's own keys: one-time keys are
// refilled, the fallback key and the envelope key are replaced weekly. What is
// uploaded is on disk before, and a one-time key that may have reached the
// server is never offered to it again.
func (c *Client) maintainKeys(ctx context.Context) error {
	a, err := c.serverAccount(ctx)
	if err != nil {
		return err
	}
	up, err := c.prepareKeys(ctx, a.OneTimeKeys)
	if err != nil || up == nil {
		return err
	}
	var out struct {
		OneTimeKeys int `json:"one_time_keys"`
	}
	if err := c.api(ctx, post, "/v1/keys", up, &out); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state.device.KeysDue = false
	ch := newChange()
	ch.device(&c.state.device)
	return c.commit(ctx, ch)
}

// prepareKeys makes what is due and writes it down; nil where nothing is due.
func (c *Client) prepareKeys(ctx context.Context, atServer int) (*keysUpload, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.state.device
	olm, err := d.account()
	if err != nil {
		return nil, err
	}
	up := &keysUpload{}
	if atServer < lowOneTime {
		if up.OneTimeKeys, err = moreOneTime(olm, wantedOneTime-max(0, atServer)); err != nil {
			return nil, err
		}
	}
	if err := d.rotate(olm, c.options.Now()); err != nil {
		return nil, err
	}
	if d.KeysDue {
		if err := up.sign(&d, olm); err != nil {
			return nil, err
		}
	}
	if up.OneTimeKeys == nil && !d.KeysDue {
		return nil, nil
	}
	d.Olm = olm.PickleLibOlm()
	c.state.device = d
	ch := newChange()
	ch.device(&d)
	return up, c.commit(ctx, ch)
}

// moreOneTime makes n one-time keys, counted as published from now on. The
// account keeps the hundred newest.
func moreOneTime(olm *account.Account, n int) (keys []string, err error) {
	if err := olm.GenOneTimeKeys(uint(n)); err != nil {
		return nil, err
	}
	for _, k := range olm.OTKeys {
		if !k.Published {
			keys = append(keys, b64.EncodeToString(k.Key.PublicKey))
		}
	}
	olm.MarkKeysAsPublished()
	return keys, nil
}

// rotate replaces the fallback key and the envelope key when they are a week
// old.
func (d *device) rotate(olm *account.Account, now time.Time) error {
	if due(d.FallbackMade, now) {
		if err := olm.GenFallbackKey(); err != nil {
			return err
		}
		d.FallbackMade, d.KeysDue = now.UnixMilli(), true
	}
	newest := envelopeKey{}
	if len(d.Envelopes) > 0 {
		newest = d.Envelopes[0]
	}
	if !due(newest.Made, now) {
		return nil
	}
	k, err := newEnvelopeKey(newest.ID+1, now)
	if err != nil {
		return err
	}
	kept := append([]envelopeKey{k}, d.Envelopes...)
	d.Envelopes, d.KeysDue = kept[:min(len(kept), keptEnvelopes)], true
	return nil
}

func due(made int64, now time.Time) bool {
	return made == 0 || now.Sub(time.UnixMilli(made)) >= keyLife
}

// sign puts the fallback key and the newest envelope key into the upload.
func (up *keysUpload) sign(d *device, olm *account.Account) error {
	fallback := []byte(olm.CurrentFallbackKey.Key.PublicKey)
	signature, err := sign(olm, fallbackText(d.Me.Account, d.Me.Device, fallback))
	if err != nil {
		return err
	}
	up.FallbackKey = &fallbackUpload{b64.EncodeToString(fallback), b64.EncodeToString(signature)}
	newest := d.Envelopes[0]
	public, err := newest.public()
	if err != nil {
		return err
	}
	if signature, err = sign(olm, envelopeKeyText(d.Me.Account, d.Me.Device, newest.ID, public)); err != nil {
		return err
	}
	up.EnvelopeKey = &envelopeKeyUpload{newest.ID, b64.EncodeToString(public), b64.EncodeToString(signature)}
	return nil
}
