// Command fuzzall runs every fuzz target of the module for a while, one after
// the other, and stops at the first finding. Targets are found by reading the
// tests, so that none can be forgotten.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

var target = regexp.MustCompile(`(?m)^func (Fuzz\w*)\(f \*testing\.F\)`)

func main() {
	each := flag.Duration("time", 5*time.Second, "how long each target runs")
	flag.Parse()
	n, err := fuzz(*each)
	if err != nil {
		fmt.Fprintf(os.Stderr, "fuzzall: %v\n", err)
		os.Exit(1)
	}
	if n == 0 {
		fmt.Fprintln(os.Stderr, "fuzzall: no fuzz target found; run it from the root of the module")
		os.Exit(1)
	}
	fmt.Printf("%d fuzz targets, %s each, no finding\n", n, *each)
}

func fuzz(each time.Duration) (n int, err error) {
	err = filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range target.FindAllSubmatch(source, -1) {
			n++
			if err := run("./"+filepath.ToSlash(filepath.Dir(path)), string(m[1]), each); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

// tries is how often a target starts again when the clock, and no input, ended
// it: a worker that is still busy as the time runs out makes `go test` report
// "context deadline exceeded" although nothing was found
// (https://go.dev/issue/75804).
const tries = 3

func run(dir, name string, each time.Duration) error {
	fmt.Printf("%s %s\n", dir, name)
	for try := 1; ; try++ {
		c := exec.Command("go", "test", "-run", "^$", "-fuzz", "^"+name+"$", "-fuzztime", each.String(), "-fuzzminimizetime", "10x")
		c.Dir = dir // which may be of another module
		out, err := c.CombinedOutput()
		if err == nil {
			return nil
		}
		if try == tries || !ranOutOfTime(out) {
			return fmt.Errorf("%s in %s: %w\n%s", name, dir, err, out)
		}
		fmt.Printf("%s %s again: the time ran out while a worker was busy\n", dir, name)
	}
}

// ranOutOfTime tells whether the deadline is all that this run reports: an
// input that fails is always written down and named.
func ranOutOfTime(out []byte) bool {
	return bytes.Contains(out, []byte("context deadline exceeded")) &&
		!bytes.Contains(out, []byte("Failing input written to")) &&
		!bytes.Contains(out, []byte("fuzzing process hung or terminated"))
}
