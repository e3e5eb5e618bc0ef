package edition

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/verify"
)

// bag writes a bag into an archive, file by file.
type bag struct {
	archive *verify.Archive
	out     *bufio.Writer
	root    string
	sums    map[string]string
	bytes   int64 // of the payload
}

func newBag(to io.Writer, root string) *bag {
	out := bufio.NewWriterSize(to, 1<<20)
	return &bag{archive: verify.NewArchive(out), out: out, root: root, sums: map[string]string{}}
}

// stream adds a file that write writes.
func (b *bag) stream(path string, write func(io.Writer) error) error {
	if b.sums[path] != "" {
		return fmt.Errorf("two files have the name %s", path)
	}
	w, err := b.archive.Create(b.root + "/" + path)
	if err != nil {
		return err
	}
	count := &counter{}
	h := sha256.New()
	if err := write(io.MultiWriter(w, h, count)); err != nil {
		return err
	}
	b.sums[path] = hex.EncodeToString(h.Sum(nil))
	if strings.HasPrefix(path, "data/") {
		b.bytes += count.n
	}
	return nil
}

func (b *bag) add(path string, content []byte) error {
	return b.stream(path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

// contents is the hash of the list of what is in the bag beside the proofs.
func (b *bag) contents() string {
	c := verify.NewContents()
	for _, p := range slices.Sorted(maps.Keys(b.sums)) {
		if strings.HasPrefix(p, "data/") && !verify.IsProof(p) {
			c.Add(p, b.sums[p])
		}
	}
	return hex.EncodeToString(c.Sum(nil))
}

// close adds the manifests and ends the archive.
func (b *bag) close(about [][2]string, made time.Time) error {
	var payload, files int64
	for p := range b.sums {
		if strings.HasPrefix(p, "data/") {
			files++
		}
	}
	payload = b.bytes
	var info strings.Builder
	for _, line := range about {
		fmt.Fprintf(&info, "%s: %s\n", line[0], line[1])
	}
	fmt.Fprintf(&info, "Bagging-Date: %s\nPayload-Oxum: %d.%d\n", made.UTC().Format(time.DateOnly), payload, files)
	manifest := b.manifest(func(p string) bool { return strings.HasPrefix(p, "data/") })
	for _, f := range [][2]string{{"manifest-sha256.txt", manifest}, {"bag-info.txt", info.String()}, {"bagit.txt", verify.BagDeclaration}} {
		if err := b.add(f[0], []byte(f[1])); err != nil {
			return err
		}
	}
	tags := b.manifest(func(p string) bool { return !strings.HasPrefix(p, "data/") })
	if err := b.add("tagmanifest-sha256.txt", []byte(tags)); err != nil {
		return err
	}
	if err := b.archive.Close(); err != nil {
		return err
	}
	return b.out.Flush()
}

func (b *bag) manifest(of func(string) bool) string {
	var text strings.Builder
	for _, p := range slices.Sorted(maps.Keys(b.sums)) {
		if of(p) {
			fmt.Fprintf(&text, "%s  %s\n", b.sums[p], p)
		}
	}
	return text.String()
}
