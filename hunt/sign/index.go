package sign

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/ringfence/ringfence/hunt/record"
)

// The index of attempts lies beside the files of records. It has, sorted by the
// hash of an id, what each account tried, who tried each target, the texts of
// both, and the accounts of each rare print and network, in blocks of some
// kilobytes. At its end stand what it was made of, a directory of the blocks with
// their first ids and the beginnings of their SHA-256, and
//
//	 8 bytes  where that begins        8 bytes  how long it is
//	32 bytes  its HMAC-SHA256          8 bytes  magic, with the version
//
// Records are often evidence that others handed over, and an index that came with
// them could hide what they hold: so the key of the seal stays with the user, and
// an index with another seal is made again. It tells of nothing that is not in
// the records, and can be deleted at any time.

// indexName is the name of an index, in the folder that has all its files.
const indexName = ".ringfence-attempts.index"

const (
	indexMagic = "RFindex\x01"
	footerSize = 8 + 8 + sha256.Size + len(indexMagic)
	blockSize  = 4 << 10   // about, of a block
	mostBlock  = 64 << 10  // bytes that one is read of
	mostEnd    = 512 << 20 // bytes of meta and directory
	sumSize    = 16        // of the SHA-256 of a block
	tailSize   = 4 << 10   // of a file, that its stamp has a hash of
)

// The sections.
const (
	byCaller = iota
	byCallee
	byName
	byAttribute
	sections
)

// stamp tells whether a file is still the same.
type stamp struct {
	Name string `json:"name"` // in the folder of the index
	Size int64  `json:"size"`
	Time int64  `json:"time"` // of its last change, ns since 1970
	Tail uint64 `json:"tail"` // hash of its last bytes, where Parquet has its footer
}

// meta is what an index says of itself.
type meta struct {
	Files    []stamp      `json:"files"`
	Made     int64        `json:"made"` // ns since 1970
	Stats    record.Stats `json:"stats"`
	Accounts int64        `json:"accounts"`
	Pairs    int64        `json:"pairs"`
}

// Folder returns the deepest folder that has all files: that of their index.
func Folder(files []string) (string, error) {
	folder := ""
	for i, f := range files {
		path, err := filepath.Abs(f)
		if err != nil {
			return "", err
		}
		if i == 0 {
			folder = filepath.Dir(path)
		}
		for !within(folder, path) && folder != filepath.Dir(folder) {
			folder = filepath.Dir(folder)
		}
	}
	if folder == filepath.Dir(folder) {
		return "", errors.New("index: the files have no folder in common; give one for it")
	}
	return folder, nil
}

func within(folder, path string) bool {
	rest, ok := strings.CutPrefix(path, folder)
	return ok && (strings.HasSuffix(folder, string(filepath.Separator)) || strings.HasPrefix(rest, string(filepath.Separator)))
}

// stamps are those of files, by their names in a folder.
func stamps(folder string, files []string) (all []stamp, err error) {
	for _, f := range files {
		s, err := stampOf(f)
		if err != nil {
			return nil, err
		}
		path, err := filepath.Abs(f)
		if err != nil {
			return nil, err
		}
		if s.Name, err = filepath.Rel(folder, path); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

func stampOf(path string) (s stamp, err error) {
	f, err := os.Open(path)
	if err != nil {
		return s, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return s, err
	}
	tail := make([]byte, min(info.Size(), tailSize))
	if _, err := f.ReadAt(tail, info.Size()-int64(len(tail))); err != nil && len(tail) > 0 {
		return s, err
	}
	return stamp{Size: info.Size(), Time: info.ModTime().UnixNano(), Tail: xxhash.Sum64(tail)}, nil
}

// errIndex begins every error that says an index is broken.
var errIndex = errors.New("index is broken; delete it, it is made again")

func broken(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errIndex, fmt.Sprintf(format, args...))
}

func seal(end, key []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(end)
	return mac.Sum(nil)
}

// sealKey returns the key that seals indexes, a new one at first.
func sealKey() ([]byte, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return nil, fmt.Errorf("index: no place for the key that seals it: %w", err)
	}
	path := filepath.Join(dir, "ringfence", "index.key")
	key, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		key = make([]byte, sha256.Size)
		rand.Read(key)
		if err = os.MkdirAll(filepath.Dir(path), 0o700); err == nil {
			err = os.WriteFile(path, key, 0o600)
		}
	}
	if err == nil && len(key) != sha256.Size {
		err = fmt.Errorf("%s is no key; delete it", path)
	}
	if err != nil {
		return nil, fmt.Errorf("index: the key that seals it: %w", err)
	}
	return key, nil
}

