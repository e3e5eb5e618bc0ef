package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/inspect"
)

const hostile = "\"><script>alert(1)</script>\u202e"

// sample is a report in which everything that a capture can say is hostile.
func sample() *inspect.Report {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	answered := at.Add(2 * time.Second)
	message := func(ms int, from, to, label string, media, bad bool) inspect.Message {
		return inspect.Message{At: at.Add(time.Duration(ms) * time.Millisecond), Frame: int64(ms), From: from, To: to, Label: label, Media: media, Bad: bad}
	}
	a, p, b := "192.0.2.1:5060", "192.0.2.5:5060", "[2001:db8::9]:5060"
	return &inspect.Report{Version: 1, Packets: 123456, Files: []inspect.File{{Path: hostile, Packets: 123456, From: &at, To: &answered}}, Protocols: map[string]inspect.Count{"sip": {Packets: 9, Bytes: 4000}, "rtp": {Packets: 120000, Bytes: 20000000}},
		Calls: []inspect.Call{{ID: "call-1", Protocol: "sip", From: hostile, To: "bob@b.example", Print: "sip1-0011", Setup: at, Answered: &answered, Before: "516 bytes", Explanation: "RTP and RTCP of the caller, to addresses that the callee has named, before its answer", Media: 300,
			Messages: []inspect.Message{message(0, a, p, "INVITE with a description", false, true), message(20, p, b, "INVITE", false, false), message(900, b, p, "180 Ringing", false, false), message(1000, a, b, "RTP begins", true, false),
				message(2000, b, p, "200 OK with a description", false, false), message(2020, p, a, hostile, false, false)}},
			{ID: "call-2", Protocol: "webrtc", From: a, To: b, Setup: at, Before: "unknown", Explanation: "the signalling of this call cannot be read"}},
		Verdicts: []inspect.Verdict{{Rule: "R17", Severity: guard.Medium, Action: guard.Refuse, File: hostile, Frame: 7, Offset: 99, Length: 1, Clause: "RFC 3261 §7.3.1; CVE-2020-28361", Title: hostile, Explanation: "Text that two programs read differently.", Kind: "policy",
			Like: []string{"CVE-2020-28361"}, From: a, To: p, Protocol: "sip", Sure: "certain", Count: 3, Bytes: []byte("Max-Forwards : 70\r\n<script>\x00"), At: 12}},
		Unread: []inspect.Unread{{File: hostile, Why: "cut short by the capture", Packets: 4, Frame: 9, Missing: true}}}
}

func TestWrite(t *testing.T) {
	var b bytes.Buffer
	if err := Write(&b, sample()); err != nil {
		t.Fatal(err)
	}
	out := b.String()
	if strings.Contains(out, "<script>") || strings.Contains(out, "\u202e") {
		t.Error("what a capture says gets out of its place")
	}
	for _, want := range []string{"Packets: 123\u202f456", "516 bytes", "<mark>[20]</mark>", "CVE-2020-28361", "\\u{202e}", "This may have been evidence", "! INVITE with a description", ">answered<"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in the page", want)
		}
	}
	if strings.Contains(out, "http://") || strings.Contains(out, "https://") {
		t.Error("the page names an address outside")
	}
}

func TestDump(t *testing.T) {
	lines := dump([]byte("0123456789abcdefXYZ"), 15, 3)
	if len(lines) != 2 || lines[0].Pieces[15].Text != "[66" || lines[1].Pieces[1].Text != "[59]" || !lines[1].Text[0].Marked || lines[1].Text[2].Marked {
		t.Errorf("%+v", lines)
	}
	if lines := dump(nil, 0, 0); lines != nil {
		t.Errorf("%+v", lines)
	}
}
