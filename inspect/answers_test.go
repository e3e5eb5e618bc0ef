package inspect

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/wire/stun"
)

func answersOf(t *testing.T, lines ...string) *Answers {
	t.Helper()
	path := filepath.Join(t.TempDir(), "answers.jsonl")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := ReadAnswers(path)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// With a log of answers, what reached a callee of an encrypted call before it
// answered is known as well: by the call's id in the user name of its relay.
func TestAnswersOfOurCalls(t *testing.T) {
	const id = "000102030405060708090a0b0c0d0e0f"
	relay, peer := "192.0.2.2:3478", addrOf("192.0.2.2:49152")
	allocate := func(leg string) []byte {
		b := stun.Append(stun.Begin(nil, stun.Request, stun.Allocate, [12]byte{1}), stun.Username, []byte(id+"-"+leg))
		return stun.Finish(b, 0)
	}
	data := stun.AppendAddress(stun.Begin(nil, stun.Indication, stun.Data, [12]byte{2}), 0, stun.XORPeerAddress, peer)
	data = stun.Finish(stun.Append(data, stun.DataValue, make([]byte, 100)), 0)
	r := newTape(t)
	r.send("192.0.2.9:5000", relay, allocate("a"))
	r.send("192.0.2.1:5000", relay, allocate("c"))
	for range 3 { // to the callee, and what the caller gets does not count
		r.send(relay, "192.0.2.9:5000", data)
		r.send(relay, "192.0.2.1:5000", data)
	}
	answer := r.at.Add(time.Millisecond).Format(time.RFC3339Nano)
	r.send(relay, "192.0.2.9:5000", data)
	for said, want := range map[string]string{
		`{"call_id":"` + id + `","answered":"` + answer + `"}`:                       "300 bytes",
		`{"call_id":"` + id + `","answered":null}`:                                   "400 bytes",
		`{"call_id":"` + id + `","answered":"2026-03-01T12:00:00Z"}`:                 "none",
		`{"call_id":"ffff02030405060708090a0b0c0d0e0f","answered":"` + answer + `"}`: "",
	} {
		got, err := Files(context.Background(), []string{r.file()}, Options{Answers: answersOf(t, said, "")})
		if err != nil {
			t.Fatal(err)
		}
		if want == "" && len(got.Calls) != 0 || want != "" && (len(got.Calls) != 1 || got.Calls[0].Before != want) {
			t.Errorf("%s: %+v, want %s", said, got.Calls, want)
		}
	}
}

// Another service's calls are found by the addresses of their ends.
func TestAnswersByAddress(t *testing.T) {
	r := newTape(t)
	for i := range 10 {
		r.send(aliceMedia, bobMedia, sound(i))
	}
	answer := r.at.Add(time.Millisecond).Format(time.RFC3339Nano)
	for i := range 10 {
		r.send(aliceMedia, bobMedia, sound(10+i))
		r.send(bobMedia, aliceMedia, sound(i))
	}
	for _, c := range []struct{ caller, callee, want string }{{"192.0.2.1", "192.0.2.9", "1720 bytes"}, {"192.0.2.9", "192.0.2.1", "none"}} {
		got, err := Files(context.Background(), []string{r.file()}, Options{Answers: answersOf(t, fmt.Sprintf(`{"caller":%q,"callee":%q,"answered":%q}`, c.caller, c.callee, answer))})
		if err != nil || len(got.Calls) != 1 || got.Calls[0].Before != c.want || got.Calls[0].From != c.caller {
			t.Errorf("%+v: %+v, %v", c, got.Calls, err)
		}
	}
}

func TestAnswersRefused(t *testing.T) {
	for text, says := range map[string]string{"{": "line 1", "\n{}": "line 2", `{"caller":"x"}`: "line 1", strings.Repeat("x", maxLine+1): "too long"} {
		path := filepath.Join(t.TempDir(), "a")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadAnswers(path); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}
