package inspect

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/guard/own"
	"github.com/ringfence/ringfence/wire/stun"
)

// How many bytes of the caller's media came to the callee before it answered, to
// the byte.
func TestMediaBeforeAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		early    int // packets of the caller before the answer
		answered bool
		named    bool // the callee has named its address before
		want     string
	}{
		"nothing comes early":              {0, true, true, "none"},
		"three packets come early":         {3, true, true, "516 bytes"},
		"to an address that is named late": {2, true, false, "344 bytes"},
		"nobody answers":                   {4, false, true, "688 bytes"},
		"more than are remembered":         {400, true, true, "at least 22016 bytes"},
	} {
		r := newTape(t)
		r.send(alice, bob, invitation())
		ringing := ""
		if c.named {
			ringing = described(bobMedia)
		}
		r.send(bob, alice, sipMessage("SIP/2.0 183 Session Progress", "INVITE", ringing))
		for i := range c.early {
			r.send(aliceMedia, bobMedia, sound(i))
			r.send(bobMedia, aliceMedia, sound(i)) // the callee's own early media is no offence
		}
		if c.answered {
			r.send(bob, alice, sipMessage("SIP/2.0 200 OK", "INVITE", described(bobMedia)))
			r.send(alice, bob, sipMessage("ACK sip:bob@b.example SIP/2.0", "ACK", ""))
			for i := range 10 {
				r.send(aliceMedia, bobMedia, sound(c.early+i))
			}
			r.send(bob, alice, sipMessage("BYE sip:alice@a.example SIP/2.0", "BYE", ""))
		}
		got := r.report()
		if len(got.Calls) != 1 {
			t.Fatalf("%s: %d calls: %+v", name, len(got.Calls), got)
		}
		call := got.Calls[0]
		if call.Before != c.want || (call.Answered != nil) != c.answered || (call.Ended != nil) != c.answered || call.From != "alice@a.example" || call.To != "bob@b.example" || call.Print == "" {
			t.Errorf("%s: %+v, want %s", name, call, c.want)
		}
		if len(got.Verdicts) > 0 || len(got.Unread) > 0 {
			t.Errorf("%s: %+v %+v", name, got.Verdicts, got.Unread)
		}
	}
}

// The place that a verdict names is that of the wrong bytes in the frame.
func TestVerdictNamesThePlace(t *testing.T) {
	bad := bytes.Replace(invitation(), []byte("Max-Forwards:"), []byte("Max-Forwards :"), 1)
	r := newTape(t)
	r.send(bob, alice, sipMessage("OPTIONS sip:a@a.example SIP/2.0", "OPTIONS", ""))
	r.send(alice, bob, bad)
	r.send(alice, bob, bad)
	got := r.report()
	if len(got.Verdicts) != 1 {
		t.Fatalf("%+v", got.Verdicts)
	}
	v := got.Verdicts[0]
	frame := r.udp(alice, bob, bad)
	if v.Rule != "R17" || v.Severity != guard.Medium || v.Kind != "policy" || v.Frame != 2 || v.Count != 2 || !strings.HasPrefix(string(frame[v.Offset:]), " :") || !bytes.HasPrefix(v.Bytes[v.At:], []byte(" :")) {
		t.Errorf("%+v at %.10q", v, frame[v.Offset:])
	}
	if !got.Above() || !strings.Contains(strings.Join(v.Like, " "), "CVE-2020-28361") {
		t.Errorf("what it is like is not said: %+v", v)
	}
	if len(got.Calls) != 1 {
		t.Error("what policy refuses is a call all the same")
	}
}

// A message that comes in fragments, or in pieces over TCP, is the same message.
func TestPutTogether(t *testing.T) {
	r := newTape(t)
	r.fragments(alice, bob, invitation())
	if got := r.report(); len(got.Calls) != 1 || len(got.Unread) > 0 {
		t.Errorf("in fragments: %+v", got)
	}
	r = newTape(t)
	r.stream(alice, bob, []byte("\r\n\r\n"), 4) // keeps the connection open
	r.stream(alice, bob, append(append(bytes.Replace(invitation(), []byte("Max-Forwards:"), []byte("Max-Forwards :"), 1), "\r\n\r\n"...), sipMessage("BYE sip:b@b.example SIP/2.0", "BYE", "")...), 100)
	if got := r.report(); len(got.Calls) != 1 || got.Calls[0].Ended == nil || got.Protocols["sip"].Packets != 2 || len(got.Verdicts) != 1 {
		t.Errorf("over TCP: %+v", got)
	}
	r = newTape(t)
	whole := r.udp(alice, bob, invitation())
	r.fragments(alice, bob, invitation())
	r.out.Truncate(r.out.Len() - len(whole)/2)
	if got := r.report(); !got.Missing() || len(got.Unread) != 2 {
		t.Errorf("a file that ends in the middle: %+v", got.Unread)
	}
}

// A relay that agrees to lead into itself is an alarm; to be asked is none.
func TestRelayLeadsToItself(t *testing.T) {
	ask := stun.Begin(nil, stun.Request, stun.CreatePermission, [12]byte{1})
	ask = stun.Finish(stun.AppendAddress(ask, 0, stun.XORPeerAddress, addrOf("[::ffff:127.0.0.1]:80")), 0)
	agree := stun.Finish(stun.Begin(nil, stun.Success, stun.CreatePermission, [12]byte{1}), 0)
	refuse := stun.Finish(stun.Append(stun.Begin(nil, stun.Failure, stun.CreatePermission, [12]byte{1}), stun.ErrorCode, []byte{0, 0, 4, 3}), 0)
	for want, answer := range [][]byte{refuse, agree} {
		r := newTape(t)
		r.send("192.0.2.1:5000", "192.0.2.2:3478", ask)
		r.send("192.0.2.2:3478", "192.0.2.1:5000", answer)
		got := r.report()
		if len(got.Verdicts) != want || want == 1 && (got.Verdicts[0].Rule != "R12" || got.Verdicts[0].Severity != guard.High) {
			t.Errorf("%d: %+v", want, got.Verdicts)
		}
	}
}

