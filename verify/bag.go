package verify

import (
	"archive/zip"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Bounds of a bag.
const (
	MaxFiles = 1 << 20
	MaxText  = 256 << 20 // bytes of a file that is read whole: a manifest, a proof
)

// bag is a BagIt bag, whose files have been read once.
type bag struct {
	fs   fs.FS             // the bag's own folder
	name string            // of that folder
	sums map[string]string // SHA-256 in hex, by path in the bag
	size map[string]int64
}

func sha256Of(parts ...[]byte) [32]byte {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	return [32]byte(h.Sum(nil))
}

// openBag reads a zip file or a folder. What is wrong with the archive itself is
// returned beside the bag, which may still be looked at.
func openBag(name string, progress func(int64)) (b *bag, wrong []string, end func() error, err error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, nil, nil, err
	}
	if info.IsDir() {
		b, err = folderBag(name, progress)
		return b, nil, func() error { return nil }, err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, nil, err
	}
	b, wrong, err = zipBag(f, info.Size(), progress)
	if err != nil {
		f.Close()
	}
	return b, wrong, f.Close, err
}

func folderBag(name string, progress func(int64)) (*bag, error) {
	b := &bag{fs: os.DirFS(name), name: filepath.Base(name), sums: map[string]string{}, size: map[string]int64{}}
	if _, err := fs.Stat(b.fs, "bagit.txt"); err != nil {
		return nil, fmt.Errorf("%s has no bagit.txt: give the zip file, or the folder in it", name)
	}
	err := fs.WalkDir(b.fs, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if !d.Type().IsRegular() {
			return fmt.Errorf("%s is no plain file", p)
		}
		f, err := b.fs.Open(p)
		if err != nil {
			return err
		}
		defer f.Close()
		return b.sum(p, f, io.Discard, progress)
	})
	return b, err
}

func (b *bag) sum(p string, r io.Reader, too io.Writer, progress func(int64)) error {
	if len(b.sums) >= MaxFiles {
		return fmt.Errorf("more than %d files", MaxFiles)
	}
	h := sha256.New()
	n, err := io.CopyBuffer(io.MultiWriter(struct{ io.Writer }{h}, too), r, make([]byte, 1<<20))
	b.sums[p], b.size[p] = hex.EncodeToString(h.Sum(nil)), n
	progress(n)
	if err != nil {
		return fmt.Errorf("%s: %w", p, err)
	}
	return nil
}

// zipBag reads an archive and writes it anew, as an export writes it: an archive
// that is the same to the byte has nothing in it that nobody looked at.
func zipBag(f *os.File, size int64, progress func(int64)) (b *bag, wrong []string, err error) {
	z, err := zip.NewReader(f, size)
	if err != nil {
		return nil, nil, fmt.Errorf("the archive cannot be opened: %w", err)
	}
	if len(z.File) == 0 || len(z.File) > MaxFiles {
		return nil, nil, fmt.Errorf("an archive of %d files, want 1 to %d", len(z.File), MaxFiles)
	}
	root, _, _ := strings.Cut(z.File[0].Name, "/")
	sub, err := fs.Sub(z, root)
	if err != nil {
		return nil, nil, err
	}
	b = &bag{fs: sub, name: root, sums: map[string]string{}, size: map[string]int64{}}
	same := &sameWriter{want: bufio.NewReaderSize(io.NewSectionReader(f, 0, size), 1<<20)}
	out := NewArchive(same)
	for _, one := range z.File {
		p, ok := strings.CutPrefix(one.Name, root+"/")
		if !ok || !fs.ValidPath(p) || one.Method != zip.Store || b.sums[p] != "" {
			return b, nil, fmt.Errorf("%.200q in the archive is not as an export writes it; unpack it and give the folder", one.Name)
		}
		if err := b.again(one, p, out, progress); err != nil {
			wrong = append(wrong, fmt.Sprintf("%s: %v", p, err))
		}
	}
	if err := out.Close(); err != nil {
		return b, nil, err
	}
	if at := same.end(); at >= 0 && len(wrong) == 0 {
		wrong = append(wrong, fmt.Sprintf("the archive differs from how it was written at byte %d", at))
	}
	return b, wrong, nil
}

func (b *bag) again(one *zip.File, p string, out *Archive, progress func(int64)) error {
	r, err := one.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := out.Create(one.Name)
	if err != nil {
		return err
	}
	return b.sum(p, r, w, progress)
}

// Archive writes a zip file that depends on nothing but the names and the bytes
// of what is in it.
type Archive struct{ *zip.Writer }

// NewArchive begins an archive.
func NewArchive(w io.Writer) *Archive { return &Archive{zip.NewWriter(w)} }

