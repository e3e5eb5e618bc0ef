package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"

	"github.com/ringfence/ringfence/wire"
)

// Keys are the signed keys of a device.
type Keys struct {
	Envelope EnvelopeKey
	Fallback FallbackKey
}

// EnvelopeKey is the HPKE key that envelopes to the device are sealed for.
type EnvelopeKey struct {
	ID        uint32
	Key       []byte
	Signature [64]byte
}

// FallbackKey is the Olm key that is given when the one-time keys are used up.
type FallbackKey struct {
	Key       [32]byte
	Signature [64]byte
}

// AddOneTimeKeys adds keys of a device until it has max of them, and returns
// how many it has. Keys that were given before, used or not, are ignored.
func (s *Store) AddOneTimeKeys(ctx context.Context, device wire.ID, keys [][32]byte, max int) (n int, err error) {
	err = s.writer.do(ctx, func(t *tx) error {
		if err := t.row(countKeys, device[:]).Scan(&n); err != nil {
			return err
		}
		for _, k := range keys {
			if n >= max {
				break
			}
			hash := sha256.Sum256(k[:])
			added, err := t.exec("INSERT INTO one_time_keys (device, hash, key) VALUES (?, ?, ?) ON CONFLICT (device, hash) DO NOTHING", device[:], hash[:], k[:])
			if err != nil {
				return err
			}
			n += added
		}
		if n == 0 {
			return nil
		}
		return refilled(t, device, s.now())
	})
	return n, err
}

const countKeys = "SELECT count(*) FROM one_time_keys WHERE device = ? AND key IS NOT NULL"

// CountOneTimeKeys returns how many one-time keys a device has left.
func (s *Store) CountOneTimeKeys(ctx context.Context, device wire.ID) (n int, err error) {
	err = s.read.QueryRowContext(ctx, countKeys, device[:]).Scan(&n)
	return n, err
}

// TakeOneTimeKey hands out the oldest one-time key of a device, each once; ok is
// false where none is left, which is recorded (see Dry).
func (s *Store) TakeOneTimeKey(ctx context.Context, device wire.ID) (key [32]byte, ok bool, err error) {
	err = s.writer.do(ctx, func(t *tx) error {
		var n int64
		err := t.row("SELECT n, key FROM one_time_keys WHERE device = ? AND key IS NOT NULL ORDER BY n LIMIT 1", device[:]).Scan(&n, fixed(key[:]))
		if errors.Is(err, sql.ErrNoRows) {
			return ranDry(t, device, s.now())
		}
		if err != nil {
			return err
		}
		ok = true
		_, err = t.exec("UPDATE one_time_keys SET key = NULL WHERE n = ?", n)
		return err
	})
	if err != nil || !ok {
		return [32]byte{}, false, err
	}
	return key, true, nil
}

// SetEnvelopeKey replaces the envelope key of a device.
func (s *Store) SetEnvelopeKey(ctx context.Context, device wire.ID, k EnvelopeKey) error {
	return s.writer.do(ctx, func(t *tx) error {
		_, err := t.exec("INSERT OR REPLACE INTO envelope_keys (device, id, key, signature) VALUES (?, ?, ?, ?)", device[:], k.ID, k.Key, k.Signature[:])
		return err
	})
}

// SetFallbackKey replaces the fallback key of a device.
func (s *Store) SetFallbackKey(ctx context.Context, device wire.ID, k FallbackKey) error {
	return s.writer.do(ctx, func(t *tx) error {
		_, err := t.exec("INSERT OR REPLACE INTO fallback_keys (device, key, signature) VALUES (?, ?, ?)", device[:], k.Key[:], k.Signature[:])
		return err
	})
}

// Keys returns the signed keys of a device, or ErrNotFound as long as not both
// have been set.
func (s *Store) Keys(ctx context.Context, device wire.ID) (k Keys, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT e.id, e.key, e.signature, f.key, f.signature
		FROM envelope_keys e JOIN fallback_keys f ON f.device = e.device WHERE e.device = ?`, device[:]).
		Scan(&k.Envelope.ID, &k.Envelope.Key, fixed(k.Envelope.Signature[:]), fixed(k.Fallback.Key[:]), fixed(k.Fallback.Signature[:]))
	return k, found(err)
}
