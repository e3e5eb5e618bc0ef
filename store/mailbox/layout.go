package mailbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/cockroachdb/pebble/v2"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/letter"
)

// The layout on disk, big endian:
//
//	"f"                         -> format version (1)
//	"l" device (16) number (8)  -> received, Unix ms (8), CRC-32C (4), envelope
//	"n" device (16)             -> numbers below this one may have been given (8)
//
// The checksum is over the key, the time and the envelope, so that a value
// under a key that is not its own shows.
const (
	kindLetter  = 'l'
	kindNumbers = 'n'
	format      = 1

	letterKeySize = 1 + 16 + 8
	numberKeySize = 1 + 16
	valueHead     = 8 + 4
)

var formatKey = []byte("f")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func letterKey(b []byte, device wire.ID, number uint64) []byte {
	b = append(append(b, kindLetter), device[:]...)
	return binary.BigEndian.AppendUint64(b, number)
}

func numberKey(b []byte, device wire.ID) []byte {
	return append(append(b, kindNumbers), device[:]...)
}

// given reads a record of numbers: those below it may have been given.
func given(value []byte) uint64 { return binary.BigEndian.Uint64(value) }

// after is the smallest key behind all letters of a device.
func after(device wire.ID) []byte { return append(letterKey(nil, device, 1<<64-1), 0) }

func splitLetterKey(key []byte) (device wire.ID, number uint64, err error) {
	if len(key) != letterKeySize || key[0] != kindLetter {
		return wire.ID{}, 0, fmt.Errorf("%w: a key of %d bytes that is none of a letter", ErrDamaged, len(key))
	}
	copy(device[:], key[1:17])
	return device, binary.BigEndian.Uint64(key[17:]), nil
}

// putValue fills a value of valueHead+len(envelope) bytes.
func putValue(b, key []byte, received int64, envelope []byte) {
	binary.BigEndian.PutUint64(b, uint64(received))
	copy(b[valueHead:], envelope)
	binary.BigEndian.PutUint32(b[8:], checksum(key, b))
}

func checksum(key, value []byte) uint32 {
	sum := crc32.Update(0, castagnoli, key)
	sum = crc32.Update(sum, castagnoli, value[:8])
	return crc32.Update(sum, castagnoli, value[valueHead:])
}

// parseLetter reads a stored letter and checks that it is whole; the envelope
// shares the value's bytes.
func parseLetter(key, value []byte) (wire.ID, letter.Letter, error) {
	device, number, err := splitLetterKey(key)
	if err != nil {
		return device, letter.Letter{}, err
	}
	if len(value) < valueHead {
		return device, letter.Letter{}, fmt.Errorf("%w: letter %d of device %s is cut short", ErrDamaged, number, device)
	}
	if binary.BigEndian.Uint32(value[8:]) != checksum(key, value) {
		return device, letter.Letter{}, fmt.Errorf("%w: letter %d of device %s does not have its checksum", ErrDamaged, number, device)
	}
	return device, letter.Letter{Number: number, Received: int64(binary.BigEndian.Uint64(value)), Envelope: value[valueHead:]}, nil
}

// checkFormat writes the format version into a new mailbox, and refuses one
// that a newer Ringfence wrote.
func (m *Mailbox) checkFormat() error {
	v, closer, err := m.db.Get(formatKey)
	if errors.Is(err, pebble.ErrNotFound) {
		if err := m.db.Set(formatKey, []byte{format}, pebble.Sync); err != nil {
			return unusable(m.dir, err)
		}
		return nil
	}
	if err != nil {
		return unusable(m.dir, err)
	}
	defer closer.Close()
	if len(v) != 1 || v[0] != format {
		return fmt.Errorf("mailbox in %s: format %v, and this version reads format %d; use the version that wrote it", m.dir, v, format)
	}
	return nil
}
