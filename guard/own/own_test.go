package own

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const call = "INVITE sip:bob@b.example SIP/2.0\nVia: SIP/2.0/UDP a.example;branch=z9hG4bK1\nMax-Forwards: 70\nFrom: <sip:alice@a.example>;tag=1\nTo: <sip:bob@b.example>\nCall-ID: a\nCSeq: 1 INVITE\nUser-Agent: friendly-scanner\nX-Odd: 1\nContent-Type: application/sdp\nContent-Length: 97\n\n" +
	"v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\nm=audio 4000 RTP/AVP 0\na=tool:x\n"

func crlf(s string) []byte { return []byte(strings.ReplaceAll(s, "\n", "\r\n")) }

// rule makes a file with one rule.
func rule(when string) string {
	q := func(s string) string { return strings.NewReplacer(`"`, `\"`, "\n", `\n`).Replace(s) }
	return `{"rules":[{"id":"X1","title":"A scanner","when":"` + q(when) + `","severity":"medium","action":"refuse","examples":[
		{"message":"` + q(call) + `","fires":true},{"message":"` + q(strings.Replace(call, "friendly-scanner", "phone", 1)) + `","fires":false}]}]}`
}

func TestJudge(t *testing.T) {
	for _, when := range []string{
		`sip.user_agent.startsWith("friendly")`, `sip.user_agent.matches("(?i)SCANNER") && sip.method == "INVITE" && packet.protocol == "udp"`,
		`sip.unknown.exists(h, h == "x-odd") && sdp.present && "pcmu" in sdp.codecs && sdp.formats == 1 && "tool" in sdp.dropped && sip.user_agent != "phone"`,
	} {
		s, err := Parse([]byte(rule(when)))
		if err != nil {
			t.Errorf("%s: %v", when, err)
			continue
		}
		m, err := Of(crlf(call), Packet{Protocol: "udp"})
		if err != nil {
			t.Fatal(err)
		}
		if fired, err := s.Judge(m); err != nil || len(fired) != 1 || fired[0].ID != "X1" {
			t.Errorf("%s: %v, %v", when, fired, err)
		}
	}
	var none *Set
	if fired, err := none.Judge(&Message{}); fired != nil || err != nil {
		t.Error("without rules something fires")
	}
}

// A rule that is not right is not used, and it says why.
func TestRefused(t *testing.T) {
	for when, says := range map[string]string{
		`sip.user_agnet == "x"`: "undefined field", `sip.method`: "neither true nor false", `sip.method == `: "Syntax error", `true`: "example 2", `false`: "example 1",
		`[1,2,3,4,5,6,7,8,9].all(a, [1,2,3,4,5,6,7,8,9].all(b, [1,2,3,4,5,6,7,8,9].all(c, [1,2,3,4,5,6,7,8,9].all(d, [1,2,3,4,5,6,7,8,9].all(e, a+b+c+d+e > 0)))))`: "cost",
		`sip.user_agent.matches("(")`: "matches",
	} {
		if _, err := Parse([]byte(rule(when))); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", when, err, says)
		}
	}
	right := rule(`sip.user_agent != "phone"`)
	for name, c := range map[string]struct{ old, new, says string }{
		"an id of ours": {`"X1"`, `"R1"`, "its id"}, "no title": {"A scanner", " ", "title"}, "a severity": {"medium", "awful", "severity"}, "an action that allows": {"refuse", "allow", "action"},
		"a field": {`"when"`, `"whne"`, "unknown field"}, "no examples": {`,"examples"`, `,"examples":[],"examples"`, ""}, "behind it": {`]}]}`, `]}]} {}`, "behind"},
		"an example that is no message": {"INVITE sip:bob", "INVITE  sip:bob", "no message"},
	} {
		text := strings.Replace(right, c.old, c.new, 1)
		if _, err := Parse([]byte(text)); c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	path := filepath.Join(t.TempDir(), "rules.json")
	if err := os.WriteFile(path, []byte(right), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := Read(path); err != nil || len(s.Rules()) != 1 {
		t.Errorf("%v", err)
	}
	if _, err := Read(path + "x"); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("%v", err)
	}
}

func FuzzJudge(f *testing.F) {
	s, err := Parse([]byte(rule(`sip.user_agent != "phone" && sip.headers.all(h, h != "") && sdp.codecs.all(c, c != "")`)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(crlf(call))
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := Of(b, Packet{}); err == nil {
			_, _ = s.Judge(m)
		}
	})
}

// The rules that the documentation shows are right, and asked about their own
// protocol alone.
func TestDocumentedRules(t *testing.T) {
	page, err := os.ReadFile("../../docs/own-rules.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(page, -1)
	if len(shown) != 2 {
		t.Fatalf("%d files of rules are shown", len(shown))
	}
	request, err := (&Example{STUN: "0008000c2112a442 000000000000000000000000 00120008 00012112 e721c043"}).read()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{0, 1} {
		s, err := Parse(shown[i][1])
		if err != nil {
			t.Fatal(err)
		}
		if fired, err := s.Judge(request); err != nil || len(fired) != want {
			t.Errorf("file %d: %v fire on a request to a TURN server, %v", i, fired, err)
		}
	}
	both := strings.Replace(string(shown[1][1]), "stun.peers", `sip.method == \"\" && stun.peers`, 1)
	if _, err := Parse([]byte(both)); err == nil || !strings.Contains(err.Error(), "two rules") {
		t.Errorf("a condition about both: %v", err)
	}
}

// A file that changes is in force when it is right, and changes nothing when not.
func TestRenew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rules.json")
	put := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(rule(`sip.user_agent != "phone"`))
	f, err := Open(path)
	if err != nil || len(f.Set().Rules()) != 1 {
		t.Fatalf("%v, %v", f.Set().Rules(), err)
	}
	if changed, err := f.Renew(); changed || err != nil {
		t.Errorf("nothing has changed: %v, %v", changed, err)
	}
	put("{")
	if changed, err := f.Renew(); changed || err == nil || len(f.Set().Rules()) != 1 {
		t.Errorf("a broken file: %v, %v", changed, err)
	}
	if _, err := f.Renew(); err != nil {
		t.Errorf("it is said once: %v", err)
	}
	put(`{"rules":[]}`)
	if changed, err := f.Renew(); !changed || err != nil || len(f.Set().Rules()) != 0 {
		t.Errorf("no rules: %v, %v", changed, err)
	}
	var none *File
	if none.Set().Rules() != nil {
		t.Error("no file has rules")
	}
}

func FuzzSTUN(f *testing.F) {
	f.Add([]byte("\x00\x08\x00\x0c\x21\x12\xa4\x42............\x00\x12\x00\x08\x00\x01\x21\x12\xe7\x21\xc0\x43"))
	s, err := Parse([]byte(strings.Replace(stunRule, "WHEN", "size(stun.attributes) > 2 || stun.username.contains('x')", 1)))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := OfSTUN(b, Packet{})
		if err != nil {
			return
		}
		if _, err := s.Judge(m); err != nil {
			t.Error(err)
		}
	})
}

const stunRule = `{"rules":[{"id":"X3","title":"many","when":"WHEN","severity":"low","action":"drop","examples":[
	{"stun":"0001000c2112a442000000000000000000000000802200008022000080220000","fires":true},{"stun":"000100002112a442000000000000000000000000","fires":false}]}]}`
