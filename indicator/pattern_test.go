package indicator

import (
	"strings"
	"testing"
)

func addPatternTo(t *testing.T, pattern string) (*Set, error) {
	t.Helper()
	b := NewBuilder()
	err := b.Add(Indicator{Pattern: pattern, Malware: "M", ID: "x"})
	return b.Set(), err
}

func TestPatterns(t *testing.T) {
	c2, evil := Observable{URL, "https://a.c2.example/x"}, Observable{Process, "evil"}
	for _, c := range []struct {
		pattern string
		record  []Observable
		yes     bool
	}{
		{"[domain-name:value='c2.example']", []Observable{c2}, true},
		{"[domain-name:value = 'c2.example' OR process:name = 'evil']", []Observable{evil}, true},
		{"[process:name = 'x'] OR [process:name = 'evil']", []Observable{evil}, true},
		{"[domain-name:value = 'c2.example' AND process:name = 'evil']", []Observable{evil}, false},
		{"[domain-name:value = 'c2.example' AND process:name = 'evil']", []Observable{c2, evil}, true},
		{"[process:name = 'evil' AND (domain-name:value = 'x.example' OR domain-name:value = 'c2.example')]", []Observable{evil, c2}, true},
		{"[process:name IN ('a', 'evil')]", []Observable{evil}, true},
		{"[process:name NOT IN ('a', 'evil')]", []Observable{evil}, false},
		{"[process:name NOT IN ('a', 'b')]", []Observable{evil}, true},
		{"[process:name != 'evil']", []Observable{evil}, false},
		{"[process:name != 'evil']", []Observable{{Process, "x"}}, true},
		{"[process:name != 'evil']", []Observable{c2}, false},
		{"[process:name LIKE 'ev%']", []Observable{evil}, true},
		{"[process:name LIKE 'ev_']", []Observable{evil}, false},
		{"[process:name LIKE 'ev__']", []Observable{evil}, true},
		{"[domain-name:value LIKE '%.C2.example']", []Observable{c2}, true},
		{"[domain-name:value MATCHES '^[a-z]\\\\.c2\\\\.']", []Observable{c2}, true},
		{"[url:value LIKE 'https://%/x']", []Observable{c2}, true},
		{"[process:name NOT LIKE 'ev%']", []Observable{evil}, false},
		{"[file:name MATCHES '^x[0-9]+$']", []Observable{{FilePath, "/a/x12"}}, true},
		{"[EXISTS process:name AND domain-name:value = 'c2.example']", []Observable{c2}, false},
		{"[EXISTS process:name AND domain-name:value = 'c2.example']", []Observable{c2, evil}, true},
		{"[ipv4-addr:value ISSUBSET '198.51.100.0/24']", []Observable{{URL, "http://198.51.100.3/"}}, true},
		{"[ipv4-addr:value ISSUPERSET '198.51.100.3/32']", []Observable{{IPv4, "198.51.100.3"}}, true},
		{"[network-traffic:dst_ref.value = '198.51.100.3']", []Observable{{IPv4, "198.51.100.3"}}, true},
		{"[android-property:name = 'sys.x' AND android-property:value = '1']", []Observable{{Property, "sys.x=1"}}, true},
		{"[android-property:name = 'sys.x' AND android-property:value = '1']", []Observable{{Property, "sys.x=2"}}, false},
		{"[process:name = 'it\\'s=a\\\\b']", []Observable{{Process, `it's=a\b`}}, true},
		{"[url:value = 'https://e.example/?a=b&c=d']", []Observable{{URL, "https://e.example/?a=b&c=d"}}, true},
		{"[file:hashes.'SHA-256' = '" + strings.Repeat("AB", 32) + "']", []Observable{{SHA256, strings.Repeat("ab", 32)}}, true},
		{"[file:hashes.sha256 = h'" + strings.Repeat("AB", 32) + "']", []Observable{{SHA256, strings.Repeat("ab", 32)}}, true},
		{"[file:hashes.MD5 = b'AAAAAAAAAAAAAAAAAAAAAA==']", []Observable{{MD5, strings.Repeat("00", 16)}}, true},
		{"[app:cert.sha1='" + strings.Repeat("ab", 20) + "']", []Observable{{CertSHA1, strings.Repeat("AB", 20)}}, true},
		{"[configuration-profile:id='p']", []Observable{{Profile, "p"}}, true},
		{"[file:path='/private/var/db/x']", []Observable{{FilePath, "/var/db/x/y"}}, true},
		{"[process:name > 'a' AND process:name < 'f']", []Observable{evil}, true},
		{" [ /* c */ process:name='evil' ] // end", []Observable{evil}, true},
		{"[network-traffic:dst_port = 80 OR process:name = 'evil']", []Observable{evil}, true},
	} {
		s, err := addPatternTo(t, c.pattern)
		if err != nil && !strings.Contains(c.pattern, "dst_port") {
			t.Errorf("%s: %v", c.pattern, err)
		}
		if found := s.Match(nil, c.record); (len(found) == 1) != c.yes {
			t.Errorf("%s on %v: %v", c.pattern, c.record, found)
		}
	}
}

func TestPatternsThatAreRefused(t *testing.T) {
	for _, pattern := range []string{
		"", "[", "[]", "[process:name]", "[process:name=]", "[process:name='x'", "[process:name='x]", "process:name='x'", "[process:name='x'] x",
		"[process:name='x' AND]", "[process:name IN ()]", "[process:name=h'0']", "[process:name=t'yesterday']", "[process:name MATCHES '(']", "[a:b='x']",
		"[process:name='x'] AND [process:name='y']", "[process:name='x'] FOLLOWEDBY [process:name='y']", "[process:name='x'] REPEATS 5 TIMES",
		"[process:name='x'] WITHIN 300 SECONDS", "[process:name='x'] START t'2026-01-01T00:00:00Z' STOP t'2026-01-02T00:00:00Z'",
		"[network-traffic:dst_port=80]", "[domain-name:value='com']", "[process:name ISSUBSET '1.0.0.0/8']", strings.Repeat("(", 1000),
		"[" + strings.Repeat("(", 1000), "[process:name='\xff']", "[process:name='" + strings.Repeat("x", maxPattern) + "']",
		"[process:name LIKE '" + strings.Repeat("x", maxExpression+1) + "']",
	} {
		if s, err := addPatternTo(t, pattern); err == nil || s.Len() != 0 {
			t.Errorf("%.80s is taken: %v", pattern, err)
		}
	}
}

func FuzzPattern(f *testing.F) {
	for _, p := range []string{"[domain-name:value='c2.example']", "[a:b IN ('x', 1, h'00') AND NOT c:d[*].'e' LIKE '%'] OR ([x:y='z'] FOLLOWEDBY [q:r!=true]) WITHIN 5 SECONDS",
		"[process:name = 'a' AND (file:name MATCHES 'x+' OR EXISTS url:value)]", "[ipv4-addr:value ISSUBSET '1.0.0.0/8']"} {
		f.Add(p, "x.example")
	}
	f.Fuzz(func(t *testing.T, p, v string) {
		b := NewBuilder()
		_ = b.Add(Indicator{Pattern: p})
		b.Set().Match(nil, []Observable{{URL, v}, {Process, v}, {FilePath, v}, {Property, v}, {IPv4, v}})
	})
}
