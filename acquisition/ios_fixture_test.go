package acquisition

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite"
)

// backupFile is a file of a backup that a test makes.
type backupFile struct {
	domain, relative string
	data             []byte
	flags            int   // 0: a file
	size             int64 // as the manifest has it; 0: the true one
	class            uint32
	missing          bool // listed and not stored
}

// backupMaker writes a backup, encrypted with a password when there is one.
type backupMaker struct {
	dir      string
	password string
	kek      []byte
	classes  map[uint32][]byte
	bag      []byte
	seed     byte
}

// bytes are invented, and the same each time.
func (m *backupMaker) bytes(n int) []byte {
	m.seed++
	sum := sha256.Sum256([]byte{m.seed})
	return bytes.Repeat(sum[:], n/32+1)[:n]
}

func tagged(tag string, v any) []byte {
	b, ok := v.([]byte)
	if n, number := v.(int); number {
		b = binary.BigEndian.AppendUint32(nil, uint32(n))
	} else if !ok {
		panic(tag)
	}
	return append(binary.BigEndian.AppendUint32([]byte(tag), uint32(len(b))), b...)
}

func (m *backupMaker) makeKeybag(t testing.TB) {
	doubleSalt, salt := m.bytes(20), m.bytes(20)
	first, err := pbkdf2.Key(sha256.New, m.password, doubleSalt, 700, 32)
	must(t, err)
	m.kek, err = pbkdf2.Key(sha1.New, string(first), salt, 300, 32)
	must(t, err)
	m.classes = map[uint32][]byte{}
	parts := [][]byte{tagged("VERS", 5), tagged("TYPE", 1), tagged("UUID", m.bytes(16)), tagged("HMCK", m.bytes(40)), tagged("WRAP", 1),
		tagged("SALT", salt), tagged("ITER", 300), tagged("DPWT", 0), tagged("DPIC", 700), tagged("DPSL", doubleSalt)}
	for class := 1; class <= 11; class++ {
		key := m.bytes(32)
		m.classes[uint32(class)] = key
		parts = append(parts, tagged("UUID", m.bytes(16)), tagged("CLAS", class), tagged("WRAP", 2), tagged("KTYP", 0), tagged("WPKY", wrapKey(t, m.kek, key)))
	}
	m.bag = bytes.Join(parts, nil)
}

// wrapKey wraps a key (RFC 3394 §2.2.1).
func wrapKey(t testing.TB, kek, key []byte) []byte {
	block, err := aes.NewCipher(kek)
	must(t, err)
	a := uint64(0xa6a6a6a6a6a6a6a6)
	r := bytes.Clone(key)
	n := len(r) / 8
	var b [16]byte
	for j := range 6 {
		for i := range n {
			binary.BigEndian.PutUint64(b[:], a)
			copy(b[8:], r[8*i:8*i+8])
			block.Encrypt(b[:], b[:])
			a = binary.BigEndian.Uint64(b[:]) ^ uint64(n*j+i+1)
			copy(r[8*i:], b[8:])
		}
	}
	return append(binary.BigEndian.AppendUint64(nil, a), r...)
}

func encryptFile(t testing.TB, key, data []byte) []byte {
	block, err := aes.NewCipher(key)
	must(t, err)
	pad := 16 - len(data)%16
	out := append(bytes.Clone(data), bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, make([]byte, 16)).CryptBlocks(out, out)
	return out
}

// bplist is a binary property list as it is written.
type bplist struct {
	body    []byte
	offsets []int
}

func (p *bplist) add(b ...byte) byte {
	p.offsets = append(p.offsets, 8+len(p.body))
	p.body = append(p.body, b...)
	return byte(len(p.offsets) - 1)
}

func (p *bplist) text(s string) byte {
	if len(s) < 15 {
		return p.add(append([]byte{0x50 | byte(len(s))}, s...)...)
	}
	return p.add(append([]byte{0x5f, 0x11, byte(len(s) >> 8), byte(len(s))}, s...)...)
}

func (p *bplist) bytes(b []byte) byte {
	return p.add(append([]byte{0x4f, 0x10, byte(len(b))}, b...)...)
}

func (p *bplist) int(n int64) byte {
	return p.add(binary.BigEndian.AppendUint64([]byte{0x13}, uint64(n))...)
}

func (p *bplist) uid(n byte) byte { return p.add(0x80, n) }

func (p *bplist) dict(refs ...byte) byte {
	n := len(refs) / 2
	b := []byte{0xd0 | byte(n)}
	if n >= 15 {
		b = []byte{0xdf, 0x10, byte(n)}
	}
	var values []byte
	for i := 0; i < len(refs); i += 2 {
		b, values = append(b, refs[i]), append(values, refs[i+1])
	}
	return p.add(append(b, values...)...)
}

