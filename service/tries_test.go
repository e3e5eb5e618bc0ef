package service

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ringfence/ringfence/guard"
)

var tries = flag.Int("tries", 440_000, "how many invites TestAMillionTries tries, in two halves; a half is more than the guard keeps budgets")

// From many addresses at once only so many tries are looked at in all, and
// people who have an account do not notice.
func TestTriesFromManyAddresses(t *testing.T) {
	w := newWorld(t)
	code := w.invite("")
	alice := w.register("alice")
	const inAll, ofOne, addresses, each = 300, 5, 500, 10
	w.limits(func(l *guard.Limits) { l.InviteTriesPerMinute, l.TriesPerMinute = inAll, ofOne })
	guess, err := json.Marshal(registration(newKey(), "aaaa-aaaa-aaaa-aaaa-aaaa-aaaa", "eve"))
	if err != nil {
		t.Fatal(err)
	}
	if !mayBind("127.77.0.1") {
		t.Skip("this system has one loopback address; TestAMillionTries has many addresses without sockets")
	}
	var looked, turned atomic.Int64
	hosts := make(chan int)
	var guessing sync.WaitGroup
	for range 8 {
		guessing.Go(func() {
			for n := range hosts {
				for status, times := range w.guess(fmt.Sprintf("127.77.%d.%d", n/250, 1+n%250), guess, each) {
					switch status {
					case http.StatusForbidden:
						looked.Add(int64(times))
					case http.StatusTooManyRequests:
						turned.Add(int64(times))
					default:
						t.Errorf("a guess is answered with %d, %d times", status, times)
					}
				}
			}
		})
	}
	for n := range addresses {
		hosts <- n
	}
	close(hosts)
	guessing.Wait()
	// The budget refills while the test runs: 5 a second.
	if n := looked.Load(); n < inAll || n > 2*inAll || n+turned.Load() != addresses*each {
		t.Errorf("of %d guesses from %d addresses %d were looked at and %d turned away; the limit is %d a minute", addresses*each, addresses, n, turned.Load(), inAll)
	}
	w.limits(func(l *guard.Limits) { l.TriesPerMinute = 1000 })
	alice.challenge() // signing in goes on, and what one is signed in for
	w.want(200, "GET", "/v1/account", alice.token, nil)
	w.limits(func(l *guard.Limits) { l.InviteTriesPerMinute = 1 << 30 }) // a minute later
	for range 1000 {
		if status, _ := w.do("POST", "/v1/register", "", registration(newKey(), code, "bob")); status == 200 {
			return
		}
	}
	t.Error("the invite is not good any more after others were guessed at")
}

func mayBind(host string) bool {
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return false
	}
	l.Close()
	return true
}

// guess tries an invite from an address so many times, and counts the answers
// by their status.
func (w *world) guess(host string, body []byte, times int) map[int]int {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(host)}}
	transport := &http.Transport{DialContext: dialer.DialContext}
	defer transport.CloseIdleConnections()
	client, answers := http.Client{Transport: transport}, map[int]int{}
	for range times {
		resp, err := client.Post(w.web.URL+"/v1/register", "application/json", bytes.NewReader(body))
		if err != nil {
			answers[0]++
			continue
		}
		resp.Body.Close()
		answers[resp.StatusCode]++
	}
	return answers
}

// However many try, and from however many networks: what the server keeps of
// it is bounded, in memory, in the ledger and on disk, and all of it is on
// record.
func TestAMillionTries(t *testing.T) {
	w := newWorld(t)
	w.limits(func(l *guard.Limits) { l.InviteTriesPerMinute = 1000 })
	guess, err := json.Marshal(registration(newKey(), "aaaa-aaaa-aaaa-aaaa-aaaa-aaaa", "eve"))
	if err != nil {
		t.Fatal(err)
	}
	begin := held()
	looked := w.guessFromAll(guess, 0, *tries/2)
	half := held()
	looked += w.guessFromAll(guess, *tries/2, *tries)
	end := held()
	w.verdicts() // are written
	lines, events := 0, 0
	all, err := w.s.Tally(context.Background(), guard.Filter{Kind: guard.SignIn})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range all {
		lines, events = lines+l.Verdicts, events+l.Events
	}
	disk := w.onDisk()
	t.Logf("%d tries from as many networks: %d looked at, %d lines in the ledger, memory grew by %d KiB and then by %d KiB, the store has %d KiB",
		*tries, looked, lines, (half-begin)>>10, (end-half)>>10, disk>>10)
	if events != *tries || lines > *tries/100 {
		t.Errorf("%d tries are on record as %d, in %d lines", *tries, events, lines)
	}
	// Without a bound the second half would take as much again as the first.
	if end-half > max(4<<20, half-begin)/2 || end-begin > 128<<20 || disk > 16<<20 {
		t.Errorf("after %d tries memory grew by %d bytes, %d of them after the first half, and the store has %d", *tries, end-begin, end-half, disk)
	}
}

// guessFromAll tries an invite from each of many networks once, without
// sockets, and returns how many tries were looked at.
func (w *world) guessFromAll(body []byte, first, end int) (looked int64) {
	var next, seen atomic.Int64
	next.Store(int64(first))
	var guessing sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		guessing.Go(func() {
			for n := next.Add(1); n <= int64(end); n = next.Add(1) {
				r := httptest.NewRequest("POST", "/v1/register", bytes.NewReader(body))
				r.RemoteAddr = fmt.Sprintf("[2001:db8:%x:%x::1]:4711", n>>16, n&0xffff)
				out := httptest.NewRecorder()
				w.s.ServeHTTP(out, r)
				switch out.Code {
				case http.StatusForbidden:
					seen.Add(1)
				case http.StatusTooManyRequests:
				default:
					w.t.Errorf("a guess is answered with %d", out.Code)
				}
			}
		})
	}
	guessing.Wait()
	return seen.Load()
}

// onDisk is how many bytes the store has, its log with it.
func (w *world) onDisk() (size int64) {
	files, err := filepath.Glob(filepath.Join(w.folder, "ringfence.db*"))
	if err != nil || len(files) == 0 {
		w.t.Fatalf("no store in %s: %v", w.folder, err)
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			w.t.Fatal(err)
		}
		size += info.Size()
	}
	return size
}

// held is how much memory is in use when what is not needed has gone.
func held() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