// Create begins a file.
func (a *Archive) Create(name string) (io.Writer, error) {
	return a.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
}

// sameWriter compares what is written with what is expected.
type sameWriter struct {
	want *bufio.Reader
	at   int64
	diff bool
	buf  []byte
}

func (s *sameWriter) Write(p []byte) (int, error) {
	if s.diff {
		return len(p), nil
	}
	if len(s.buf) < len(p) {
		s.buf = make([]byte, len(p))
	}
	n, _ := io.ReadFull(s.want, s.buf[:len(p)])
	if bytes.Equal(s.buf[:n], p) {
		s.at += int64(n)
		return len(p), nil
	}
	s.diff = true
	for i := 0; i < n && s.buf[i] == p[i]; i++ {
		s.at++
	}
	return len(p), nil
}

// end is where the two differ; -1 when they do not.
func (s *sameWriter) end() int64 {
	if _, err := s.want.ReadByte(); !s.diff && errors.Is(err, io.EOF) {
		return -1
	}
	return s.at
}

// read returns a file of the bag, whole.
func (b *bag) read(p string) ([]byte, error) {
	if b.size[p] > MaxText {
		return nil, fmt.Errorf("%s has %d bytes, at most %d", p, b.size[p], int64(MaxText))
	}
	return fs.ReadFile(b.fs, p)
}

// under returns the paths in a folder, sorted.
func (b *bag) under(folder string) (all []string) {
	for p := range b.sums {
		if strings.HasPrefix(p, folder+"/") {
			all = append(all, p)
		}
	}
	slices.Sort(all)
	return all
}

// BagDeclaration is bagit.txt (RFC 8493 §2.1.1).
const BagDeclaration = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"

// manifests compares the bag with its manifests (RFC 8493 §3).
func (b *bag) manifests() (wrong []string) {
	if text, err := b.read("bagit.txt"); err != nil || string(text) != BagDeclaration {
		wrong = append(wrong, "bagit.txt is not that of a bag of version 1.0")
	}
	payload, tags := map[string]string{}, map[string]string{}
	for p, sum := range b.sums {
		switch {
		case strings.HasPrefix(p, "data/"):
			payload[p] = sum
		case p != "tagmanifest-sha256.txt":
			tags[p] = sum
		}
	}
	wrong = append(wrong, b.compare("manifest-sha256.txt", payload)...)
	return append(wrong, b.compare("tagmanifest-sha256.txt", tags)...)
}

func (b *bag) compare(manifest string, there map[string]string) (wrong []string) {
	text, err := b.read(manifest)
	if err != nil {
		return []string{manifest + ": " + err.Error()}
	}
	listed := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		sum, p, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		switch {
		case !ok || listed[p] || !strings.HasSuffix(line, "\n"):
			wrong = append(wrong, fmt.Sprintf("%s: the line %.200q is not as one is written", manifest, line))
		case there[p] == "":
			wrong = append(wrong, fmt.Sprintf("%s is missing", p))
		case there[p] != sum:
			wrong = append(wrong, fmt.Sprintf("%s was changed: its SHA-256 is not the one in %s", p, manifest))
		}
		listed[p] = true
	}
	for p := range there {
		if !listed[p] {
			wrong = append(wrong, fmt.Sprintf("%s does not stand in %s", p, manifest))
		}
	}
	slices.Sort(wrong)
	return wrong
}

// Contents lists what an edition consists of beside its proofs; its hash stands
// in the ledger, signed by who exported it.
type Contents struct{ hash.Hash }

// NewContents begins a list; Add is to be called in the order of the paths.
func NewContents() Contents { return Contents{sha256.New()} }

// Add adds a file, with its SHA-256 in hex.
func (c Contents) Add(p, sum string) { fmt.Fprintf(c, "%s  %s\n", sum, p) }

// IsProof tells whether a file of the payload is a proof, and no content.
func IsProof(p string) bool {
	folder := path.Dir(p)
	return folder == "data/ledger" || folder == "data/service" || strings.HasPrefix(folder, "data/ledger/") || strings.HasPrefix(folder, "data/service/")
}

func (b *bag) contents() string {
	c := NewContents()
	for _, p := range b.under("data") {
		if !IsProof(p) {
			c.Add(p, b.sums[p])
		}
	}
	return hex.EncodeToString(c.Sum(nil))
}

// Read returns a file of a case file: of the zip file, or of the folder in it. It does
// not verify it.
func Read(name, path string) ([]byte, error) {
	b, _, end, err := openBag(name, func(int64) {})
	if err != nil {
		return nil, err
	}
	defer end()
	return b.read(path)
}
