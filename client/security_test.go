package client

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/ringfence/ringfence/wire/notice"
)

// office is who approves notices, and what the server in memory says of them.
type office struct {
	keys     []string
	notices  []securityLine
	texts    map[string]notice.Notice
	answered []string
}

func (o *office) answer(r Request, parts []string) (int, any) {
	switch r.Method + " " + strings.Join(parts[:min(len(parts), 1)], "/") {
	case "GET security-keys":
		return 200, map[string]any{"keys": o.keys}
	case "GET security-notices":
		return 200, map[string]any{"notices": o.notices}
	case "GET security-texts":
		n := o.texts[parts[1]]
		return 200, map[string]any{"issuer": n.Issuer, "issued": n.Issued, "wordings": n.Wordings, "signed": n.Signed}
	case "POST security-notices":
		o.answered = append(o.answered, strings.Join(parts[1:], " ")+" "+string(r.Body))
		return 204, nil
	}
	return 404, nil
}

// hand is a person who approves notices.
type hand struct {
	signer note.Signer
	known  note.Verifier
	key    string
}

func newHand(t *testing.T, name string) hand {
	t.Helper()
	secret, public, err := note.GenerateKey(nil, name)
	if err != nil {
		t.Fatal(err)
	}
	s, _ := note.NewSigner(secret)
	v, _ := note.NewVerifier(public)
	return hand{s, v, public}
}

// tell has the server say that there is a notice, signed by some.
func (o *office) tell(t *testing.T, code, body string, by ...hand) {
	t.Helper()
	n := notice.Notice{ID: "N-2026-0001", Code: code, Issuer: "chat.example", Issued: "2026-11-23", Wordings: map[string]notice.Wording{"en": {Title: "A message from chat.example", Body: body}}}
	var known []note.Verifier
	for _, h := range by {
		known = append(known, h.known)
		if err := n.Sign(h.signer, known); err != nil {
			t.Fatal(err)
		}
	}
	hash := strings.Repeat(code[:4], 16)
	if o.texts == nil {
		o.texts = map[string]notice.Notice{}
	}
	o.texts[hash] = n
	o.notices = append(o.notices, securityLine{ID: n.ID, Code: code, Text: hash, Delivered: 1, Answers: map[string]bool{}})
}

