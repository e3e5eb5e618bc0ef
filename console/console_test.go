package console

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/hunt"
	"github.com/ringfence/ringfence/wire"
)

// clock is a time that a test moves.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.t }
func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// window is a console on a real server, and a browser's side of it: cookies,
// and the headers that a browser sends along.
type window struct {
	*memory
	t      *testing.T
	clock  *clock
	url    string
	client *http.Client
	log    *syncBuffer
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}
func (s *syncBuffer) String() string { s.mu.Lock(); defer s.mu.Unlock(); return s.b.String() }

// serverTime is how long the server gives a request; live pages outlast it.
const serverTime = 2 * time.Second

func newWindow(t *testing.T) *window {
	t.Helper()
	c := &clock{t: time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC)}
	log := &syncBuffer{}
	m := newMemory(c.now)
	m.cases, m.bans = roomOf(t, c.now), bansOf(t, c.now)
	server := httptest.NewUnstartedServer(New(Config{Desk: m.desk(), Now: c.now, Log: slog.New(slog.NewTextHandler(log, nil)), Build: "test"}))
	server.Config.ReadTimeout, server.Config.WriteTimeout = serverTime, serverTime
	server.Start()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		shut(server)
	})
	return &window{m, t, c, server.URL, client, log}
}

// signedInWindow is a window that went through a sign-in link.
func signedInWindow(t *testing.T) *window {
	t.Helper()
	w := newWindow(t)
	if code, _ := w.post("/sign-in", "token", w.NewSignIn("mara")); code != http.StatusSeeOther {
		t.Fatalf("sign-in answered %d", code)
	}
	return w
}

func (w *window) do(r *http.Request) (*http.Response, string) {
	w.t.Helper()
	res, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return res, string(b)
}

func (w *window) get(path string) (int, string) {
	w.t.Helper()
	r, _ := http.NewRequest("GET", w.url+path, nil)
	res, body := w.do(r)
	return res.StatusCode, body
}

func (w *window) post(path string, fields ...string) (int, string) {
	w.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	r, _ := http.NewRequest("POST", w.url+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", w.url)
	res, body := w.do(r)
	return res.StatusCode, body
}

// person returns the id of one of the people of the tests.
func person(n byte) wire.ID { sum := sha256.Sum256([]byte{n}); return wire.ID(sum[:16]) }

// someVerdict is a verdict as the guard makes them.
func someVerdict(at time.Time, data []byte) guard.Verdict {
	sum := sha256.Sum256(data)
	return guard.Verdict{At: at, Action: guard.Refuse, Severity: guard.High, Rules: []string{"R5"}, Kind: guard.Message,
		Account: person(1), Target: person(2), Call: wire.ID{9}, Address: "203.0.113.9:4711", Build: 7,
		Clause: "docs/protocol.md, Device socket", Reason: "an offer of 120 bytes, want 92", Offset: 3, Length: 4,
		Bytes: data, Size: len(data), SHA256: hex.EncodeToString(sum[:]), Count: 1}
}

func (w *window) people2() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.people[person(1)] = guard.Person{Account: person(1), Name: "mallory", Created: w.now(), InvitedBy: person(2)}
	w.people[person(2)] = guard.Person{Account: person(2), Name: "bob", Created: w.now()}
}

func TestSignIn(t *testing.T) {
	w := newWindow(t)
	if res, _ := w.get("/verdicts"); res != http.StatusSeeOther {
		t.Errorf("the list without a session: %d, want a redirect to the sign-in", res)
	}
	token := w.NewSignIn("mara")
	for _, bad := range []string{"", "x", token[:42], token + "A", strings.Repeat("A", 5000), newToken()} {
		if code, body := w.post("/sign-in", "token", bad); code == http.StatusSeeOther || !strings.Contains(body, "console-link") {
			t.Errorf("token %.50q: %d; want a refusal that says how to get a link", bad, code)
		}
	}
	if code, _ := w.post("/sign-in", "token", token); code != http.StatusSeeOther {
		t.Fatalf("a good link: %d", code)
	}
	if code, body := w.get("/"); code != 200 || !strings.Contains(body, "mara") {
		t.Errorf("home after the sign-in: %d", code)
	}
	if code, body := w.post("/sign-in", "token", token); code != 403 || !strings.Contains(body, "has been used") {
		t.Errorf("the same link again: %d", code)
	}
	late := w.NewSignIn("mara")
	w.clock.pass(10*time.Minute + time.Second)
	if code, body := w.post("/sign-in", "token", late); code != 403 || !strings.Contains(body, "expired") {
		t.Errorf("a link after ten minutes: %d", code)
	}
	if strings.Contains(w.log.String(), token) {
		t.Error("a token stands in the log")
	}
}

