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

// console signs an analyst in by a link and returns a page of the console.
func (n *town) console(page string) string {
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
	var answer []byte
	for _, ask := range []func() (*http.Response, error){
		func() (*http.Response, error) {
			return browser.PostForm(n.url+"/sign-in", url.Values{"token": {token}})
		},
		func() (*http.Response, error) { return browser.Get(n.url + page) },
	} {
		r, err := ask()
		if err != nil {
			n.t.Fatal(err)
		}
		answer, err = io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil || r.StatusCode != http.StatusOK {
			n.t.Fatalf("%s: %d %v %s", r.Request.URL, r.StatusCode, err, answer)
		}
	}
	return string(answer)
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