// Only what two persons signed whose keys the device knew is shown; it stays so,
// whatever the server says later, and what is not genuine is counted.
func TestSecurityNotice(t *testing.T) {
	w := newWorld(t)
	mara, noor, evil, worse := newHand(t, "mara"), newHand(t, "noor"), newHand(t, "mara"), newHand(t, "worse")
	w.office = &office{keys: []string{mara.key, noor.key}}
	c, kept := w.device("amal", "x")
	refresh := func() {
		t.Helper()
		if err := c.RefreshSecurity(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	refresh()
	w.office.tell(t, "1111-1111", "Genuine.", mara, noor)
	w.office.tell(t, "2222-2222", "By one.", mara)
	w.office.tell(t, "4444-4444", "Under another's name.", evil, noor)
	refresh()
	s := c.Security()
	if len(s.Notices) != 1 || s.Notices[0].Code != "1111-1111" || strings.Join(s.Notices[0].By, " ") != "mara noor" || s.Forged != 2 {
		t.Fatalf("%d genuine, %d forged", len(s.Notices), s.Forged)
	}
	for code, want := range map[string]bool{"1111-1111": true, "11111111": true, " 1111 1111 ": true, "2222-2222": false, "": false, "١١١١-١١١١": false} {
		if c.KnowsCode(code) != want {
			t.Errorf("code %q: %v", code, !want)
		}
	}
	if err := c.ReadSecurity(t.Context(), "2222-2222"); err == nil {
		t.Error("one that is not genuine was read")
	}
	if err := c.ReadSecurity(t.Context(), "1111-1111"); err != nil {
		t.Fatal(err)
	}
	for _, yes := range []bool{true, false} {
		if err := c.AnswerSecurity(t.Context(), "1111-1111", "counted", yes); err != nil {
			t.Fatal(err)
		}
		if got := c.Security().Notices[0].Answers["counted"]; got != yes {
			t.Errorf("answered %v, kept %v", yes, got)
		}
	}
	if len(w.office.answered) != 3 || !strings.Contains(w.office.answered[2], `"yes":false`) {
		t.Errorf("the server heard %q", w.office.answered)
	}

	// A server that was taken over: its own keys, and the notice gone.
	w.office.keys, w.office.notices = []string{evil.key, worse.key}, nil
	w.office.tell(t, "5555-5555", "Install this.", evil, worse)
	refresh()
	if s = c.Security(); len(s.Notices) != 1 || s.Forged != 3 || !s.Keys[0].Gone || s.Keys[2].From != s.Keys[2].Since+KeyWait.Milliseconds() {
		t.Errorf("%d genuine, %d forged, keys %+v", len(s.Notices), s.Forged, s.Keys)
	}
	again, err := Open(t.Context(), Options{Keep: kept, Transport: w})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if a, b := mustJSON(t, again.Security()), mustJSON(t, c.Security()); a != b {
		t.Errorf("after a restart\n%s\nwant\n%s", a, b)
	}
}

// A key that came later counts when it has been known for a while; one that was
// taken away does not count, and begins anew when it is back.
func TestApproverKeys(t *testing.T) {
	w := newWorld(t)
	mara, noor, sol := newHand(t, "mara"), newHand(t, "noor"), newHand(t, "sol")
	w.office = &office{keys: []string{mara.key, noor.key}}
	c, _ := w.device("amal", "x")
	at := time.Now()
	c.options.Now = func() time.Time { return at }
	genuine := func(want int, when string) {
		t.Helper()
		if err := c.RefreshSecurity(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := len(c.Security().Notices); got != want {
			t.Errorf("%s: %d genuine, want %d", when, got, want)
		}
	}
	genuine(0, "before")
	w.office.keys = append(w.office.keys, sol.key)
	w.office.tell(t, "1111-1111", "With a new key.", mara, sol)
	genuine(0, "when the key is new")
	at = at.Add(KeyWait - time.Minute)
	genuine(0, "a minute too early")
	at = at.Add(2 * time.Minute)
	genuine(1, "when it is known for long enough")
	w.office.keys = []string{mara.key, noor.key}
	w.office.tell(t, "2222-2222", "By one who has left.", mara, sol)
	genuine(1, "by a key that is gone")
	w.office.keys = []string{mara.key, noor.key, sol.key}
	at = at.Add(time.Hour)
	genuine(1, "by a key that is back")
	at = at.Add(KeyWait)
	genuine(2, "by a key that is back for a while")
}

// What a server says that is out of all bounds is refused whole.
func TestSecurityHostileServer(t *testing.T) {
	w := newWorld(t)
	mara, noor := newHand(t, "mara"), newHand(t, "noor")
	w.office = &office{keys: []string{mara.key, noor.key}}
	c, _ := w.device("amal", "x")
	if err := c.RefreshSecurity(t.Context()); err != nil {
		t.Fatal(err)
	}
	for what, spoil := range map[string]func(*office){
		"a key that is none":  func(o *office) { o.keys = append(o.keys, "mara+1234+x") },
		"too many keys":       func(o *office) { o.keys = make([]string, maxApprovers+1) },
		"too many notices":    func(o *office) { o.notices = make([]securityLine, maxSecurityNotices+1) },
		"a hash that is none": func(o *office) { o.notices = []securityLine{{ID: "N-2026-0001", Code: "1111-1111", Text: "../keys"}} },
		"a notice of no words": func(o *office) {
			o.notices = []securityLine{{ID: "N-2026-0001", Code: "1111-1111", Text: strings.Repeat("0", 64)}}
		},
		"an id that is none": func(o *office) {
			o.tell(t, "1111-1111", "Genuine.", mara, noor)
			o.notices[0].ID = "\u202e"
		},
	} {
		was := *w.office
		spoil(w.office)
		if err := c.RefreshSecurity(t.Context()); err == nil {
			t.Errorf("%s is taken", what)
		}
		*w.office = was
		if s := c.Security(); len(s.Keys) != 2 || len(s.Notices)+s.Forged != 0 {
			t.Errorf("%s left something", what)
		}
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
