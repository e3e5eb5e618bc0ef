package bench

import (
	"context"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/edition"
	"github.com/ringfence/ringfence/verify"
)

// newCase begins a case in a folder of its own.
func newCase(b *testing.B) (*casefile.Case, *casefile.Hand) {
	b.Helper()
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	room, err := casefile.Open(filepath.Join(b.TempDir(), "cases"), "ringfence bench", time.Now)
	must(err)
	b.Cleanup(func() { _ = room.Close() })
	secret, public, err := casefile.NewKey("lead")
	must(err)
	_, err = room.Enroll(context.Background(), public, casefile.Lead)
	must(err)
	h, err := casefile.ReadHand([]byte(secret))
	must(err)
	c, err := room.New(context.Background(), "Bench", h)
	must(err)
	b.Cleanup(func() { _ = c.Close() })
	return c, h
}

func take(b *testing.B, c *casefile.Case, h *casefile.Hand, size int64) {
	b.Helper()
	r := io.LimitReader(rand.NewChaCha8([32]byte{byte(size)}), size)
	if _, err := c.Add(context.Background(), h, casefile.Exhibit{Name: "x.bin", Source: "bench", Basis: "own"}, r); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkCaseVerify verifies an exported case file of 1 GB, beside sha256sum on the
// same file: "ratio" is how many times longer we take.
func BenchmarkCaseVerify(b *testing.B) {
	c, h := newCase(b)
	take(b, c, h, 1<<30)
	path := filepath.Join(b.TempDir(), "case.zip")
	court, err := edition.Parse("court")
	if err != nil {
		b.Fatal(err)
	}
	if _, err := edition.Export(context.Background(), c, h, path, edition.Options{Edition: court, Now: time.Now()}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		start := time.Now()
		if err := exec.Command("sha256sum", path).Run(); err != nil {
			b.Skipf("SKIP: the peer is missing: %v", err)
		}
		peer := time.Since(start)
		start = time.Now()
		r, err := verify.File(path, verify.Options{})
		if err != nil || !r.Whole {
			b.Fatalf("%v: %+v", err, r)
		}
		own := time.Since(start)
		b.ReportMetric(own.Seconds(), "verify-s")
		b.ReportMetric(peer.Seconds(), "sha256sum-s")
		b.ReportMetric(own.Seconds()/peer.Seconds(), "ratio")
	}
}

// BenchmarkCaseMany takes in, verifies and exports ten thousand exhibits.
func BenchmarkCaseMany(b *testing.B) {
	c, h := newCase(b)
	for b.Loop() {
		start := time.Now()
		for range 10_000 {
			take(b, c, h, 1000)
		}
		b.ReportMetric(time.Since(start).Seconds(), "take-in-s")
		start = time.Now()
		checks, err := c.Verify(context.Background(), func(int64) {})
		if err != nil {
			b.Fatal(err)
		}
		for _, one := range checks {
			if len(one.Faults) > 0 {
				b.Fatal(one.Faults)
			}
		}
		b.ReportMetric(time.Since(start).Seconds(), "verify-case-s")
		path := filepath.Join(b.TempDir(), "case.zip")
		court, err := edition.Parse("court")
		if err != nil {
			b.Fatal(err)
		}
		start = time.Now()
		if _, err := edition.Export(context.Background(), c, h, path, edition.Options{Edition: court, Now: time.Now()}); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(start).Seconds(), "export-s")
		start = time.Now()
		if r, err := verify.File(path, verify.Options{}); err != nil || !r.Whole {
			b.Fatalf("%v: %+v", err, r)
		}
		b.ReportMetric(time.Since(start).Seconds(), "verify-file-s")
		_ = os.Remove(path)
	}
}
