package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/ringfence/ringfence/internal/load"
	"github.com/ringfence/ringfence/internal/loopback"
	"github.com/ringfence/ringfence/wire/call"
	"github.com/ringfence/ringfence/wire/letter"
)

const (
	crashRecipients = 4
	crashSenders    = 2  // of each recipient
	crashWindow     = 16 // letters of a sender that are not answered yet
	crashPatience   = time.Minute
)

// crash is one run of the server that is killed again and again, and what has
// been seen of it from outside.
type crash struct {
	t      *testing.T
	binary string
	data   string
	listen string
	relay  string
	logs   bytes.Buffer

	mu     sync.Mutex
	server *exec.Cmd
	exited chan struct{}
	stop   bool // no more letters
	over   bool // and all have been answered

	sent  map[uint64]bool // marks handed in
	acked map[uint64]bool // marks answered with 204
	// shown is what each device showed: the letters by number, and the marks.
	shown []map[uint64]uint64
	marks map[uint64]int
}

// TestCrash kills the server with SIGKILL at random moments under load, starts
// it again, and counts: every letter that was acknowledged is delivered, none
// is lost, and none is shown twice. RINGFENCE_KILLS says how often.
func TestCrash(t *testing.T) {
	kills := 4
	if s := os.Getenv("RINGFENCE_KILLS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			t.Fatalf("RINGFENCE_KILLS is %q, want a number of 1 or more", s)
		}
		kills = n
	}
	c := &crash{
		t: t, data: filepath.Join(t.TempDir(), "data"), listen: loopback.Free(t), relay: loopback.Free(t),
		sent: map[uint64]bool{}, acked: map[uint64]bool{}, marks: map[uint64]int{},
	}
	c.build()
	c.start()
	t.Cleanup(func() { c.kill(); c.explain() })
	var accounts []*load.Account
	for i := range crashRecipients {
		a, err := load.Register("http://"+c.listen, "", fmt.Sprintf("crash_%d", i))
		if err != nil {
			t.Fatal(err)
		}
		accounts = append(accounts, a)
		c.shown = append(c.shown, map[uint64]uint64{})
	}
	var senders, devices sync.WaitGroup
	for i, a := range accounts {
		for k := range crashSenders {
			senders.Go(func() { c.send(a, uint64(i)<<40|uint64(k)<<32) })
		}
		devices.Go(func() { c.receive(a, i) })
	}
	for k := range kills {
		time.Sleep(200*time.Millisecond + time.Duration(rand.Int64N(int64(800*time.Millisecond))))
		c.kill()
		t.Logf("kill %d: %s", k+1, c.count())
		c.start()
	}
	time.Sleep(300 * time.Millisecond)
	c.mu.Lock()
	c.stop = true
	c.mu.Unlock()
	senders.Wait()
	c.mu.Lock()
	c.over = true
	c.mu.Unlock()
	devices.Wait()
	c.check()
	c.verify()
}

// built makes the program that people run.
func built(t *testing.T) (binary string) {
	t.Helper()
	binary = filepath.Join(t.TempDir(), "ringfence")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	cmd := exec.Command("go", "build", "-o", binary, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

func (c *crash) build() {
	c.binary = built(c.t)
	limits := `{"limits":{"hand_ins_per_token_minute":1000000000,"letters_per_mailbox":1000000000,"bytes_per_mailbox":1000000000000,"tries_per_minute":1000000,"requests_per_minute":1000000}}`
	if err := errors.Join(os.MkdirAll(c.data, 0o700), os.WriteFile(filepath.Join(c.data, "guard.json"), []byte(limits), 0o600)); err != nil {
		c.t.Fatal(err)
	}
}

// start starts the server and waits until it answers.
func (c *crash) start() {
	c.t.Helper()
	cmd := exec.Command(c.binary, "serve", "--data", c.data, "--listen", c.listen, "--relay", c.relay, "--open")
	cmd.Stdout, cmd.Stderr = &c.logs, &c.logs
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() { _ = cmd.Wait(); close(exited) }() // it ends by a kill, which is an error
	c.mu.Lock()
	c.server, c.exited = cmd, exited
	c.mu.Unlock()
	for began := time.Now(); time.Since(began) < crashPatience; time.Sleep(10 * time.Millisecond) {
		r, err := http.Get("http://" + c.listen + "/v1/server")
		if err == nil {
			_, _ = io.Copy(io.Discard, r.Body)
			r.Body.Close()
			return
		}
		select {
		case <-exited:
			c.t.Fatal("serve ended by itself")
		default:
		}
	}
	c.t.Fatal("serve did not answer")
}

func (c *crash) kill() {
	c.mu.Lock()
	cmd, exited := c.server, c.exited
	c.mu.Unlock()
	_ = cmd.Process.Kill() // SIGKILL
	<-exited
}

// explain shows what the server said, when something went wrong.
func (c *crash) explain() {
	if c.t.Failed() {
		out := c.logs.Bytes()
		c.t.Logf("the server's last words:\n%s", out[max(0, len(out)-8000):])
	}
}

func (c *crash) stopped() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stop
}

func (c *crash) done() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.over
}

