package acquisition

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// memory is content in memory.
type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

func inMemory(b []byte) Content { return memory{bytes.NewReader(b)} }

// stuff is a file of a fixture.
type stuff struct {
	name string
	data []byte
}

func writeTree(t testing.TB, dir string, files []stuff) string {
	t.Helper()
	for _, f := range files {
		name := filepath.Join(dir, filepath.FromSlash(f.name))
		must(t, os.MkdirAll(filepath.Dir(name), 0o755))
		must(t, os.WriteFile(name, f.data, 0o644))
	}
	return dir
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func zipOf(t testing.TB, files []stuff) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i, f := range files {
		h := &zip.FileHeader{Name: f.name, Method: uint16(8 * (i % 2)), Modified: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
		out, err := w.CreateHeader(h)
		must(t, err)
		_, err = out.Write(f.data)
		must(t, err)
	}
	must(t, w.Close())
	return b.Bytes()
}

func tarOf(t testing.TB, files []stuff) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i, f := range files {
		format := []tar.Format{tar.FormatPAX, tar.FormatGNU}[i%2]
		must(t, w.WriteHeader(&tar.Header{Name: f.name, Size: int64(len(f.data)), Mode: 0o640, Uid: 501, Gid: 501, Typeflag: tar.TypeReg, ModTime: time.Unix(1767323045, 0), Format: format}))
		_, err := w.Write(f.data)
		must(t, err)
	}
	must(t, w.Close())
	return b.Bytes()
}

func gzipOf(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(b)
	must(t, err)
	must(t, w.Close())
	return out.Bytes()
}

// storageOf opens bytes as Open would.
func storageOf(t testing.TB, name string, b []byte) (storage, *problems, error) {
	t.Helper()
	g := &candidate{ctx: context.Background(), problems: &problems{}, budget: &asideSpace{}, read: &inputs{}, depth: 1}
	c := inMemory(b)
	s, err := g.openStorage(name, c)
	return s, g.problems, err
}

func list(t testing.TB, s storage) map[string]entry {
	t.Helper()
	all := map[string]entry{}
	must(t, s.each("", true, func(e entry) bool {
		all[e.path] = e
		return true
	}))
	return all
}

func contentOf(t testing.TB, s storage, name string) []byte {
	t.Helper()
	b, err := readSmall(s, name, 1<<30)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return b
}

func someFiles() []stuff {
	r := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 300_000)
	for i := range noise {
		noise[i] = byte(r.IntN(256))
	}
	files := []stuff{
		{"a.txt", []byte("a")},
		{"empty", nil},
		{"private/var/mobile/Library/SMS/sms.db", bytes.Repeat([]byte("message "), 100_000)},
		{"private/var/mobile/Library/SMS/sms.db-wal", noise},
		{"private/" + strings.Repeat("long/", 60) + "name", []byte("far down")},
		{"private/ünïcödé ☎", []byte("names")},
	}
	for i := range 500 {
		files = append(files, stuff{fmt.Sprintf("private/var/db/%03d/file%d", i%7, i), fmt.Appendf(nil, "%d", i)})
	}
	return files
}

func TestStoragesHoldTheSame(t *testing.T) {
	files := someFiles()
	check := func(name string, s storage) {
		t.Run(name, func(t *testing.T) {
			all := list(t, s)
			for _, f := range files {
				e, ok := all[f.name]
				if !ok || e.dir {
					t.Fatalf("%s is not listed", f.name)
				}
				if e.size != int64(len(f.data)) {
					t.Errorf("%s: size %d, want %d", f.name, e.size, len(f.data))
				}
				if got := contentOf(t, s, f.name); !bytes.Equal(got, f.data) {
					t.Fatalf("%s: %d bytes that differ", f.name, len(got))
				}
				delete(all, f.name)
			}
			for name, e := range all {
				if !e.dir {
					t.Errorf("%s is listed and was not put in", name)
				}
			}
			var children []string
			must(t, s.each("private/var", false, func(e entry) bool {
				children = append(children, e.path)
				return true
			}))
			if want := []string{"private/var/db", "private/var/mobile"}; !slices.Equal(slices.Sorted(slices.Values(children)), want) {
				t.Errorf("in private/var: %q, want %q", children, want)
			}
			if _, err := s.entry("private/var/nothing"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a file that is not there: %v", err)
			}
			if e, err := s.entry("private/var/mobile/Library/SMS"); err != nil || !e.dir {
				t.Errorf("a folder: %v, %v", e, err)
			}
			part := in(s, "private/var")
			if got := contentOf(t, part, "db/000/file0"); string(got) != "0" {
				t.Errorf("in a folder: %q", got)
			}
			must(t, s.close())
		})
	}
	folder, err := openFolder(writeTree(t, t.TempDir(), files), &problems{})
	must(t, err)
	check("folder", folder)
	for name, b := range map[string][]byte{"x.zip": zipOf(t, files), "x.tar": tarOf(t, files), "x.tar.gz": gzipOf(t, tarOf(t, files))} {
		s, p, err := storageOf(t, name, b)
		must(t, err)
		if got := p.all(); got != nil {
			t.Errorf("%s: %v", name, got)
		}
		check(name, s)
	}
}

