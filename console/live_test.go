package console

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/guard"
)

// sse is one event of a stream.
type sse struct{ name, id, data string }

// listen opens a stream and hands its events over, without those that only
// show that it is alive.
func (w *window) listen(path, lastID string) (<-chan sse, context.CancelFunc) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w.t.Cleanup(cancel)
	r, _ := http.NewRequestWithContext(ctx, "GET", w.url+path, nil)
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	res, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	if res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") || res.Header.Get("Cache-Control") != "no-store" {
		w.t.Fatalf("stream: %d %v", res.StatusCode, res.Header)
	}
	events := make(chan sse, 1000)
	go func() {
		defer close(events)
		defer res.Body.Close()
		var e sse
		lines := bufio.NewReader(res.Body)
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
			switch field {
			case "event":
				e.name = value
			case "id":
				e.id = value
			case "data":
				e.data = value
			case "":
				if e.name != "" && e.name != "alive" {
					events <- e
				}
				e = sse{}
			}
		}
	}()
	return events, cancel
}

func next(t *testing.T, events <-chan sse) sse {
	t.Helper()
	select {
	case e, ok := <-events:
		if !ok {
			t.Fatal("the stream has ended")
		}
		return e
	case <-time.After(time.Minute):
		t.Fatal("no event came")
		return sse{}
	}
}

// Events that came between the page and the stream, while connected, and while
// the connection was down all arrive, once and in order.
func TestLiveMissesNothing(t *testing.T) {
	w := signedInWindow(t)
	w.people2()
	for range 250 { // more than is read at once
		w.add(someVerdict(w.now(), nil))
	}
	events, hangUp := w.listen("/verdicts/live?after=10", "")
	for n := 11; n <= 250; n++ {
		if e := next(t, events); e.name != "verdict" || e.id != fmt.Sprint(n) {
			t.Fatalf("event %+v, want verdict %d", e, n)
		}
	}
	w.add(someVerdict(w.now(), nil))
	e := next(t, events)
	var r row
	if err := json.Unmarshal([]byte(e.data), &r); err != nil || r.Number != 251 || r.From.Name != "mallory" || r.To.Name != "bob" || r.Severity != "high" {
		t.Fatalf("%+v: %v", e, err)
	}
	w.recount(251, 40)
	if e := next(t, events); e.name != "count" || e.data != `{"count":40,"number":251}` {
		t.Errorf("a count that has grown: %+v", e)
	}
	hangUp()
	w.add(someVerdict(w.now(), nil))
	w.add(someVerdict(w.now(), nil))
	events, _ = w.listen("/verdicts/live?after=10", "251")
	for n := 252; n <= 253; n++ {
		if e := next(t, events); e.id != fmt.Sprint(n) {
			t.Fatalf("after the reconnect: %+v, want verdict %d", e, n)
		}
	}
}

func TestLiveFilter(t *testing.T) {
	w := signedInWindow(t)
	events, _ := w.listen("/verdicts/live?after=0&severity=critical", "")
	w.add(someVerdict(w.now(), nil))
	v := someVerdict(w.now(), nil)
	v.Severity = guard.Critical
	v.Reason = "line\nbreak\n\nevent: over\ndata: x\u2028"
	w.add(v)
	e := next(t, events)
	if e.name != "verdict" || e.id != "2" || strings.ContainsAny(e.data, "\n\r\u2028") {
		t.Errorf("%+v", e)
	}
}

func TestLiveEnds(t *testing.T) {
	w := signedInWindow(t)
	events, _ := w.listen("/verdicts/live?after=0", "")
	if code, _ := w.post("/sign-out"); code != http.StatusSeeOther {
		t.Fatal("sign-out")
	}
	time.Sleep(2 * pause)
	w.add(someVerdict(w.now(), nil))
	for e := range events {
		if e.name == "over" && strings.Contains(e.data, "signed out") {
			return
		}
		if e.name == "verdict" {
			t.Error("a verdict came to somebody who had signed out")
		}
	}
	t.Error("the stream ended without a word")
}

func TestLiveOutlastsTheServersPatience(t *testing.T) {
	w := signedInWindow(t)
	events, _ := w.listen("/verdicts/live?after=0", "")
	time.Sleep(serverTime + time.Second)
	w.add(someVerdict(w.now(), nil))
	if e := next(t, events); e.id != "1" {
		t.Errorf("%+v", e)
	}
}

func TestLiveIsLimited(t *testing.T) {
	w := signedInWindow(t)
	var last context.CancelFunc
	for range maxStreams {
		_, last = w.listen("/verdicts/live?after=0", "")
	}
	events, _ := w.listen("/verdicts/live?after=0", "")
	if e := next(t, events); e.name != "over" || !strings.Contains(e.data, "too many") {
		t.Errorf("one stream more than allowed: %+v", e)
	}
	last()
	w.add(someVerdict(w.now(), nil))
	for { // the server notices that the last one hung up
		events, _ := w.listen("/verdicts/live?after=0", "")
		if e := next(t, events); e.name == "verdict" {
			break
		}
	}
	for _, bad := range []string{"", "?after=x", "?after=-1", "?after=0&rule=R99"} {
		if code, _ := w.get("/verdicts/live" + bad); code != 400 {
			t.Errorf("live%s: %d, want 400", bad, code)
		}
	}
}
