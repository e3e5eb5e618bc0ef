package store

import (
	"context"
	"errors"
)

// Serial returns the serial of the settings with this digest: the last one
// while they are unchanged, else the next. Serials start at 1 and never go back.
func (s *Store) Serial(ctx context.Context, digest [32]byte) (serial uint64, err error) {
	err = s.writer.do(ctx, func(t *tx) error {
		var last [32]byte
		err := found(t.row("SELECT serial, digest FROM settings ORDER BY serial DESC LIMIT 1").Scan(&serial, fixed(last[:])))
		if err == nil && last == digest {
			return nil
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		serial++
		_, err = t.exec("INSERT INTO settings (serial, digest) VALUES (?, ?)", int64(serial), digest[:])
		return err
	})
	return serial, err
}
