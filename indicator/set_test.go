package indicator

import (
	"strings"
	"testing"
)

func setOf(t testing.TB, indicators ...Indicator) *Set {
	t.Helper()
	s, errs := Compile(indicators)
	for i, err := range errs {
		if err != nil {
			t.Fatalf("%v: %v", indicators[i], err)
		}
	}
	return s
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		typ  Type
		sign string
		seen Type
		yes  string // values that match, with spaces between
		no   string
	}{
		{Domain, "c2.example", URL,
			"https://c2.example c2.example/x http://a.c2.example/ https://C2.Example:8443/x https://u:p@c2.example/ http://c2.example. https://www.c2.example//x http:\\\\c2.example\\x ftp://c2.example",
			"https://notc2.example https://c2.example.org/ https://example/ http://localhost/?q=c2.example https://c2.example@other.example/ https://x.test/c2.example"},
		{Domain, "c2.example", Domain, "c2.example a.b.C2.EXAMPLE c2.example.", "example 2.example xc2.example"},
		{Domain, "c2.example", Email, "bob@c2.example mailto:bob@a.c2.example?subject=x", "c2.example@other.example"},
		{Domain, "www.evil.example", URL, "https://www.evil.example/x https://evil.example/x https://a.www.evil.example", "https://a.evil.example https://w.evil.example"},
		{Domain, "webwatch.example", URL, "https://webwatch.example/ http://www.webwatch.example", "http://ebwatch.example http://atch.example"},
		{Domain, "*.evil.example", URL, "https://x.evil.example", "https://evil.examples"},
		{Domain, "evil[.]example", URL, "https://evil.example/", ""},
		{Domain, "fgr.example/x", URL, "https://fgr.example/x http://fgr.example:80/x/ https://FGR.example/x/y https://fgr.example/x?z=1 fgr.example/%78", "https://fgr.example https://fgr.example/xy https://fgr.example/X https://a.fgr.example/x"},
		{Domain, "bücher.example", URL, "https://bücher.example/ https://BÜCHER.example https://xn--bcher-kva.example/x https://a.xn--bcher-kva.example", "https://bucher.example"},
		{Domain, "xn--bcher-kva.example", URL, "https://bücher.example/", ""},
		{Domain, "c2.example", URL, "https://ｃ２．example/ https://c2。example https://c%32.example", ""},
		{Domain, "198.51.100.7", URL, "https://198.51.100.7/x http://u@198.51.100.7:8080 http://0xC6336407/ http://3325256711/ http://198.51.25607/ http://0306.063.0144.07/ http://[::ffff:198.51.100.7]/", "http://198.51.100.77/ http://1198.51.100.7 http://198.51.100.7.example"},
		{IPv4, "198.51.100.7", IPv4, "198.51.100.7 ::ffff:198.51.100.7", "198.51.100.77 198.51.100.70"},
		{IPv4, "198.51.100.0/24", IPv4, "198.51.100.0 198.51.100.255", "198.51.101.1 198.51.1.100"},
		{IPv4, "198.51.100.0/24", URL, "http://198.51.100.9/x", "http://198.51.101.9/x"},
		{IPv6, "2001:db8::1", IPv6, "2001:0DB8:0:0::0001 [2001:db8::1]", "2001:db8::10"},
		{IPv6, "2001:db8::/32", URL, "http://[2001:db8:1::1]:443/x", "http://[2001:db9::1]/"},
		{URL, "https://evil.example/a/b", URL, "https://evil.example/a/b http://EVIL.example:80/a/b/ evil.example/a/%62 https://evil.example/a/b#f", "https://evil.example/a/bc https://evil.example/a/b/c https://evil.example/A/b https://evil.example/a/b?x=1 https://evil.example:8443/a/b"},
		{URL, "https://evil.example/a/", URL, "https://evil.example/a https://evil.example/a/b?c=d", "https://evil.example/ab https://evil.example"},
		{URL, "https://evil.example", URL, "https://evil.example/ http://evil.example/x", "https://a.evil.example/ https://evil.example.org"},
		{URL, "https://drive.google.com/", URL, "https://drive.google.com", "https://drive.google.com/x"},
		{URL, "hxxps://evil[.]example/q?a=1", URL, "https://evil.example/q?a=1 https://evil.example/q/?a=1", "https://evil.example/q?a=2"},
		{URL, "market://details?id=x", URL, "market://details?id=x MARKET://details?id=x", "https://details?id=x"},
		{Email, "Bob@Evil.example", Email, "bob@evil.example mailto:BOB@evil.example <bob@evil.example>", "xbob@evil.example bob@evil.example.org"},
		{Email, "mailto:bob@evil.example", URL, "bob@evil.example mailto:bob@evil.example", "https://bob@evil.example/"},
		{Process, "bh", Process, "bh /private/var/db/x/bh", "BH bhx /bh/x"},
		{Process, "com.evil.longprocessname", Process, "com.evil.longprocessname com.evil.longpro", "com.evil.longpr com.evil.longprx com.evil.longproc"},
		{Process, "/private/var/db/x/bh", Process, "/private/var/db/x/bh /var/db/x/bh", "bh /private/var/db/x/bh/y /usr/bin/bh"},
		{Process, "bh", FilePath, "", "/private/var/bh /bh/x"},
		{FilePath, "/private/var/db/foo", FilePath, "/private/var/db/foo /private/var/db/foo/x /var/db/foo/", "/private/var/db/foobar /x/private/var/db/foo private/var/db/foo"},
		{FilePath, "/tmp/l/", FilePath, "/tmp/l /private/tmp/l/x", "/tmp/log /tmp/launchd"},
		{FilePath, "/private/var/db/foo/bar", Process, "/var/db/foo/bar", "bar"},
		{FilePath, "Library/x/y.plist", FilePath, "/private/var/mobile/Library/x/y.plist Library/x/y.plist", "/private/var/xLibrary/x/y.plist /y.plist"},
		{FileName, "evil.dylib", FileName, "evil.dylib", "Evil.dylib xevil.dylib"},
		{FileName, "evil.dylib", FilePath, "/usr/lib/evil.dylib", "/evil.dylib/x"},
		{SHA256, strings.Repeat("ab", 32), SHA256, strings.Repeat("AB", 32) + " " + strings.Repeat("aB:", 31) + "ab", strings.Repeat("ab", 31) + "ac " + strings.Repeat("ab", 20)},
		{CertSHA1, strings.Repeat("AB:", 19) + "AB", CertSHA1, strings.Repeat("ab", 20), ""},
		{CertSHA1, strings.Repeat("AB", 20), SHA1, "", strings.Repeat("ab", 20)},
		{MD5, strings.Repeat("0f", 16), MD5, strings.Repeat("0F", 16), ""},
		{App, "com.evil.App", App, "com.evil.App com.evil.app", "com.evil.app2 com.evil"},
		{Profile, "com.evil.profile", Profile, "com.evil.profile", "com.evil com.evil.profile2 evil"},
		{Property, "sys.evil", Property, "sys.evil sys.evil=1", "sys.evil2"},
		{Property, "sys.evil=1", Property, "sys.evil=1", "sys.evil sys.evil=2"},
	} {
		s := setOf(t, Indicator{Type: c.typ, Value: c.sign, Malware: "M", Source: "S"})
		for _, v := range strings.Fields(c.yes) {
			if found := s.Match(nil, []Observable{{c.seen, v}}); len(found) != 1 || found[0].Indicator.Value == "" || found[0].How == "" {
				t.Errorf("%s %q does not match %s %q: %v", c.typ, c.sign, c.seen, v, found)
			}
		}
		for _, v := range strings.Fields(c.no) {
			if found := s.Match(nil, []Observable{{c.seen, v}}); len(found) != 0 {
				t.Errorf("%s %q matches %s %q: %v", c.typ, c.sign, c.seen, v, found)
			}
		}
	}
}

