package indicator

import (
	"crypto/sha256"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// sealed makes a compiled file of a body.
func sealed(body []byte) []byte {
	sum := sha256.Sum256(body)
	return append(append([]byte(compiledMagic), sum[:]...), body...)
}

// naive compares an indicator with an observable as simply as can be; it knows
// of plain ASCII hosts, paths and names only.
func naive(ind Indicator, o Observable) bool {
	switch {
	case ind.Type == Domain && o.Type == URL:
		u, err := url.Parse(o.Value)
		if err != nil {
			return false
		}
		host := strings.TrimRight(strings.ToLower(u.Hostname()), ".")
		return strings.HasSuffix("."+host, "."+strings.ToLower(ind.Value))
	case ind.Type == FilePath && (o.Type == FilePath || o.Type == Process):
		return strings.HasPrefix(o.Value+"/", ind.Value+"/")
	case ind.Type == Process && o.Type == Process:
		name := o.Value[strings.LastIndex(o.Value, "/")+1:]
		return name == ind.Value || len(name) == 16 && strings.HasPrefix(ind.Value, name)
	case ind.Type == App && o.Type == App:
		return strings.EqualFold(ind.Value, o.Value)
	}
	return false
}

func plainly(s, also string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || strings.ContainsRune(also, r) {
			return r
		}
		return -1
	}, s)
}

// FuzzMatch compares the set with the naive matcher.
func FuzzMatch(f *testing.F) {
	f.Add("c2.example\na.b.example\nevil.example", "A.c2.example")
	f.Add("/a/b\n/a/bc\n/x/y/z", "/a/b/c")
	f.Add("com.evil.longprocessname\nbh", "com.evil.longpro")
	f.Fuzz(func(t *testing.T, signs, seen string) {
		b := NewBuilder()
		var all []Indicator
		for i, v := range strings.Split(signs, "\n") {
			host, path, name := strings.Trim(plainly(v, "."), "."), "/"+strings.Trim(plainly(v, "/"), "/"), plainly(v, ".")
			if hasWWW(host) || plainPath(path) != path {
				continue
			}
			for typ, v := range map[Type]string{Domain: host, FilePath: path, Process: name, App: name} {
				ind := Indicator{Type: typ, Value: v, Source: fmt.Sprint(i)}
				if b.Add(ind) == nil {
					all = append(all, ind)
				}
			}
		}
		path := "/" + strings.Trim(plainly(seen, "/"), "/")
		if plainPath(path) != path {
			return
		}
		for _, o := range []Observable{{URL, "http://" + plainly(seen, ".") + "/x"}, {FilePath, path}, {Process, path}, {Process, plainly(seen, ".")}, {App, plainly(seen, ".")}} {
			want := 0
			for _, ind := range all {
				if naive(ind, o) {
					want++
				}
			}
			if got := b.Set().Match(nil, []Observable{o}); len(got) != want {
				t.Errorf("%v: %v, want %d of %q", o, got, want, signs)
			}
		}
	})
}

func bigSet(b *testing.B, n int) *Set {
	builder := NewBuilder()
	for i := range n {
		id := fmt.Sprintf("indicator--%08x-0000-4000-8000-%012x", i, i)
		v := fmt.Sprintf("host%d.c2-%d.example", i, i%1000)
		if err := builder.Add(Indicator{Type: Domain, Value: v, Pattern: "[domain-name:value='" + v + "']", Malware: "M", Source: "S", ID: id}); err != nil {
			b.Fatal(err)
		}
	}
	return builder.Set()
}

// BenchmarkMatch looks up links, nearly all of which are no indicators. 10^7
// takes about a gigabyte, so it only runs when it is named.
func BenchmarkMatch(b *testing.B) {
	for _, n := range []int{10_000, 1_000_000, 10_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			if testing.Short() && n > 1_000_000 {
				b.Skip("large")
			}
			s := bigSet(b, n)
			records := make([][]Observable, 4096)
			for i := range records {
				records[i] = []Observable{{URL, fmt.Sprintf("https://www.site%d.example.org/path?q=%d", i*7919, i)}}
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if len(s.Match(nil, records[i&4095])) != 0 {
					b.Fatal("matches")
				}
				i++
			}
			b.ReportMetric(float64(s.size())/float64(n), "bytes/indicator")
		})
	}
}

func BenchmarkLoadPublished(b *testing.B) {
	lists := published(b)
	builder := NewBuilder()
	var all []Collection
	for _, l := range lists {
		all = append(all, addList(builder, l))
	}
	data := appendCompiled(nil, builder.Set(), all, "m")
	for b.Loop() {
		if _, _, err := parseCompiled(data, "m"); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(data)), "bytes")
}
