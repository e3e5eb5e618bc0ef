package indicator

import (
	"slices"
	"strings"
	"testing"
)

func TestLinks(t *testing.T) {
	for text, want := range map[string]string{
		"":                                                        "",
		"Hello. How are you? At 10:30.":                           "",
		"See https://evil.example/q.":                             "https://evil.example/q",
		"(https://evil.example/q)":                                "https://evil.example/q",
		"https://evil.example/a_(b).":                             "https://evil.example/a_(b)",
		"https://evil.example/q!?;:,'":                            "https://evil.example/q",
		"<https://evil.example/q>":                                "https://evil.example/q",
		`"https://evil.example/q"`:                                "https://evil.example/q",
		"'https://evil.example/q'>x":                              "https://evil.example/q",
		"[x](https://evil.example/q)":                             "https://evil.example/q",
		"“https://evil.example/q”":                                "https://evil.example/q",
		"*https://evil.example/q*":                                "https://evil.example/q",
		"go to evil.example/q now":                                "evil.example/q",
		"go to c2.evil.example.":                                  "c2.evil.example",
		"evil.example:8443/x":                                     "evil.example:8443/x",
		"evil.example: yes":                                       "evil.example",
		"evil.example?x=1":                                        "evil.example?x=1",
		"hxxps://evil[.]example/q":                                "https://evil.example/q",
		"hXXp://evil(.)example":                                   "http://evil.example",
		"evil{.}example":                                          "evil.example",
		"evil[dot]example/q":                                      "evil.example/q",
		"evil[.example":                                           "evil.example",
		`evil\.example`:                                           "evil.example",
		`https:\/\/evil.example\/q`:                               "https://evil.example/q",
		"hxxps[:]//c2[.]evil[.]example":                           "https://c2.evil.example",
		"hxxps[://]evil[.]example":                                "https://evil.example",
		"fxp://evil.example/q":                                    "ftp://evil.example/q",
		"h**p://evil.example":                                     "http://evil.example",
		"ev\u200bil.exa\u200dmple/q":                              "evil.example/q",
		"\u2066https://evil.example\u2069":                        "https://evil.example",
		"https://a.example\u200bhttps://b.example":                "https://a.example https://b.example",
		"https://user:pw@evil.example/":                           "https://user:pw@evil.example/",
		"user:pw@evil.example/x":                                  "user:pw@evil.example/x",
		"mail bob.smith@evil.example!":                            "bob.smith@evil.example",
		"mailto:bob@evil.example":                                 "mailto:bob@evil.example",
		"http://198.51.100.7:8080/x":                              "http://198.51.100.7:8080/x",
		"at 198.51.100.7, or":                                     "198.51.100.7",
		"version 1.2.3":                                           "",
		"http://[2001:db8::1]:443/x":                              "http://[2001:db8::1]:443/x",
		"[2001:db8::1]:443/x":                                     "[2001:db8::1]:443/x",
		"http://bücher.example/ü":                                 "http://bücher.example/ü",
		"пример.рф":                                               "пример.рф",
		"Сделал.Потом":                                            "",
		"点击evil.example领取":                                        "点击evil.example evil.example",
		"请点https://evil.example/x。谢谢":                             "https://evil.example/x",
		"https://evil.example点击":                                  "https://evil.example",
		"evil。example":                                            "evil.example",
		"ｅｖｉｌ．ｅｘａｍｐｌｅ":                                            "evil.example",
		"whatsapp://send?text=x":                                  "whatsapp://send?text=x",
		"com.app.evil://open/x":                                   "com.app.evil://open/x",
		"Click here.https://evil.example":                         "https://evil.example",
		"http://a.example,http://b.example":                       "http://a.example http://b.example",
		"a.example,b.example;c.example":                           "a.example b.example c.example",
		"https://r.example/?u=https://evil.example/q":             "https://r.example/?u=https://evil.example/q https://evil.example/q",
		"https://r.example/?u=https%3A%2F%2Fevil.example%2Fq&x=1": "https://r.example/?u=https%3A%2F%2Fevil.example%2Fq&x=1 https://evil.example/q",
		"photo.jpg notes.txt":                                     "",
		"www.photo.jpg":                                           "www.photo.jpg",
		"/private/var/foo.bar/x.plist":                            "",
		"//evil.example/x":                                        "evil.example/x",
		"wait...what":                                             "",
		"wait...evil.example":                                     "evil.example",
		"a..b":                                                    "",
		"://":                                                     "",
		"http://":                                                 "",
		"http://localhost/x":                                      "http://localhost/x",
		"href='http://evil.example/x'>k":                          "http://evil.example/x",
		"&quot;https://evil.example/x&quot;":                      "https://evil.example/x",
		"xn--bcher-kva.xn--p1ai":                                  "xn--bcher-kva.xn--p1ai",
		"x.evil.example|y.evil.example":                           "x.evil.example y.evil.example",
	} {
		if got := strings.Join(slices.Collect(Links(text)), " "); got != want {
			t.Errorf("%q\n gave %q\n want %q", text, got, want)
		}
	}
}

func TestLinksStop(t *testing.T) {
	for range Links("a.example b.example https://c.example/?u=http://d.example e[.]example") {
		break
	}
}

func TestLinksWithoutLinksAllocateNothing(t *testing.T) {
	text := strings.Repeat("It is 10:30. We meet at the station (as always), e.g. at 5. \"Yes\", he said... ", 10)
	n := testing.AllocsPerRun(100, func() {
		for l := range Links(text) {
			t.Error(l)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestIsShortened(t *testing.T) {
	for link, want := range map[string]bool{
		"https://bit.ly/abc": true, "bit.ly/abc": true, "http://WWW.TinyURL.com/x": true, "https://u:p@t.co:443/x": true,
		"https://abc.app.link/x": true, "https://x.bit.ly/abc": false, "https://notbit.ly/x": false, "https://evil.example/bit.ly": false,
		"": false, "https://bit.ly./x": true,
	} {
		if IsShortened(link) != want {
			t.Errorf("%q: shortened %v", link, !want)
		}
	}
	if n := testing.AllocsPerRun(100, func() { IsShortened("https://BIT.ly/abc") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzLinks(f *testing.F) {
	for _, s := range []string{"https://evil.example/q.", "hxxps://evil[.]example", "a@b.example", "[::1]:80/x", "点击evil.example领取", "a://b://c://d", "\u200b.\u200b。a", "x%3A%2F%2Fa", "http://a:b@c@d.example"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n := 0
		for link := range Links(s) {
			if n++; link == "" {
				t.Error("an empty link")
			}
		}
		if n > 12*len(s) {
			t.Errorf("%d links in %d bytes", n, len(s))
		}
		IsShortened(s)
	})
}

func BenchmarkLinks(b *testing.B) {
	text := strings.Repeat("It is half past ten. We meet at the station (as always), at 10:30 or 5. \"Yes\", he said... and then we'll see what comes of it. ", 1000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		for range Links(text) {
			b.Fatal("no link there")
		}
	}
}