// An operator's rule fires with what it says, once for each flow.
func TestOwnRules(t *testing.T) {
	example := func(from, fires string) string {
		return `{"message":"OPTIONS sip:a@a.example SIP/2.0\nVia: SIP/2.0/UDP a.example;branch=z9hG4bK1\nMax-Forwards: 70\nFrom: <sip:` + from + `@a.example>;tag=1\nTo: <sip:a@a.example>\nCall-ID: 1\nCSeq: 1 OPTIONS\n\n","fires":` + fires + `}`
	}
	rules, err := own.Parse([]byte(`{"rules":[{"id":"X7","title":"Alice calls","when":"sip.from_user == 'alice'","severity":"high","action":"drop","examples":[` + example("alice", "true") + `,` + example("eve", "false") + `]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	r := newTape(t)
	r.send(alice, bob, invitation())
	r.send(alice, bob, invitation())
	got, err := Files(context.Background(), []string{r.file()}, Options{Own: rules})
	if err != nil || len(got.Verdicts) != 1 || got.Verdicts[0].Rule != "X7" || got.Verdicts[0].Severity != guard.High || got.Verdicts[0].Count != 2 || got.Verdicts[0].Kind != "own" {
		t.Errorf("%+v, %v", got, err)
	}
}

// What a flood costs is bounded: flows and fragments are given up, and counted.
func TestFlood(t *testing.T) {
	r := newTape(t)
	in := newInspector(Options{})
	frame := r.udp("10.0.0.1:1000", bob, sound(1))
	n := maxFlows + 5000
	for i := range n {
		frame[14+12+1], frame[14+12+2], frame[14+12+3] = byte(i>>16), byte(i>>8), byte(i) // the source address
		in.frame(frameOf(frame, i))
	}
	if len(in.flows.open) > maxFlows {
		t.Errorf("%d flows are followed", len(in.flows.open))
	}
	piece := r.udp(alice, bob, make([]byte, 1000))
	piece[14+6] = 0x20 // more fragments
	for i := range 3 * maxOpen {
		piece[14+4], piece[14+5], piece[14+15] = byte(i>>8), byte(i), byte(i>>16)
		in.frame(frameOf(piece, i))
	}
	if len(in.decoder.open) > maxOpen {
		t.Errorf("%d packets wait for fragments", len(in.decoder.open))
	}
	for i := range 2000 {
		one := bytes.Replace(invitation(), []byte("Call-ID: call"), []byte(fmt.Sprintf("Call-ID: %d", i)), 1) // all name one address
		in.frame(frameOf(r.udp(alice, bob, one), i))
	}
	if len(in.flows.announced) != 2 || len(in.calls.order) != 2000 {
		t.Errorf("%d addresses of %d calls", len(in.flows.announced), len(in.calls.order))
	}
}

func TestNoCapture(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, []byte("a letter"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Files(context.Background(), []string{path}, Options{}); !errors.Is(err, errNotCapture) || !strings.Contains(err.Error(), path) {
		t.Errorf("%v", err)
	}
}

// The keys of the report are a contract.
func TestContract(t *testing.T) {
	r := newTape(t)
	r.send(alice, bob, bytes.Replace(invitation(), []byte("Max-Forwards:"), []byte("Max-Forwards :"), 1))
	b, err := json.Marshal(r.report())
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Version   int
		Files     []map[string]any
		Protocols map[string]any
		Calls     []map[string]any
		Verdicts  []map[string]any
		Unread    []any
	}
	if err := json.Unmarshal(b, &got); err != nil || got.Version != 1 || got.Unread == nil || len(got.Files) != 1 {
		t.Fatalf("%v: %s", err, b)
	}
	for _, key := range strings.Fields("id protocol from to print setup answered ended media_before_answer") {
		if _, ok := got.Calls[0][key]; !ok {
			t.Errorf("a call has no %s: %s", key, b)
		}
	}
	for _, key := range strings.Fields("rule severity action file frame offset clause title explanation") {
		if _, ok := got.Verdicts[0][key]; !ok {
			t.Errorf("a verdict has no %s: %s", key, b)
		}
	}
}

// No capture of real calls makes an alarm above low, and none is left unread; of
// other traffic those that are listed in docs/inspect.md.
func TestRealCaptures(t *testing.T) {
	files, _ := filepath.Glob("../../shared/data/captures/calls/*")
	if len(files) == 0 {
		t.Skip("SKIPPED: the captures are not beside the project")
	}
	for _, path := range files {
		got, err := Files(context.Background(), []string{path}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got.Above() || got.Missing() {
			t.Errorf("%s: %+v %+v", filepath.Base(path), got.Verdicts, got.Unread)
		}
	}
}

func FuzzFrame(f *testing.F) {
	r := newTape(f)
	f.Add(r.udp(alice, bob, invitation()), r.udp(aliceMedia, bobMedia, sound(1)))
	f.Add(r.udp("[2001:db8::1]:1", "[2001:db8::2]:3478", []byte{0x40, 0, 0, 1, 1}), []byte{})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		in := newInspector(Options{})
		for i := range 4 {
			in.frame(frameOf(a, 2*i))
			in.frame(frameOf(b, 2*i+1))
		}
		in.streams.flush()
		in.finish()
		for _, v := range in.report.Verdicts {
			if v.Offset < 0 || v.At < 0 || v.At > len(v.Bytes) {
				t.Fatalf("%+v", v)
			}
		}
	})
}