func TestMatchSaysHow(t *testing.T) {
	s := setOf(t, Indicator{Type: Process, Value: "com.evil.longprocessname"}, Indicator{Type: Domain, Value: "c2.example"}, Indicator{Type: App, Value: "com.evil.app"})
	for o, want := range map[Observable]string{
		{Process, "com.evil.longpro"}: "name cut at 16 bytes",
		{URL, "https://a.c2.example"}: "sub-domain of the indicator",
		{URL, "https://c2.example"}:   "host of the link",
		{App, "com.Evil.app"}:         "app, written in another case",
	} {
		if found := s.Match(nil, []Observable{o}); len(found) != 1 || found[0].How != want {
			t.Errorf("%v: %+v, want %q", o, found, want)
		}
	}
}

func TestTooGeneralIsRefused(t *testing.T) {
	for _, ind := range []Indicator{
		{Type: Domain, Value: "com"}, {Type: Domain, Value: "co.uk"}, {Type: Domain, Value: "bit.ly"}, {Type: Domain, Value: "www.bit.ly"},
		{Type: Domain, Value: "duckdns.org"}, {Type: Domain, Value: "localhost"}, {Type: Domain, Value: "google.com"}, {Type: Domain, Value: "a b.example"},
		{Type: Domain, Value: ""}, {Type: Domain, Value: "."}, {Type: Domain, Value: "a..b"}, {Type: IPv4, Value: "127.0.0.1"}, {Type: IPv4, Value: "0.0.0.0/0"},
		{Type: IPv4, Value: "192.168.1.1"}, {Type: IPv6, Value: "::1"}, {Type: IPv6, Value: "2000::/3"}, {Type: IPv4, Value: "1.2.3"}, {Type: IPv4, Value: "x"},
		{Type: FilePath, Value: "/private/var/tmp/"}, {Type: FilePath, Value: "/"}, {Type: FilePath, Value: "/data/local/tmp"}, {Type: SHA256, Value: "ab"},
		{Type: MD5, Value: strings.Repeat("ab", 20)}, {Type: Email, Value: "bob"}, {Type: 99, Value: "x"}, {Type: URL, Value: "https://"},
		{Type: App, Value: strings.Repeat("a", 1<<20)},
	} {
		if _, errs := Compile([]Indicator{ind}); errs[0] == nil {
			t.Errorf("%v is taken", ind)
		}
	}
}

