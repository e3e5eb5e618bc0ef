package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The reference tool decrypts an encrypted backup to a copy first (0.7 GB), and
// then needs as much memory for it as for a plain one.

// bar is what the reference tool (MVT, August 2026) needed for the same input
// on a machine like this one; it is not at hand here, so that its published
// figures stand in its place.
type bar struct {
	wall   time.Duration
	memory int64 // bytes
}

// phones are the acquisitions that are examined, made by the generators that
// stand beside the project where they do.
var phones = []struct {
	name string
	path string // in the folder of generated phones
	make []string
	args []string
	bar  bar
}{
	{"backup", "ios", []string{"make_ios_backup.py", "ios"}, nil, bar{120 * time.Second, 3090 << 20}},
	{"encrypted", "enc", []string{"make_ios_backup.py", "enc", "--encrypt", "correct horse"}, []string{"--password-file", "pw"}, bar{45 * time.Second, 3090 << 20}},
	{"bugreport", "android/bugreport.zip", []string{"make_android.py", "android"}, nil, bar{36 * time.Second, 1300 << 20}},
	{"intrusion-logs", "android/aqf/intrusion_logs", nil, nil, bar{154 * time.Second, 1080 << 20}},
	{"androidqf", "android/aqf", nil, nil, bar{219 * time.Second, 1820 << 20}},
}

// BenchmarkCheck examines each phone with the whole program, all published
// indicators loaded, and sets wall time and peak memory beside the bar.
func BenchmarkCheck(b *testing.B) {
	tools := filepath.Join("..", "..", "shared", "tools")
	if _, err := os.Stat(tools); err != nil {
		b.Skip("MISSING: the generators of phones; the small phone of BenchmarkCheckSmall is examined instead")
	}
	dir := generated(b)
	data := withIndicators(b, filepath.Join("..", "..", "shared", "data", "indicators"))
	for _, p := range phones {
		b.Run(p.name, func(b *testing.B) {
			made := filepath.Join(dir, p.path)
			if _, err := os.Stat(made); err != nil && p.make != nil {
				args := append([]string{filepath.Join(tools, p.make[0]), filepath.Join(dir, p.make[1])}, p.make[2:]...)
				if out, err := exec.Command("/usr/bin/python3", args...).CombinedOutput(); err != nil {
					b.Fatalf("%v\n%s", err, out)
				}
				os.WriteFile(filepath.Join(dir, "pw"), []byte("correct horse\n"), 0o600)
			}
			args := []string{"check", "--data", data, "--json", made}
			if len(p.args) > 0 {
				args = append(args, p.args[0], filepath.Join(dir, p.args[1]))
			}
			for range b.N {
				wall, cpu, memory := examine(b, args)
				b.ReportMetric(wall.Seconds(), "wall-s")
				b.ReportMetric(cpu.Seconds(), "cpu-s")
				b.ReportMetric(float64(memory>>20), "peak-MB")
				b.ReportMetric(p.bar.wall.Seconds()/wall.Seconds(), "times-faster")
				if memory > 0 {
					b.ReportMetric(float64(p.bar.memory)/float64(memory), "times-less-memory")
				}
			}
		})
	}
}

// generated is the folder of generated phones: RINGFENCE_PHONES, which is kept,
// or a temporary one.
func generated(b *testing.B) string {
	if dir := os.Getenv("RINGFENCE_PHONES"); dir != "" {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			b.Fatal(err)
		}
		return dir
	}
	return b.TempDir()
}

func program() string { return filepath.Join("..", "bin", "ringfence") }

func withIndicators(b *testing.B, dir string) string {
	data := b.TempDir()
	files, _ := filepath.Glob(filepath.Join(dir, "*.stix2"))
	if len(files) == 0 {
		return data
	}
	out, err := exec.Command(program(), append([]string{"indicators", "add", "--data", data}, files...)...).CombinedOutput()
	if err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return data
}

// examine runs the program and measures it.
func examine(b *testing.B, args []string) (wall, cpu time.Duration, memory int64) {
	c := exec.Command(program(), args...)
	var errs strings.Builder
	c.Stderr = &errs
	began := time.Now()
	err := c.Run()
	wall = time.Since(began)
	if code := c.ProcessState.ExitCode(); code != 0 && code != 3 && code != 4 {
		b.Fatalf("%s: %v\n%s", fmt.Sprint(args), err, errs.String())
	}
	return wall, c.ProcessState.UserTime() + c.ProcessState.SystemTime(), peak(c.ProcessState)
}
