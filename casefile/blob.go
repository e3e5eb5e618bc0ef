package casefile

import (
	"context"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"filippo.io/age"
)

// written is what was learnt while an exhibit was written.
type written struct {
	blob            string // SHA-256 of the encrypted bytes, hex: its name
	sha256, sha3256 string // of the bytes themselves, hex
	size            int64
}

// blobPath is where a blob is. There is no code that writes to one that is there.
func (c *Case) blobPath(blob string) string {
	return filepath.Join(c.dir, "blobs", blob[:2], blob+".age")
}

// write takes in bytes: hashed while they are read, encrypted, and on disk under
// the name of what they are when it returns.
func (c *Case) write(ctx context.Context, r io.Reader) (w written, err error) {
	f, err := os.CreateTemp(filepath.Join(c.dir, "blobs"), ".new-*")
	if err != nil {
		return w, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	cipher := sha256.New()
	enc, err := age.Encrypt(io.MultiWriter(f, cipher), c.recipient)
	if err != nil {
		return w, err
	}
	sum, sum3 := sha256.New(), sha3.New256()
	if w.size, err = io.CopyBuffer(io.MultiWriter(sum, sum3, enc), reading{ctx, r}, make([]byte, 1<<20)); err != nil {
		return w, err
	}
	if err := errors.Join(enc.Close(), f.Sync(), f.Chmod(0o444)); err != nil {
		return w, err
	}
	w.blob, w.sha256, w.sha3256 = hex.EncodeToString(cipher.Sum(nil)), hex.EncodeToString(sum.Sum(nil)), hex.EncodeToString(sum3.Sum(nil))
	return w, c.keep(f.Name(), w.blob)
}

// keep gives a blob its name. One that is there is never replaced; none can be,
// for no two are encrypted alike.
func (c *Case) keep(from, blob string) error {
	to := c.blobPath(blob)
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is there already", to)
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return errors.Join(syncFolder(filepath.Dir(to)), syncFolder(filepath.Join(c.dir, "blobs")))
}

// reading ends with its context.
type reading struct {
	ctx context.Context
	r   io.Reader
}

func (r reading) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// reHash reads an encrypted blob and tells whether it is as it was written. It
// needs no key.
func (c *Case) reHash(ctx context.Context, blob string, progress func(int64)) error {
	if !isHash(blob) {
		return fmt.Errorf("%.80q is no name of a blob", blob)
	}
	f, err := os.Open(c.blobPath(blob))
	if err != nil {
		return fmt.Errorf("the blob %s is missing: %w", blob, err)
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.CopyBuffer(struct{ io.Writer }{h}, reading{ctx, f}, make([]byte, 1<<20))
	progress(n)
	if err != nil {
		return fmt.Errorf("the blob %s cannot be read: %w", blob, err)
	}
	if hex.EncodeToString(h.Sum(nil)) != blob {
		return fmt.Errorf("the blob %s was changed: its SHA-256 is not its name", blob)
	}
	return nil
}

func isHash(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == sha256.Size
}

// read writes the bytes of an exhibit to w, and fails when they are not those that
// were taken in; w has then been given bytes that are not to be used.
func (c *Case) read(ctx context.Context, x Exhibit, id *age.HybridIdentity, w io.Writer) error {
	if !isHash(x.Blob) {
		return fmt.Errorf("%s: %.80q is no name of a blob", x.ID, x.Blob)
	}
	f, err := os.Open(c.blobPath(x.Blob))
	if err != nil {
		return fmt.Errorf("%s: %w", x.ID, err)
	}
	defer f.Close()
	cipher, plain := sha256.New(), sha256.New()
	r, err := age.Decrypt(io.TeeReader(reading{ctx, f}, cipher), id)
	if err != nil {
		return fmt.Errorf("%s cannot be opened, it was changed or is of another case: %w", x.ID, err)
	}
	n, err := io.CopyBuffer(io.MultiWriter(plain, w), r, make([]byte, 1<<20))
	if err != nil {
		return fmt.Errorf("%s: %w", x.ID, err)
	}
	if _, err := io.Copy(cipher, f); err != nil { // age has read to the end; nothing may follow
		return err
	}
	if n != x.Size || hex.EncodeToString(plain.Sum(nil)) != x.SHA256 || hex.EncodeToString(cipher.Sum(nil)) != x.Blob {
		return fmt.Errorf("%s is not what was taken in: its hashes differ from those in the ledger", x.ID)
	}
	return nil
}
