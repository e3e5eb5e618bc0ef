package acquisition

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var backupFiles = []backupFile{
	{domain: "HomeDomain", flags: manifestFolder, relative: "Library"},
	{domain: "HomeDomain", relative: "Library/SMS/sms.db", data: bytes.Repeat([]byte("a message. "), 30_000)},
	{domain: "HomeDomain", relative: "Library/sixteen", data: []byte("0123456789abcdef")},
	{domain: "HomeDomain", relative: "Library/grown", data: bytes.Repeat([]byte("x"), 1000), size: 500},
	{domain: "HomeDomain", relative: "Library/empty"},
	{domain: "HomeDomain", relative: "Library/gone", data: []byte("listed only"), missing: true},
	{domain: "AppDomain-com.example.app", relative: "Documents/a.txt", data: []byte("an app's")},
	{domain: "AppDomainGroup-group.net.example", relative: "ChatStorage.sqlite", data: []byte("a group's")},
	{domain: "HomeDomain", relative: "private/var/tmp/implant", data: []byte("planted")},
	{domain: "HomeDomain", relative: "../../../etc/passwd", data: []byte("out")},
	{domain: "StrangeDomain", relative: "file", data: []byte("strange")},
}

func openOne(t testing.TB, path string, o Options) *Acquisition {
	t.Helper()
	all, err := Open(context.Background(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 {
		t.Fatalf("%d acquisitions", len(all))
	}
	return all[0]
}

func answer(password string) func() ([]byte, error) {
	return func() ([]byte, error) { return []byte(password), nil }
}

func filesOf(t testing.TB, a *Acquisition) map[string]File {
	t.Helper()
	all := map[string]File{}
	must(t, a.Each(func(f File) bool {
		all[f.Path] = f
		return true
	}))
	return all
}

func readAll(t testing.TB, a *Acquisition, f File) []byte {
	t.Helper()
	c, err := a.Open(f)
	if err != nil {
		t.Fatalf("%s: %v", f.Path, err)
	}
	defer c.Close()
	b, err := io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
	must(t, err)
	return b
}

// The same backup, plain and encrypted, as a folder and in archives.
func TestBackup(t *testing.T) {
	for _, password := range []string{"", "pässword"} {
		m := makeBackup(t, password, backupFiles)
		var files []stuff
		must(t, filepath.WalkDir(m.dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				b, err := os.ReadFile(path)
				must(t, err)
				name, _ := filepath.Rel(m.dir, path)
				files = append(files, stuff{"UDID/" + filepath.ToSlash(name), b})
			}
			return err
		}))
		other := writeTree(t, t.TempDir(), []stuff{{"backup.zip", zipOf(t, files)}, {"backup.tar", tarOf(t, files)}, {"backup.tgz", gzipOf(t, tarOf(t, files))}})
		for _, path := range []string{m.dir, filepath.Join(other, "backup.zip"), filepath.Join(other, "backup.tar"), filepath.Join(other, "backup.tgz")} {
			t.Run(fmt.Sprintf("%s, password %q", filepath.Ext(path), password), func(t *testing.T) { testBackup(t, path, password) })
		}
	}
}

func testBackup(t *testing.T, path, password string) {
	a := openOne(t, path, Options{Password: answer(password)})
	defer a.Close()
	taken := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	if d := a.Device; a.Kind != IOSBackup || a.Encrypted != (password != "") || d.Name != "a phone" || d.Model != "iPhone14,5" || d.System != "iOS 17.5.1" || d.Build != "21F90" || d.Serial != "C0FFEE" || !d.Taken.Equal(taken) {
		t.Errorf("%+v", a)
	}
	all := filesOf(t, a)
	for path, want := range map[string]int{
		"/private/var/mobile/Library/SMS/sms.db":                                              1,
		"/private/var/mobile/Library/sixteen":                                                 2,
		"/private/var/mobile/Library/empty":                                                   4,
		"/private/var/mobile/Containers/Data/Application/com.example.app/Documents/a.txt":     6,
		"/private/var/mobile/Containers/Shared/AppGroup/group.net.example/ChatStorage.sqlite": 7,
		"/private/var/mobile/private/var/tmp/implant":                                         8,
		"/private/var/mobile/%2E%2E/%2E%2E/%2E%2E/etc/passwd":                                 9,
		"/backup/StrangeDomain/file":                                                          10,
	} {
		f, ok := all[path]
		src := backupFiles[want]
		if !ok {
			t.Fatalf("no %s in %d files", path, len(all))
		}
		if f.Domain != src.domain || f.Relative != src.relative || f.Mode != 0o100644 || f.UID != 501 || f.GID != 502 || f.Modified.Unix() != 1767323045 || f.Changed.Unix() != 1767323046 || f.Created.Unix() != 1767323040 || f.Missing {
			t.Errorf("%+v", f)
		}
		if got := readAll(t, a, f); !bytes.Equal(got, src.data) || f.Size != int64(len(got)) {
			t.Errorf("%s: size %d, %d bytes read, want %d", path, f.Size, len(got), len(src.data))
		}
	}
	if f := all["/private/var/mobile/Library"]; !f.Dir {
		t.Errorf("a folder: %+v", f)
	}
	if f := all["/private/var/mobile/Library/gone"]; !f.Missing {
		t.Errorf("a file that is not there: %+v", f)
	} else if _, err := a.Open(f); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it opens: %v", err)
	}
	if f := all["/private/var/mobile/%2E%2E/%2E%2E/%2E%2E/etc/passwd"]; f.Note == "" {
		t.Error("a name that leads out is not marked")
	}
	n := 0
	must(t, a.Find(func(path string) bool { return strings.HasSuffix(path, "grown") }, func(f File) bool {
		n++
		if f.Size != 1000 || !strings.Contains(f.Note, "says 500 bytes") || len(readAll(t, a, f)) != 1000 {
			t.Errorf("a file that grew: %+v", f)
		}
		return true
	}))
	if info := readAll(t, a, all["/backup/Info.plist"]); n != 1 || !bytes.Contains(info, []byte("Device Name")) {
		t.Errorf("found %d; Info.plist: %q", n, info)
	}
	testInputs(t, a, path)
}