// A zip file that lost its end is listed by its local headers, and says so.
func TestCutArchives(t *testing.T) {
	files := someFiles()[:6]
	for name, whole := range map[string][]byte{"x.zip": zipOf(t, files), "x.tar": tarOf(t, files), "x.tar.gz": gzipOf(t, tarOf(t, files))} {
		b := whole[:len(whole)-150_000]
		s, p, err := storageOf(t, name, b)
		must(t, err)
		if len(p.all()) == 0 {
			t.Errorf("%s: cut, and nobody says so", name)
		}
		if got := contentOf(t, s, "private/var/mobile/Library/SMS/sms.db"); !bytes.Equal(got, files[2].data) {
			t.Errorf("%s: what stood before the cut is not read", name)
		}
		e, err := s.entry("private/var/mobile/Library/SMS/sms.db-wal")
		if err != nil || !strings.Contains(e.note, "cut short") {
			t.Errorf("%s: the file that the cut goes through: %+v, %v", name, e, err)
		}
		must(t, s.close())
	}
}

// A zip file that was written as a stream has sizes only behind the content.
func TestCutZipStream(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := range 3 {
		out, err := w.Create(fmt.Sprintf("file%d", i))
		must(t, err)
		_, err = out.Write(bytes.Repeat([]byte{byte('a' + i)}, 5000))
		must(t, err)
	}
	must(t, w.Close())
	s, _, err := storageOf(t, "x.zip", b.Bytes()[:bytes.Index(b.Bytes(), []byte(zipCentral))])
	must(t, err)
	for i := range 3 {
		if got := contentOf(t, s, fmt.Sprintf("file%d", i)); len(got) != 5000 || got[4999] != byte('a'+i) {
			t.Errorf("file%d: %d bytes", i, len(got))
		}
	}
}

func TestNamesThatLeadOut(t *testing.T) {
	hostile := []stuff{{"../../etc/passwd", []byte("x")}, {"ok/../../x", []byte("x")}, {"good", []byte("y")}, {"./dot//slash", []byte("z")}, {"/absolute", []byte("w")}}
	for name, b := range map[string][]byte{"x.zip": zipOf(t, hostile), "x.tar": tarOf(t, hostile), "x.tar.gz": gzipOf(t, tarOf(t, hostile))} {
		s, p, err := storageOf(t, name, b)
		must(t, err)
		all := list(t, s)
		if len(all) != 3 {
			t.Errorf("%s: %v", name, all)
		}
		for _, want := range []string{"good", "dot/slash", "absolute"} {
			if _, ok := all[want]; !ok {
				t.Errorf("%s: no %s", name, want)
			}
		}
		n := 0
		for _, why := range p.all() {
			if errors.Is(why.Why, ErrEscape) {
				n++
			}
		}
		if n != 2 {
			t.Errorf("%s: %d names were refused, want 2: %v", name, n, p.all())
		}
	}
}

func TestTarOddities(t *testing.T) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	put := func(h tar.Header, data string) {
		h.Size = int64(len(data))
		must(t, w.WriteHeader(&h))
		_, err := io.WriteString(w, data)
		must(t, err)
	}
	put(tar.Header{Name: "twice", Typeflag: tar.TypeReg}, "first")
	put(tar.Header{Name: "link", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}, "")
	put(tar.Header{Name: "hard", Typeflag: tar.TypeLink, Linkname: "twice"}, "")
	put(tar.Header{Name: "pipe", Typeflag: tar.TypeFifo}, "")
	put(tar.Header{Name: "twice", Typeflag: tar.TypeReg}, "second")
	must(t, w.Close())
	for _, name := range []string{"x.tar", "x.tar.gz"} {
		raw := b.Bytes()
		if name == "x.tar.gz" {
			raw = gzipOf(t, raw)
		}
		s, _, err := storageOf(t, name, raw)
		must(t, err)
		if got := contentOf(t, s, "twice"); string(got) != "second" {
			t.Errorf("%s: of two, %q", name, got)
		}
		if got := contentOf(t, s, "hard"); string(got) != "second" {
			t.Errorf("%s: hard link: %q", name, got)
		}
		for _, bad := range []string{"link", "pipe"} {
			e, err := s.entry(bad)
			must(t, err)
			if _, err := s.open(e); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: %s opens: %v", name, bad, err)
			}
		}
		n := 0
		must(t, s.each("", true, func(e entry) bool {
			if e.path == "twice" {
				n++
			}
			return true
		}))
		if e, _ := s.entry("twice"); n != 2 || !strings.Contains(e.note, "more than once") {
			t.Errorf("%s: %d entries, note %q", name, n, e.note)
		}
	}
}