func TestSessionEnds(t *testing.T) {
	w := signedInWindow(t)
	if code, _ := w.get("/rules"); code != 200 {
		t.Fatalf("rules: %d", code)
	}
	u, _ := url.Parse(w.url)
	cookies := w.client.Jar.Cookies(u)
	if code, _ := w.post("/sign-out"); code != http.StatusSeeOther {
		t.Fatalf("sign-out: %d", code)
	}
	w.client.Jar.SetCookies(u, cookies) // somebody who kept a copy
	if code, _ := w.get("/rules"); code != http.StatusSeeOther {
		t.Errorf("the session of somebody who signed out still opens the console: %d", code)
	}
	w.post("/sign-in", "token", w.NewSignIn("mara"))
	w.clock.pass(13 * time.Hour)
	if code, _ := w.get("/rules"); code != http.StatusSeeOther {
		t.Errorf("an expired session opens the console: %d", code)
	}
	if code, body := w.post("/accounts/"+person(1).String()+"/block", "reason", "x"); code != 401 || !strings.Contains(body, "nothing was changed") {
		t.Errorf("blocking with an expired session: %d", code)
	}
}

func TestCookies(t *testing.T) {
	for _, tls := range []bool{false, true} {
		m := newMemory(time.Now)
		h := New(Config{Desk: m.desk(), TLS: tls, Log: slog.New(slog.DiscardHandler)})
		r := httptest.NewRequest("POST", "/sign-in", strings.NewReader("token="+m.NewSignIn("mara")))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		c := rec.Result().Cookies()
		if len(c) != 1 || !c[0].HttpOnly || c[0].SameSite != http.SameSiteStrictMode || c[0].Path != "/" || c[0].Domain != "" {
			t.Fatalf("cookies %v", c)
		}
		if c[0].Secure != tls || strings.HasPrefix(c[0].Name, "__Host-") != tls {
			t.Errorf("tls %v: cookie %v", tls, c[0])
		}
		if hsts := rec.Header().Get("Strict-Transport-Security"); (hsts != "") != tls {
			t.Errorf("tls %v: Strict-Transport-Security %q", tls, hsts)
		}
	}
}