// testInputs compares the sums with the files on disk.
func testInputs(t *testing.T, a *Acquisition, path string) {
	inputs := a.Inputs()
	info, err := os.Stat(path)
	must(t, err)
	if info.IsDir() && len(inputs) < 10 || !info.IsDir() && len(inputs) != 1 {
		t.Errorf("%d inputs", len(inputs))
	}
	for _, in := range inputs {
		name := path
		if info.IsDir() {
			name = filepath.Join(path, filepath.FromSlash(in.Path))
		}
		b, err := os.ReadFile(name)
		must(t, err)
		sum := sha256.Sum256(b)
		if in.SHA256 != hex.EncodeToString(sum[:]) || in.Size != int64(len(b)) {
			t.Errorf("%+v", in)
		}
	}
}

func TestBackupPasswords(t *testing.T) {
	m := makeBackup(t, "right", backupFiles[:3])
	for _, test := range []struct {
		password func() ([]byte, error)
		want     error
	}{{nil, ErrLocked}, {answer("wrong"), ErrPassword}, {answer(""), ErrPassword}, {func() ([]byte, error) { return nil, context.Canceled }, context.Canceled}} {
		if all, err := Open(context.Background(), m.dir, Options{Password: test.password}); !errors.Is(err, test.want) {
			t.Errorf("%v, %v; want %v", all, err, test.want)
		}
	}
	asked := 0
	two := t.TempDir()
	must(t, os.CopyFS(filepath.Join(two, "one"), os.DirFS(m.dir)))
	must(t, os.CopyFS(filepath.Join(two, "deep", "two"), os.DirFS(m.dir)))
	all, err := Open(context.Background(), two, Options{Password: func() ([]byte, error) { asked++; return []byte("right"), nil }})
	if err != nil || len(all) != 2 || asked != 1 {
		t.Errorf("two in a folder: %v, %v, asked %d times", all, err, asked)
	}
	for _, a := range all {
		must(t, a.Close())
	}
}

// RFC 3394 §4.6: 256 bits of key data with a 256-bit KEK.
func TestUnwrapKey(t *testing.T) {
	bits := func(s string) []byte {
		b, err := hex.DecodeString(s)
		must(t, err)
		return b
	}
	kek, err := aes.NewCipher(bits("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"))
	must(t, err)
	wrapped := bits("28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21")
	key, err := unwrapKey(kek, wrapped)
	if err != nil || hex.EncodeToString(key) != "00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f" {
		t.Errorf("%x, %v", key, err)
	}
	for i := range wrapped {
		bad := bytes.Clone(wrapped)
		bad[i] ^= 1
		if _, err := unwrapKey(kek, bad); err == nil {
			t.Errorf("a wrong byte %d is not seen", i)
		}
	}
}

func TestDecryptedReadsAnyPart(t *testing.T) {
	key := bytes.Repeat([]byte{7}, 32)
	block, err := aes.NewCipher(key)
	must(t, err)
	for _, n := range []int{0, 1, 15, 16, 17, 4096, cipherWindow - 1, cipherWindow, cipherWindow + 1, 3*cipherWindow + 5} {
		plain := make([]byte, n)
		for i := range plain {
			plain[i] = byte(i * i >> 3)
		}
		d, err := decrypt(inMemory(encryptFile(t, key, plain)), block, int64(n))
		must(t, err)
		if d.Size() != int64(n) || d.note != "" {
			t.Fatalf("%d bytes: size %d, %q", n, d.Size(), d.note)
		}
		for _, at := range []int{0, 1, 16, 100, n / 2, n - 17, n - 1, n, n + 5} {
			for _, length := range []int{1, 16, 33, cipherWindow, cipherWindow + 7, n} {
				if at < 0 {
					continue
				}
				b := make([]byte, length)
				got, err := d.ReadAt(b, int64(at))
				want := plain[min(at, n):min(at+length, n)]
				if !bytes.Equal(b[:got], want) || (got < length) != errors.Is(err, io.EOF) {
					t.Fatalf("%d bytes at %d of %d: %d, %v", length, at, n, got, err)
				}
			}
		}
	}
}

