package verify

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// tileHeight is that of https://c2sp.org/tlog-tiles.
const tileHeight = 8

// hashReader reads the hashes of a log, in the order of tlog.StoredHashIndex.
type hashReader []tlog.Hash

// ReadHashes implements tlog.HashReader.
func (r hashReader) ReadHashes(at []int64) ([]tlog.Hash, error) {
	all := make([]tlog.Hash, len(at))
	for i, n := range at {
		if n < 0 || n >= int64(len(r)) {
			return nil, fmt.Errorf("hash %d of a log that has %d", n, len(r))
		}
		all[i] = r[n]
	}
	return all, nil
}

// Tiles calls do with every tile of a log, as https://c2sp.org/tlog-tiles has it:
// the path below the log's prefix, and the bytes.
func Tiles(size int64, hashes tlog.HashReader, leaf func(n int64) ([]byte, error), do func(path string, b []byte) error) error {
	for _, t := range tlog.NewTiles(tileHeight, 0, size) {
		b, err := tlog.ReadTileData(t, hashes)
		if err == nil {
			err = do(tilePath(t), b)
		}
		if err != nil {
			return err
		}
	}
	for n := int64(0); n < size; n += 1 << tileHeight {
		var b bytes.Buffer
		width := min(1<<tileHeight, size-n)
		for i := range width {
			text, err := leaf(n + i)
			if err != nil {
				return err
			}
			if len(text) > MaxLeaf {
				return fmt.Errorf("a leaf of %d bytes, at most %d", len(text), MaxLeaf)
			}
			b.Write(binary.BigEndian.AppendUint16(nil, uint16(len(text))))
			b.Write(text)
		}
		t := tlog.Tile{H: tileHeight, L: -1, N: n >> tileHeight, W: int(width)}
		if err := do(tilePath(t), b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// tilePath is the path without the height, which is always 8; bundles of entries
// are under entries.
func tilePath(t tlog.Tile) string {
	p := strings.TrimPrefix(t.Path(), "tile/8/")
	if t.L < 0 {
		p = "entries/" + strings.TrimPrefix(p, "data/")
	}
	return "tile/" + p
}

// tiles compares the tiles in the bag with those of its entries.
func (v *verifier) tiles(size int64, hashes hashReader) (faults []string) {
	seen := map[string]bool{}
	err := Tiles(size, hashes, func(n int64) ([]byte, error) { return v.entries[n].Leaf, nil }, func(p string, b []byte) error {
		p = "data/ledger/" + p
		seen[p] = true
		if have, err := v.read(p); err != nil || !bytes.Equal(have, b) {
			faults = append(faults, p+" is not the tile of these entries")
		}
		return nil
	})
	if err != nil {
		faults = append(faults, err.Error())
	}
	for _, p := range v.under("data/ledger/tile") {
		if !seen[p] {
			faults = append(faults, p+" is a tile of no entries")
		}
	}
	return faults
}