func (c *crash) count() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprintf("%d handed in, %d acknowledged, %d shown", len(c.sent), len(c.acked), len(c.marks))
}

// send hands in letters, each with a mark of its own, until it is told to stop.
// A letter that was not answered when the server died is not handed in again:
// it may be delivered or not.
func (c *crash) send(a *load.Account, mark uint64) {
	sealed := load.Envelope(0)
	for !c.stopped() {
		s, err := load.Dial(a.Server, "/v1/handin")
		if err != nil {
			time.Sleep(20 * time.Millisecond)
			continue
		}
		mark = c.sendOn(s, a.Token, sealed, mark)
		s.Close()
	}
}

// sendOn uses one connection until it breaks, and returns the next mark.
func (c *crash) sendOn(s *load.Socket, token, sealed []byte, mark uint64) uint64 {
	_ = s.SetDeadline(time.Now().Add(crashPatience))
	inFlight := map[uint32]uint64{}
	var answer []byte
	for stop := false; !stop || len(inFlight) > 0; {
		for stop = c.stopped(); !stop && len(inFlight) < crashWindow; mark++ {
			sequence := binary.BigEndian.AppendUint32(nil, uint32(mark))
			binary.BigEndian.PutUint64(sealed[load.MarkAt:], mark)
			s.Put(sequence, token, sealed)
			inFlight[uint32(mark)] = mark
			c.mu.Lock()
			c.sent[mark] = true
			c.mu.Unlock()
		}
		if s.Flush() != nil {
			return mark
		}
		if len(inFlight) == 0 {
			return mark
		}
		var err error
		if answer, err = s.Read(answer); err != nil {
			return mark
		}
		sequence, status, err := letter.Answer(answer)
		m, known := inFlight[sequence]
		if err != nil || !known || status != http.StatusNoContent {
			c.t.Errorf("answer %x (%v), status %d, known %v", answer, err, status, known)
			return mark
		}
		delete(inFlight, sequence)
		c.mu.Lock()
		c.acked[m] = true
		c.mu.Unlock()
	}
	return mark
}

// receive is a device: it shows a letter whose number it does not know, and
// acknowledges it. It ends when nothing more is handed in and all that waited
// has come.
func (c *crash) receive(a *load.Account, i int) {
	for {
		last := c.done()
		s, err := a.Connect()
		if err != nil {
			time.Sleep(20 * time.Millisecond)
			continue
		}
		drained := c.receiveOn(s, i, last)
		s.Close()
		if drained {
			return
		}
	}
}

// receiveOn uses one connection until it breaks, or, when it is the last one,
// until everything that waited has come.
func (c *crash) receiveOn(s *load.Socket, i int, last bool) bool {
	_ = s.SetDeadline(time.Now().Add(crashPatience))
	var b []byte
	for {
		if !last && c.done() {
			return false // to connect once more
		}
		if !last {
			_ = s.SetReadDeadline(time.Now().Add(200 * time.Millisecond)) // to look whether it is the end
		}
		var err error
		if b, err = s.Read(b); err != nil {
			return false
		}
		if b[0] == call.TypeDrained && last {
			return true
		}
		if b[0] != call.TypeLetter {
			continue
		}
		l, err := letter.Parse(b)
		if err != nil {
			c.t.Error(err)
			return false
		}
		c.show(i, l)
		s.Put(letter.AppendTaken(nil, []uint64{l.Number}))
		if s.Flush() != nil {
			return false
		}
	}
}

func (c *crash) show(i int, l letter.Letter) {
	mark := binary.BigEndian.Uint64(l.Envelope[load.MarkAt:])
	c.mu.Lock()
	defer c.mu.Unlock()
	if before, known := c.shown[i][l.Number]; known {
		if before != mark {
			c.t.Errorf("device %d: number %d was given to %x and to %x", i, l.Number, before, mark)
		}
		return // come again: it was shown already
	}
	c.shown[i][l.Number] = mark
	c.marks[mark]++
	if int(mark>>40) != i {
		c.t.Errorf("device %d got the letter %x of another", i, mark)
	}
}

// check counts.
func (c *crash) check() {
	lost, twice, strange := 0, 0, 0
	for m := range c.acked {
		if c.marks[m] == 0 {
			lost++
		}
	}
	for m, n := range c.marks {
		if n > 1 {
			twice++
		}
		if !c.sent[m] {
			strange++
		}
	}
	c.t.Logf("in the end: %s; %d were on disk when the server died before it could say so", c.count(), len(c.marks)+lost-len(c.acked))
	if lost > 0 || twice > 0 || strange > 0 {
		c.t.Errorf("%d acknowledged letters lost, %d shown twice, %d never sent", lost, twice, strange)
	}
	if len(c.acked) < 100 {
		c.t.Errorf("%d letters acknowledged: that is no load", len(c.acked))
	}
}

// verify has the program look at its own data folder.
func (c *crash) verify() {
	c.kill()
	if out, err := exec.Command(c.binary, "verify", "--data", c.data).CombinedOutput(); err != nil {
		c.t.Errorf("verify: %v\n%s", err, out)
	}
}
