package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
)

// analyst signs an analyst in by a link.
func (n *town) analyst() *http.Client {
	n.t.Helper()
	link, code := n.try("console-link", "--data", filepath.Join(n.dir, "data"))
	_, token, found := strings.Cut(strings.TrimSpace(link), "#")
	if code != exitDone || !found {
		n.t.Fatalf("console-link: exit %d: %s", code, link)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		n.t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, Transport: asHost("console.localhost")}
	n.page(browser.PostForm(n.url+"/sign-in", url.Values{"token": {token}}))
	return browser
}

// page reads a page, which must be one.
func (n *town) page(r *http.Response, err error) string {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
	defer r.Body.Close()
	answer, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		n.t.Fatalf("%s: %d %v %s", r.Request.URL, r.StatusCode, err, answer)
	}
	return string(answer)
}

// console returns a page of the console.
func (n *town) console(page string) string {
	n.t.Helper()
	return n.page(n.analyst().Get(n.url + page))
}

// asHost asks for a name that no resolver has to know.
type asHost string

// RoundTrip makes a request.
func (h asHost) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Host, r.Close = string(h), true
	return http.DefaultTransport.RoundTrip(r)
}

// What somebody reports stands in the console.
func TestConsoleShowsReports(t *testing.T) {
	n := newTown(t)
	for _, who := range []string{"alice", "mallory"} {
		n.do(who, "register", "--server", n.url, "--invite", n.invite(), "--name", who)
	}
	if page := n.console("/campaigns"); strings.Contains(page, "mallory") {
		t.Error("the console shows a report that nobody made")
	}
	n.knocks("mallory", "alice")
	n.do("alice", "report", "mallory")
	page := n.console("/campaigns")
	for _, want := range []string{">mallory</bdi>", ">alice</bdi>", "who knocked"} {
		if !strings.Contains(page, want) {
			t.Errorf("the console does not show the report: no %q in %s", want, page)
		}
	}
}