func TestOtherSitesAreRefused(t *testing.T) {
	w := signedInWindow(t)
	w.people2()
	try := func(method, path string, headers ...string) int {
		r, _ := http.NewRequest(method, w.url+path, strings.NewReader("reason=x"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		res, _ := w.do(r)
		return res.StatusCode
	}
	block := "/accounts/" + person(1).String() + "/block"
	if code := try("POST", block, "Sec-Fetch-Site", "cross-site"); code != 403 {
		t.Errorf("a form of another site: %d", code)
	}
	if code := try("POST", block, "Sec-Fetch-Site", "same-site"); code != 403 {
		t.Errorf("a form of the messenger's host: %d", code)
	}
	if code := try("POST", block, "Origin", "https://evil.example"); code != 403 {
		t.Errorf("an old browser's form of another site: %d", code)
	}
	if code := try("GET", "/verdicts/live?after=0", "Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "cors"); code != 403 {
		t.Errorf("a stream for another site: %d", code)
	}
	if code := try("GET", "/rules", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"); code != 403 {
		t.Errorf("a frame in another site: %d", code)
	}
	if code := try("GET", "/rules", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"); code != 200 {
		t.Errorf("a link that leads here: %d", code)
	}
	if len(w.memory.blocks) != 0 {
		t.Error("somebody was blocked")
	}
}

var inline = regexp.MustCompile(`(?i)<style|<script(?: [^>]*)?>[^<]|\sstyle=|\son[a-z]+=|javascript:`)

func TestEveryPage(t *testing.T) {
	w := signedInWindow(t)
	w.people2()
	n := w.add(someVerdict(w.now(), []byte("0123456789")))
	w.hunts("C-2026-0001", hunt.Strong, 30)
	id := newFile(t, w.memory).ID
	for _, path := range []string{"/cases", "/cases/" + id, "/cases/" + id + "/timeline", "/cases/" + id + "/evidence", "/cases/" + id + "/evidence?exhibit=E-0002", "/cases/" + id + "/people", "/cases/" + id + "/notices", "/cases/" + id + "/file", "/cases/" + id + "/log",
		"/cases/K-2026-0999", "/cases/" + id + "/evidence?exhibit=x", "/cases/" + id + "/timeline?from=x", "/", "/sign-in", "/verdicts", "/verdicts/1", "/rules", "/blocks", "/campaigns", "/campaigns/C-2026-0001", "/campaigns/C-1", "/accounts/" + person(1).String(), "/nowhere",
		"/verdicts/0", "/verdicts/x", "/verdicts/99", "/verdicts?rule=R99", "/accounts/zz", "/accounts?name=nobody_here", "/verdicts/1?byte=-1"} {
		r, _ := http.NewRequest("GET", w.url+path, nil)
		res, body := w.do(r)
		if res.Header.Get("Content-Security-Policy") != policy || res.Header.Get("Cache-Control") != "no-store" || res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers %v", path, res.Header)
		}
		if m := inline.FindString(body); m != "" {
			t.Errorf("%s has inline script or style: %q", path, m)
		}
		if !strings.Contains(body, "<h1>") && !strings.Contains(body, "<h1") || !strings.Contains(body, `lang="en"`) {
			t.Errorf("%s is no whole page", path)
		}
		for _, m := range regexp.MustCompile(`(?:src|href)="(/assets/[^"#]+)`).FindAllStringSubmatch(body, -1) {
			if code, _ := w.get(m[1]); code != 200 {
				t.Errorf("%s names %s: %d", path, m[1], code)
			}
		}
	}
	if n != 1 {
		t.Fatal("numbering")
	}
}

func TestDownload(t *testing.T) {
	w := signedInWindow(t)
	data := []byte("<script>alert(1)</script>\x00\xff")
	w.add(someVerdict(w.now(), data))
	r, _ := http.NewRequest("GET", w.url+"/verdicts/1/data", nil)
	res, body := w.do(r)
	if body != string(data) || res.Header.Get("Content-Type") != "application/octet-stream" ||
		res.Header.Get("Content-Disposition") != `attachment; filename="verdict-1.bin"` || !strings.Contains(res.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("%v %q", res.Header, body)
	}
}

// Whatever stands in a verdict, the page has no tag, attribute or invisible
// character of it.
func TestHostileVerdict(t *testing.T) {
	w := signedInWindow(t)
	evil := "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{.}}\u202e\u2066\u200b\x00\x1b[31m\xff</td></table>"
	v := someVerdict(w.now(), bytes.Repeat([]byte(evil), 400))
	v.Reason, v.Clause, v.Address = strings.Repeat(evil, 300), evil, evil
	v.Rules = []string{evil, "R5"}
	v.Severity, v.Action, v.Kind = guard.Severity(evil), guard.Action(evil), guard.Kind(evil)
	v.SHA256 = evil
	v.Offset, v.Length, v.Count, v.Size = -5, 1<<62, -1, -1
	w.people[person(1)] = guard.Person{Account: person(1), Name: evil, Created: w.now()}
	w.add(v)
	w.memory.blocks = append(w.memory.blocks, guard.Block{Number: 1, Account: person(1), Name: evil, Since: w.now(), By: evil, Reason: evil, Lifted: w.now(), LiftedBy: evil, LiftReason: evil})
	for _, path := range []string{"/", "/verdicts", "/verdicts/1", "/verdicts/1?byte=999999999", "/blocks", "/accounts/" + person(1).String()} {
		code, body := w.get(path)
		if code != 200 {
			t.Fatalf("%s: %d", path, code)
		}
		for _, bad := range []string{"<script>", "<img", "\u202e", "\u2066", "\u200b", "\x00", "\x1b", "\xff"} {
			if strings.Contains(body, bad) {
				t.Errorf("%s holds %q", path, bad)
			}
		}
		if len(body) > 200<<10 {
			t.Errorf("%s has %d bytes", path, len(body))
		}
	}
}

func TestBlockAndLift(t *testing.T) {
	w := signedInWindow(t)
	w.people2()
	at := "/accounts/" + person(1).String()
	if code, body := w.post(at+"/block", "reason", "  "); code != 422 || !strings.Contains(body, "Write the reason") {
		t.Errorf("no reason: %d", code)
	}
	if code, _ := w.post(at+"/block", "reason", strings.Repeat("x", 1001)); code != 422 {
		t.Errorf("a reason that is too long: %d", code)
	}
	if code, _ := w.post("/accounts/"+person(7).String()+"/block", "reason", "x"); code != 409 {
		t.Errorf("an account that does not exist: %d", code)
	}
	if code, _ := w.post(at+"/block", "reason", "rings with oversize offers"); code != http.StatusSeeOther {
		t.Fatalf("block: %d", code)
	}
	for _, path := range []string{"/", "/blocks", at} {
		if _, body := w.get(path); !strings.Contains(body, "mallory") {
			t.Errorf("%s does not show the block", path)
		}
	}
	if _, body := w.get("/blocks"); !strings.Contains(body, "rings with oversize offers") || !strings.Contains(body, "mara") || !strings.Contains(body, "2026-11-22 18:00:00") {
		t.Error("the list does not say who blocked, when and why")
	}
	if code, _ := w.post(at+"/lift", "reason", "it was a test client"); code != http.StatusSeeOther {
		t.Fatalf("lift: %d", code)
	}
	if code, _ := w.post(at+"/lift", "reason", "again"); code != 409 {
		t.Errorf("lifting twice: %d", code)
	}
	if _, body := w.get(at); !strings.Contains(body, "it was a test client") || !strings.Contains(body, "Block this account") {
		t.Error("the account's page does not show that the block was lifted")
	}
}

func TestListAndFilters(t *testing.T) {
	w := signedInWindow(t)
	w.people2()
	for i := range 120 {
		v := someVerdict(w.now(), []byte{byte(i)})
		v.Range = i%2 == 0
		if i == 3 {
			v.Severity, v.Kind, v.Account = guard.Critical, guard.Offer, person(2)
		}
		w.clock.pass(time.Minute)
		w.add(v)
	}
	rows := regexp.MustCompile(`<tr data-number="(\d+)">`)
	list := func(path string) (numbers []string) {
		code, body := w.get(path)
		if code != 200 {
			t.Fatalf("%s: %d", path, code)
		}
		for _, m := range rows.FindAllStringSubmatch(body, -1) {
			if m[1] != "0" { // the empty row of the live list
				numbers = append(numbers, m[1])
			}
		}
		return numbers
	}
	expect := func(path string, n int, first string) {
		t.Helper()
		got := list(path)
		if len(got) != n || n > 0 && got[0] != first {
			t.Errorf("%s: %d rows, first %v; want %d, first %s", path, len(got), got[:min(1, len(got))], n, first)
		}
	}
	expect("/verdicts", 50, "120")
	expect("/verdicts?before=71", 50, "70")
	expect("/verdicts?before=21", 20, "20")
	expect("/verdicts?origin=range", 50, "119")
	expect("/verdicts?severity=critical", 1, "4")
	expect("/verdicts?kind=offer&account=bob", 1, "4")
	expect("/verdicts?account="+person(2).String()+"&severity=critical", 1, "4")
	expect("/verdicts?from=2026-11-22T18:10&until=2026-11-22T18:20", 10, "20")
	expect("/verdicts?rule=R5&action=drop", 0, "")
	for _, bad := range []string{"severity=grave", "origin=moon", "before=0", "before=-1", "before=1e3", "account=%27--", "from=yesterday", "colour=red",
		"rule=R5&rule=R6", "account=nobody", "from=2026-11-22T18:10&until=2026-11-22T18:10"} {
		if code, body := w.get("/verdicts?" + bad); code != 400 || !strings.Contains(body, "cannot be looked up") {
			t.Errorf("?%s: %d, want a clear refusal", bad, code)
		}
	}
}

func TestOversizeRequests(t *testing.T) {
	w := signedInWindow(t)
	w.people2()
	code, _ := w.post("/accounts/"+person(1).String()+"/block", "reason", strings.Repeat("x", 5<<20))
	if code == http.StatusSeeOther || len(w.memory.blocks) > 0 {
		t.Errorf("a form of five megabytes: %d", code)
	}
}