func (p *bplist) done(top byte) []byte {
	out := append([]byte("bplist00"), p.body...)
	table := len(out)
	for _, o := range p.offsets {
		out = binary.BigEndian.AppendUint16(out, uint16(o))
	}
	out = append(out, 0, 0, 0, 0, 0, 0, 2, 1)
	out = binary.BigEndian.AppendUint64(out, uint64(len(p.offsets)))
	out = binary.BigEndian.AppendUint64(out, uint64(top))
	return binary.BigEndian.AppendUint64(out, uint64(table))
}

// mbFileBlob is the keyed archive of an MBFile.
func mbFileBlob(relative string, size int64, mode int64, class uint32, key []byte) []byte {
	p := &bplist{}
	null := p.text("$null")
	name := p.text(relative)
	objects := []byte{null, 0, name}
	fields := []byte{}
	number := func(key string, n int64) { fields = append(fields, p.text(key), p.int(n)) }
	number("LastModified", 1767323045)
	number("LastStatusChange", 1767323046)
	number("Birth", 1767323040)
	number("Size", size)
	number("Mode", mode)
	number("UserID", 501)
	number("GroupID", 502)
	number("InodeNumber", 77)
	number("ProtectionClass", int64(class))
	fields = append(fields, p.text("RelativePath"), p.uid(2))
	if key != nil {
		data := p.dict(p.text("NS.data"), p.bytes(append(binary.LittleEndian.AppendUint32(nil, class), key...)))
		objects = append(objects, data)
		fields = append(fields, p.text("EncryptionKey"), p.uid(3))
	}
	objects[1] = p.dict(fields...)
	list := p.add(append([]byte{0xa0 | byte(len(objects))}, objects...)...)
	top := p.dict(p.text("root"), p.uid(1))
	return p.done(p.dict(p.text("$archiver"), p.text("NSKeyedArchiver"), p.text("$top"), top, p.text("$objects"), list))
}

func makeBackup(t testing.TB, password string, files []backupFile) *backupMaker {
	t.Helper()
	m := &backupMaker{dir: t.TempDir(), password: password}
	if password != "" {
		m.makeKeybag(t)
	}
	path := filepath.Join(m.dir, "Manifest.db")
	db, err := sql.Open("sqlite", path)
	must(t, err)
	exec := func(q string, args ...any) {
		if _, err := db.Exec(q, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec("CREATE TABLE Files (fileID TEXT PRIMARY KEY, domain TEXT, relativePath TEXT, flags INTEGER, file BLOB)")
	exec("CREATE TABLE Properties (key TEXT PRIMARY KEY, value BLOB)")
	for _, f := range files {
		id, blob := m.store(t, f)
		exec("INSERT INTO Files VALUES(?,?,?,?,?)", id, f.domain, f.relative, max(f.flags, 1), blob)
	}
	must(t, db.Close())
	var secrets string
	if password != "" {
		key := m.bytes(32)
		raw, err := os.ReadFile(path)
		must(t, err)
		must(t, os.WriteFile(path, encryptFile(t, key, raw), 0o600))
		wrapped := append([]byte{4, 0, 0, 0}, wrapKey(t, m.classes[4], key)...)
		secrets = fmt.Sprintf("<key>BackupKeyBag</key><data>%s</data><key>ManifestKey</key><data>%s</data>",
			base64.StdEncoding.EncodeToString(m.bag), base64.StdEncoding.EncodeToString(wrapped))
	}
	const head = `<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd"><plist version="1.0"><dict>`
	writeTree(t, m.dir, []stuff{
		{"Manifest.plist", fmt.Appendf(nil, "%s<key>IsEncrypted</key><%v/><key>Lockdown</key><dict><key>ProductVersion</key><string>17.5.1</string></dict>%s</dict></plist>", head, password != "", secrets)},
		{"Info.plist", []byte(head + "<key>Device Name</key><string>a phone</string><key>Product Type</key><string>iPhone14,5</string><key>Build Version</key><string>21F90</string><key>Serial Number</key><string>C0FFEE</string><key>Last Backup Date</key><date>2026-01-02T03:04:05Z</date></dict></plist>")},
		{"Status.plist", []byte(head + "<key>SnapshotState</key><string>finished</string></dict></plist>")},
	})
	return m
}

// store writes a file as a backup has it, and returns its row.
func (m *backupMaker) store(t testing.TB, f backupFile) (id string, blob []byte) {
	sum := sha1.Sum([]byte(f.domain + "-" + f.relative))
	id = hex.EncodeToString(sum[:])
	mode, data := int64(0o100644), f.data
	if f.flags == manifestFolder {
		return id, mbFileBlob(f.relative, 0, 0o040755, 0, nil)
	}
	size := f.size
	if size == 0 {
		size = int64(len(f.data))
	}
	class := max(f.class, 3)
	var wrapped []byte
	if m.password != "" {
		key := m.bytes(32)
		wrapped = wrapKey(t, m.classes[class], key)
		data = encryptFile(t, key, f.data)
	}
	if !f.missing {
		writeTree(t, m.dir, []stuff{{id[:2] + "/" + id, data}})
	}
	return id, mbFileBlob(f.relative, size, mode, class, wrapped)
}
