package artifact

import (
	"path"
	"slices"
	"strings"
	"testing"
)

func TestPaths(t *testing.T) {
	patterns := []string{"/a/b/sms.db", "**/Cache.db", "/a/*/History.db", "/logs/shutdown*.log", "/c/*.ips", "**/x/log_?.txt", "/d/[a-c]*", "/e/profile-*"}
	var as []Artifact
	for _, p := range patterns {
		as = append(as, Artifact{Name: p, Paths: []string{p}})
	}
	ps := NewPaths(as)
	match := func(name string) (found []string) {
		for _, a := range ps.Match(name) {
			found = append(found, a.Name)
		}
		return found
	}
	for name, want := range map[string][]string{
		"/a/b/sms.db": {"/a/b/sms.db"}, "/a/c/sms.db": nil, "/q/r/s/Cache.db": {"**/Cache.db"}, "/Cache.db": {"**/Cache.db"}, "/a/z/History.db": {"/a/*/History.db"}, "/a/y/z/History.db": nil,
		"/logs/shutdown.log": {"/logs/shutdown*.log"}, "/logs/shutdown.0.log": {"/logs/shutdown*.log"}, "/logs/shutdown.log.gz": nil, "/c/x.ips": {"/c/*.ips"}, "/y/x/log_1.txt": {"**/x/log_?.txt"},
		"/d/bcd": {"/d/[a-c]*"}, "/d/zcd": nil, "/e/profile-": {"/e/profile-*"}, "": nil,
	} {
		if got := match(name); !slices.Equal(got, want) {
			t.Errorf("%s is read by %v, not %v", name, got, want)
		}
	}
}

// The short ways around path.Match never change what matches.
func FuzzPaths(f *testing.F) {
	f.Add("/a/*/b*c", "/a/x/bxc")
	f.Add("**/[a]x?", "/q/ax1")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		text, anywhere := strings.CutPrefix(pattern, "**/")
		if !wellFormed(pattern) || strings.Contains(text, "**") {
			return
		}
		if _, err := path.Match(text, name); err != nil {
			return
		}
		if anywhere {
			name = tail(name, strings.Count(text, "/")+1)
		}
		want, _ := path.Match(text, name)
		got := NewPaths([]Artifact{{Name: "x", Paths: []string{pattern}}}).Match(name) != nil
		if got != want {
			t.Errorf("%q and %q: %v, path.Match says %v", pattern, name, got, want)
		}
	})
}