func TestMBFile(t *testing.T) {
	key := bytes.Repeat([]byte{9}, 40)
	var m mbFile
	blob := mbFileBlob("Library/x", 12345, 0o100600, 4, key)
	scan := mbFile{}
	if !(&mbScanner{b: blob, into: &scan}).scan() {
		t.Fatal("the usual form is not scanned")
	}
	if !m.parse(blob) || m.size != 12345 || m.mode != 0o100600 || m.uid != 501 || m.gid != 502 || m.modified != 1767323045 || m.class != 4 || !bytes.Equal(m.key[4:], key) {
		t.Errorf("%+v", m)
	}
	if n := testing.AllocsPerRun(100, func() { m.parse(blob) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkMBFile(b *testing.B) {
	blob := mbFileBlob("Library/Caches/some/file.db", 12345, 0o100600, 4, bytes.Repeat([]byte{9}, 40))
	var m mbFile
	for b.Loop() {
		m.parse(blob)
	}
}

func mbdbOf(files []backupFile) []byte {
	b := []byte("mbdb\x05\x00")
	text := func(s string) {
		b = binary.BigEndian.AppendUint16(b, uint16(len(s)))
		b = append(b, s...)
	}
	for _, f := range files {
		text(f.domain)
		text(f.relative)
		b = append(b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
		b = binary.BigEndian.AppendUint16(b, uint16(0o100644))
		b = append(b, make([]byte, 8)...)
		for _, n := range []uint32{501, 502, 1767323045, 1767323045, 1767323046} {
			b = binary.BigEndian.AppendUint32(b, n)
		}
		b = binary.BigEndian.AppendUint64(b, uint64(len(f.data)))
		b = append(b, 3, 1)
		text("property")
		text("value")
	}
	return b
}

func TestOldManifest(t *testing.T) {
	files := backupFiles[1:3]
	m := makeBackup(t, "", files)
	must(t, os.Remove(filepath.Join(m.dir, "Manifest.db")))
	writeTree(t, m.dir, []stuff{{"Manifest.mbdb", mbdbOf(files)}})
	a := openOne(t, m.dir, Options{})
	defer a.Close()
	all := filesOf(t, a)
	for i, path := range []string{"/private/var/mobile/Library/SMS/sms.db", "/private/var/mobile/Library/sixteen"} {
		if got := readAll(t, a, all[path]); !bytes.Equal(got, files[i].data) || all[path].GID != 502 {
			t.Errorf("%s: %d bytes, %+v", path, len(got), all[path])
		}
	}
}

func FuzzKeybag(f *testing.F) {
	m := &backupMaker{password: "x"}
	m.makeKeybag(f)
	f.Add(m.bag)
	f.Add(m.bag[:100])
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := parseKeybag(b)
		if err != nil || k.rounds > 1000 || k.doubleRounds > 1000 {
			return
		}
		if err := k.unlock(context.Background(), []byte("x")); err == nil {
			for class := range k.keys {
				k.fileKey(append(binary.LittleEndian.AppendUint32(nil, class), b...))
			}
		}
	})
}

func FuzzMBFile(f *testing.F) {
	f.Add(mbFileBlob("Library/x", 12345, 0o100600, 4, bytes.Repeat([]byte{9}, 40)))
	f.Add(mbFileBlob("", 0, 0o040755, 0, nil))
	f.Fuzz(func(_ *testing.T, b []byte) {
		var m mbFile
		m.parse(b)
	})
}

func FuzzMBDB(f *testing.F) {
	f.Add(mbdbOf(backupFiles))
	f.Fuzz(func(_ *testing.T, b []byte) {
		n := 0
		manifestMBDB(b, func(r *manifestRow) bool {
			n++
			return n < 10000
		})
	})
}

func FuzzDomain(f *testing.F) {
	for _, file := range backupFiles {
		f.Add(file.domain, file.relative)
	}
	f.Add("AppDomain-../../x", "a\x00b")
	f.Fuzz(func(t *testing.T, domain, relative string) {
		b, _ := appendRelative(appendDomain(nil, domain), relative)
		if clean, err := cleanName(strings.TrimPrefix(string(b), "/")); err != nil && !errors.Is(err, ErrLimit) || err == nil && "/"+clean != string(b) {
			t.Errorf("%q, %q -> %q", domain, relative, b)
		}
	})
}
