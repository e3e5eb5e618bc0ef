package service

import (
	"context"
	"encoding/json"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/wire/call"
	"github.com/ringfence/ringfence/wire/notice"
)

// signedNotice is a notice that two persons signed, and their keys.
func signedNotice(t *testing.T, code string) (n notice.Notice, keys []string) {
	t.Helper()
	n = notice.Notice{ID: "N-2026-0001", Code: code, Issuer: "chat.example", Issued: "2026-11-23", Wordings: map[string]notice.Wording{
		"en": {Title: "A message from chat.example", Body: "Somebody <b>called</b> you.\n\n1. Update."}, "ar": {Title: "رسالة", Body: "نص"}}}
	var known []note.Verifier
	for _, name := range []string{"mara", "noor"} {
		secret, public, err := note.GenerateKey(nil, name)
		if err != nil {
			t.Fatal(err)
		}
		s, _ := note.NewSigner(secret)
		v, _ := note.NewVerifier(public)
		known, keys = append(known, v), append(keys, public)
		if err := n.Sign(s, known); err != nil {
			t.Fatal(err)
		}
	}
	return n, keys
}

func TestSecurityNotices(t *testing.T) {
	w := newWorld(t)
	a, b := w.register("amal"), w.register("bob")
	a.connect()
	n, keys := signedNotice(t, "4839-2071")
	w.s.SetApprovers(func(context.Context) ([]string, error) { return keys, nil })
	_, out := w.do("GET", "/v1/security-keys", "", nil)
	if got := out["keys"].([]any); len(got) != 2 || got[0] != keys[0] {
		t.Errorf("keys: %v", got)
	}

	// Another process, on a store of its own, brings it; the device hears at once.
	beside, err := store.Open(w.folder, w.s.config.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer beside.Close()
	if err := beside.Deliver(t.Context(), a.account.String(), n); err != nil {
		t.Fatal(err)
	}
	var said struct{ Kind, Name, Media string }
	signal := a.await(call.TypeNotice)
	if err := json.Unmarshal(signal[1:], &said); err != nil || said.Kind != "security" || said.Name != "" || strings.Contains(string(signal), n.Code) {
		t.Errorf("the signal says %s (%v)", signal[1:], err)
	}

	_, out = w.do("GET", "/v1/security-notices", a.token, nil)
	one := out["notices"].([]any)[0].(map[string]any)
	if one["code"] != n.Code || one["read"] != 0.0 {
		t.Errorf("the notice: %v", one)
	}
	text := one["text"].(string)
	_, out = w.do("GET", "/v1/security-texts/"+text, "", nil)
	if out["signed"] != n.Signed || out["code"] != nil {
		t.Errorf("the text: %v", out)
	}
	for _, c := range []struct {
		method, path, token string
		in                  any
		status              int
	}{
		{"GET", "/v1/security-notices", "", nil, 401},
		{"POST", "/v1/security-notices/" + n.Code + "/read", b.token, nil, 404},
		{"POST", "/v1/security-notices/" + n.Code + "/answers", b.token, map[string]any{"what": "counted", "yes": true}, 404},
		{"POST", "/v1/security-notices/" + n.Code + "/answers", a.token, map[string]any{"what": "newsletter", "yes": true}, 422},
		{"POST", "/v1/security-notices/" + n.Code + "/answers", a.token, map[string]any{"what": "counted", "yes": "1"}, 422},
		{"POST", "/v1/security-notices/" + n.Code + "/read", a.token, nil, 204},
		{"POST", "/v1/security-notices/" + n.Code + "/answers", a.token, map[string]any{"what": "counted", "yes": true}, 204},
		{"GET", "/v1/security-texts/" + strings.Repeat("0", 64), "", nil, 404},
		{"GET", "/v1/security-texts/x", "", nil, 404},
	} {
		if status, out := w.do(c.method, c.path, c.token, c.in); status != c.status {
			t.Errorf("%s %s: %d %v, want %d", c.method, c.path, status, out, c.status)
		}
	}
	w.stop() // what was acknowledged is there after a restart
	w.start()
	_, out = w.do("GET", "/v1/security-notices", a.token, nil)
	one = out["notices"].([]any)[0].(map[string]any)
	if one["read"] == 0.0 || one["answers"].(map[string]any)["counted"] != true {
		t.Errorf("after a restart: %v", one)
	}
	_, out = w.do("GET", "/v1/security-notices", b.token, nil)
	if len(out["notices"].([]any)) != 0 {
		t.Error("another account sees the notice")
	}
}

// Anybody can look a wording up; nobody can look up who has it.
func TestNoticesPage(t *testing.T) {
	w := newWorld(t)
	a := w.register("amal")
	n, keys := signedNotice(t, "4839-2071")
	show := func() string {
		r := httptest.NewRecorder()
		w.s.NoticesPage().ServeHTTP(r, httptest.NewRequest("GET", "/notices", nil))
		b, _ := io.ReadAll(r.Result().Body)
		return string(b)
	}
	if page := show(); !strings.Contains(page, "No notice has been sent so far.") {
		t.Error("it does not say that there is none")
	}
	w.s.SetApprovers(func(context.Context) ([]string, error) { return keys, nil })
	if err := w.s.Store().Deliver(t.Context(), a.account.String(), n); err != nil {
		t.Fatal(err)
	}
	page := show()
	for _, want := range []string{n.Wordings["en"].Hash(), n.Wordings["ar"].Hash(), "&lt;b&gt;called", "<bdi>mara</bdi>, <bdi>noor</bdi>", `dir="rtl"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, bad := range []string{n.Code, a.account.String(), "amal", "<b>called"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	w.s.SetApprovers(func(context.Context) ([]string, error) { return nil, nil })
	if !strings.Contains(show(), "Not signed by two of the keys") {
		t.Error("it does not say that the keys are gone")
	}
}