// readEnd reads the end of an index, and checks it.
func readEnd(from io.ReaderAt, size int64, key []byte) ([]byte, error) {
	var footer [footerSize]byte
	if size < int64(footerSize) {
		return nil, broken("%d bytes", size)
	}
	if _, err := from.ReadAt(footer[:], size-int64(footerSize)); err != nil {
		return nil, err
	}
	if string(footer[footerSize-len(indexMagic):]) != indexMagic {
		return nil, broken("not the end of one of this version")
	}
	at, n := binary.LittleEndian.Uint64(footer[:]), binary.LittleEndian.Uint64(footer[8:])
	if n > mostEnd || at > uint64(size) || at+n+uint64(footerSize) != uint64(size) {
		return nil, broken("a directory of %d bytes at %d in a file of %d", n, at, size)
	}
	end := make([]byte, n)
	if _, err := from.ReadAt(end, int64(at)); err != nil {
		return nil, err
	}
	if !hmac.Equal(seal(end, key), footer[16:16+sha256.Size]) {
		return nil, broken("not made here, or changed since")
	}
	return end, nil
}

// block is some entries, in the order of their ids.
type block struct {
	first record.ID
	data  []byte
}

// blocks writes entries into blocks.
type blocks struct {
	done []block
	open block
	last record.ID
}

// entry begins an entry of an id that is not below the last.
func (b *blocks) entry(id record.ID) {
	if len(b.open.data) >= blockSize {
		b.finish()
	}
	if b.open.data == nil {
		b.open = block{first: id, data: make([]byte, 0, blockSize+256)}
		b.last = id
	}
	b.number(uint64(id - b.last))
	b.last = id
}

func (b *blocks) number(n uint64) { b.open.data = binary.AppendUvarint(b.open.data, n) }
func (b *blocks) id(id record.ID) {
	b.open.data = binary.LittleEndian.AppendUint64(b.open.data, uint64(id))
}
func (b *blocks) text(s []byte) {
	b.number(uint64(len(s)))
	b.open.data = append(b.open.data, s...)
}

func (b *blocks) finish() {
	if len(b.open.data) > 0 {
		b.done = append(b.done, b.open)
	}
	b.open = block{}
}

// decoder reads what blocks wrote. After an error it reads nothing but zeros.
type decoder struct {
	data []byte
	at   int
	err  error
}

func (d *decoder) more() bool { return d.at < len(d.data) }

func (d *decoder) number() uint64 {
	if d.more() && d.data[d.at] < 0x80 { // most are that small
		d.at++
		return uint64(d.data[d.at-1])
	}
	v, n := binary.Uvarint(d.data[d.at:])
	if n <= 0 {
		d.fail()
		return 0
	}
	d.at += n
	return v
}

func (d *decoder) id() record.ID {
	if len(d.data)-d.at < 8 {
		d.fail()
		return 0
	}
	d.at += 8
	return record.ID(binary.LittleEndian.Uint64(d.data[d.at-8:]))
}

func (d *decoder) bytes() []byte { return d.take(d.number()) }

func (d *decoder) take(n uint64) []byte {
	if n > uint64(len(d.data)-d.at) {
		d.fail()
		return nil
	}
	d.at += int(n)
	return d.data[d.at-int(n) : d.at]
}

func (d *decoder) fail() {
	d.data, d.at = nil, 0
	if d.err == nil {
		d.err = broken("an entry is cut off")
	}
}
