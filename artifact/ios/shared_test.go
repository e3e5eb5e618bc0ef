package ios

import (
	"bufio"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

// beside is data that stands beside the project on some machines; a test that
// uses it says when it is missing.
func beside(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Skip("not there: ", name)
	}
	return path
}

// Every file of a real backup that an artifact reads is read whole.
func TestSampleBackup(t *testing.T) {
	all, err := acquisition.Open(t.Context(), beside(t, "data/acquisitions/ios-backup"), acquisition.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer all[0].Close()
	records := readAll(t, all[0])
	for _, name := range []string{"ios.manifest", "ios.backup_info"} {
		if records[name] == 0 {
			t.Errorf("%s gives no record", name)
		}
	}
	t.Log(records)
}

// readAll lets every artifact read its files, and counts its records.
func readAll(t *testing.T, a *acquisition.Acquisition) map[string]int {
	records := map[string]int{}
	artifacts := artifact.Of(a.Kind)
	paths := artifact.NewPaths(artifacts)
	hurt := func(name string) func(string, error) {
		return func(where string, why error) { t.Errorf("%s: %s: %v", name, where, why) }
	}
	err := a.Each(func(f acquisition.File) bool {
		for _, of := range artifacts {
			if of.File != nil {
				of.File(f, artifact.NewSink(of, f.Stored, func(*artifact.Record) { records[of.Name]++ }, hurt(of.Name)))
			}
		}
		if f.Dir || f.Missing || f.Link != "" {
			return true
		}
		for _, of := range paths.Match(f.Path) {
			c, err := a.Open(f)
			if err != nil {
				t.Error(err)
				continue
			}
			s := &artifact.Source{File: f, Kind: a.Kind, Device: a.Device, Content: c}
			to := artifact.NewSink(of, f.Stored, func(*artifact.Record) { records[of.Name]++ }, hurt(of.Name))
			if err := of.Parse(s, to); err != nil {
				t.Errorf("%s: %s: %v", of.Name, f.Path, err)
			}
			s.Finish(to)
			c.Close()
		}
		return true
	})
	if err != nil {
		t.Error(err)
	}
	return records
}

// eachPath gives every path of a real phone.
func eachPath(t testing.TB, give func(string)) {
	t.Helper()
	f, err := os.Open(beside(t, "data/paths/ios15-filesystem-paths.txt.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for r := bufio.NewReader(z); ; {
		line, err := r.ReadString('\n')
		if line = strings.TrimSpace(line); line != "" {
			give("/" + strings.TrimPrefix(line, "filesystem1/"))
		}
		if err != nil {
			return
		}
	}
}

// The names of a real phone's files hold few hosts that are none.
func TestHostsInRealNames(t *testing.T) {
	of := named(t, "ios.file_system")
	files := 0
	hosts := map[string]int{}
	to := artifact.NewSink(of, "", func(r *artifact.Record) {
		files++
		for _, o := range r.Observables {
			if o.Type == indicator.Domain {
				hosts[o.Value]++
			}
		}
	}, nil)
	eachPath(t, func(path string) { of.File(acquisition.File{Path: path}, to) })
	if files < 400_000 || len(hosts) > files/100 {
		t.Errorf("%d files, and %d hosts in their names", files, len(hosts))
	}
	n := 0
	for h := range hosts {
		if n++; n <= 20 {
			t.Log(h)
		}
	}
}

func named(t testing.TB, name string) artifact.Artifact {
	t.Helper()
	for _, a := range artifact.All() {
		if a.Name == name {
			return a
		}
	}
	t.Fatal("no artifact ", name)
	panic("unreachable")
}

func BenchmarkManifest(b *testing.B) {
	to := artifact.NewSink(named(b, "ios.manifest"), "", func(*artifact.Record) {}, nil)
	f := acquisition.File{Path: "/private/var/mobile/Library/Caches/abcdef/cache_12345678_77.plist", Stored: "aa/aa00", Domain: "HomeDomain", Relative: "Library/Caches/abcdef/cache_12345678_77.plist", Size: 4000, Mode: 0o100644, UID: 501}
	b.ReportAllocs()
	for b.Loop() {
		manifestFile(f, to)
	}
}
