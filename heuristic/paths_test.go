package heuristic

import (
	"bufio"
	"compress/gzip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/artifact"
)

// Nothing above low is found in the paths of a real, benign phone: neither as a
// listing of its files nor were every file of it a program that ran. It is
// skipped where the list is not at hand.
func TestBenignPaths(t *testing.T) {
	f, err := os.Open(filepath.Join("..", "..", "shared", "data", "paths", "ios15-filesystem-paths.txt.gz"))
	if err != nil {
		t.Skip("no list of paths: ", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var watchers []Watcher
	var names []string
	var watched [][]string
	for _, h := range All() {
		watchers, names, watched = append(watchers, h.New(phone())), append(names, h.Name), append(watched, h.Artifacts)
	}
	n, wrong := 0, 0
	report := func(name string) Report {
		return func(f Finding) {
			if f.Severity > artifact.Low {
				if wrong++; wrong < 30 {
					t.Errorf("%s: %s", name, line(f))
				}
			}
		}
	}
	lines := bufio.NewScanner(z)
	for lines.Scan() {
		volume, path, found := strings.Cut(lines.Text(), "/")
		if !found {
			continue
		}
		path = "/" + path
		if volume == "filesystem2" {
			path = "/private/var" + path
		}
		n++
		for _, r := range pathRecords(path, int64(n)) {
			for i, w := range watchers {
				for _, a := range watched[i] {
					if a == r.Artifact {
						w.Watch(r, report(names[i]))
					}
				}
			}
		}
	}
	for i, w := range watchers {
		w.End(report(names[i]))
	}
	t.Logf("%d paths, %d findings above low", n, wrong)
	if err := lines.Err(); err != nil || n == 0 {
		t.Fatal(n, err)
	}
}

// program is what looks like one: a file without an ending among the system's
// programs, or in the folder of an app, of its extensions or of a service. (A
// bundle is loaded by programs and never runs by itself.)
var program = regexp.MustCompile(`^/(usr/)?(libexec|s?bin)/|\.(app|appex|xpc|framework)/[^/.]+$`)

// pathRecords gives a path as a file and as a program that ran, and one that
// looks like a program as one that was still there at a shutdown, too.
func pathRecords(path string, n int64) []*artifact.Record {
	at := time.Unix(1700000000+n*3600, 0).UTC()
	give := func(name string, act artifact.Act) *artifact.Record {
		r := &artifact.Record{Artifact: name, Act: act, Time: at, Where: artifact.Where{File: "list", Row: n}}
		r.Set("path", path)
		r.Set("process", base(path))
		r.Set("pid", n)
		return r
	}
	records := []*artifact.Record{give("ios.file_system", artifact.Present), give("ios.manifest", artifact.Present), give("ios.uuid2path", artifact.Present),
		give("ios.ps", artifact.Ran), give("ios.task_info", artifact.Ran), give("ios.spindump", artifact.Ran), give("ios.ps_thread", artifact.Ran)}
	if program.MatchString(path) {
		r := give("ios.shutdown_log", artifact.Ran)
		r.Set("event", "client")
		r.Set("boot_index", n)
		records = append(records, r)
	}
	return records
}