func TestFolderLinksAreNotFollowed(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("making links needs a privilege there")
	}
	outside, dir := t.TempDir(), t.TempDir()
	writeTree(t, outside, []stuff{{"secret", []byte("secret")}})
	writeTree(t, dir, []stuff{{"in/file", []byte("x")}})
	must(t, os.Symlink(outside, filepath.Join(dir, "out")))
	must(t, os.Symlink(filepath.Join(outside, "secret"), filepath.Join(dir, "secret")))
	f, err := openFolder(dir, &problems{})
	must(t, err)
	defer f.close()
	all := list(t, f)
	if all["out"].link == "" || all["secret"].link == "" || len(all) != 4 {
		t.Errorf("%+v", all)
	}
	for _, name := range []string{"secret", "out/secret", "../" + filepath.Base(outside) + "/secret"} {
		if c, err := f.open(entry{path: name}); err == nil {
			t.Errorf("%s leads out of the folder", name)
			c.Close()
		}
	}
}

func TestBombIsRefused(t *testing.T) {
	b := zipOf(t, []stuff{{"stored", nil}, {"bomb", make([]byte, 10_000)}})
	at := bytes.LastIndex(b, []byte(zipCentral))
	copy(b[at+24:], "\xff\xff\xff\x7f") // its size: 2 GB
	s, _, err := storageOf(t, "x.zip", b)
	must(t, err)
	e, err := s.entry("bomb")
	must(t, err)
	if _, err := s.open(e); err == nil || e.note == "" {
		t.Errorf("%+v opens: %v", e, err)
	}
}

func FuzzArchive(f *testing.F) {
	files := someFiles()[:8]
	for i, b := range [][]byte{zipOf(f, files), tarOf(f, files), gzipOf(f, tarOf(f, files))} {
		f.Add(b)
		f.Add(b[:len(b)/2])
		f.Add(b[:100*(i+1)])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<20 {
			return
		}
		s, _, err := storageOf(t, "x.gz", b)
		if err != nil {
			return
		}
		defer s.close()
		n := 0
		err = s.each("", true, func(e entry) bool {
			if _, single := s.(wholeFile); !single {
				if clean, err := cleanName(e.path); err != nil || clean != e.path {
					t.Fatalf("%q is listed, and is not clean: %v", e.path, err)
				}
			}
			if c, err := s.open(e); err == nil {
				io.Copy(io.Discard, io.NewSectionReader(c, 0, min(c.Size(), 1<<20)))
				c.Close()
			}
			n++
			return n < 50
		})
		if err != nil && !errors.Is(err, ErrLimit) {
			t.Fatal(err)
		}
	})
}

// Beyond what may stay in memory, many small contents share one file.
func TestAsidesShareAFile(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Setenv("TMP", dir)
	space := &asideSpace{}
	space.Add(asideMemory - 100)
	var all []*aside
	for range 2000 {
		all = append(all, &aside{budget: space})
	}
	want := func(i int) []byte { return bytes.Repeat(fmt.Appendf(nil, "%d,", i), i%7) }
	for range 3 { // interleaved, as nothing forbids it
		for i, a := range all {
			_, err := a.Write(want(i))
			must(t, err)
		}
	}
	for i, a := range all {
		whole := bytes.Repeat(want(i), 3)
		b := make([]byte, len(whole)+5)
		n, err := a.ReadAt(b, 0)
		if !bytes.Equal(b[:n], whole) || err != io.EOF || a.Size() != int64(n) {
			t.Fatalf("%d: %q, %v, want %q", i, b[:n], err, whole)
		}
		if len(whole) > 4 {
			if n, err := a.ReadAt(b[:2], int64(len(whole)-3)); n != 2 || err != nil || string(b[:2]) != string(whole[len(whole)-3:len(whole)-1]) {
				t.Fatalf("%d: %q, %v", i, b[:2], err)
			}
		}
	}
	for _, a := range all {
		must(t, a.drop())
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 || space.file != nil || space.Load() != asideMemory-100 {
		t.Errorf("%v, %v, %v, %d", left, err, space.file, space.Load())
	}
}