func TestMatchEachOnce(t *testing.T) {
	s := setOf(t, Indicator{Type: Domain, Value: "c2.example", Source: "a"}, Indicator{Type: Domain, Value: "c2.example", Source: "b"}, Indicator{Type: Domain, Value: "C2.example", Source: "b"})
	record := []Observable{{App, "x"}, {URL, "https://c2.example/"}, {URL, "https://a.c2.example/"}}
	found := s.Match(make([]Match, 1), record)
	if len(found) != 3 || found[1].Observable != 1 || found[2].Observable != 1 || found[1].Indicator.Source == found[2].Indicator.Source {
		t.Errorf("%+v", found)
	}
	if s.Len() != 2 {
		t.Errorf("%d indicators", s.Len())
	}
}

func TestSetsWithoutIndicators(t *testing.T) {
	record := []Observable{{URL, "https://c2.example/"}, {Process, "x"}, {Type(200), "x"}}
	for _, s := range []*Set{nil, {}, NewBuilder().Set(), setOf(t, Indicator{Type: Process, Value: "y"})} {
		if found := s.Match(nil, record); len(found) != 0 {
			t.Errorf("%v", found)
		}
	}
}

func TestMatchAllocatesNothing(t *testing.T) {
	s := setOf(t, Indicator{Type: Domain, Value: "c2.example"}, Indicator{Type: URL, Value: "https://u.example/x"}, Indicator{Type: Process, Value: "bh"},
		Indicator{Type: FilePath, Value: "/private/var/db/foo"}, Indicator{Type: IPv4, Value: "198.51.100.0/24"}, Indicator{Type: SHA256, Value: strings.Repeat("ab", 32)},
		Indicator{Type: App, Value: "com.evil.app"}, Indicator{Type: Email, Value: "a@b.example"}, Indicator{Type: FileName, Value: "x.y"}, Indicator{Type: FilePath, Value: "a/b"}, Indicator{Type: Property, Value: "p"})
	record := []Observable{{URL, "https://user@Sub.Example.org:443/path?q=1"}, {URL, "https://u.example/other/path"}, {Process, "/usr/libexec/backboardd"}, {FilePath, "/private/var/mobile/Library/SMS/.hidden/sms.db"},
		{IPv4, "203.0.113.9"}, {IPv6, "2001:db8::9"}, {SHA256, strings.Repeat("cd", 32)}, {App, "Com.apple.mobilesafari"}, {Email, "bob@example.org"}, {Property, "ro.x=1"}, {FileName, "q"}, {URL, "http://3221226219/"}, {Profile, "x"}}
	dst := make([]Match, 0, 4)
	if n := testing.AllocsPerRun(100, func() { dst = s.Match(dst[:0], record) }); n != 0 || len(dst) != 0 {
		t.Errorf("%v allocations, %v", n, dst)
	}
}
