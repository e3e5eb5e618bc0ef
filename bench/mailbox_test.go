// Package bench holds the measured figures: the server runs in a process of its
// own, with the sockets and handlers that people get, and is loaded from this
// one. Figures of the peers that stand beside are from the same run.
package bench

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringfence/ringfence/internal/load"
	"github.com/ringfence/ringfence/wire/call"
	"github.com/ringfence/ringfence/wire/letter"
)

const (
	clients  = 200
	each     = 1500            // letters of each client
	inFlight = 32              // letters of each client that are not answered yet
	paced    = 20_000          // letters/s, for the latency
	pacedFor = 5 * time.Second // how long
	idle     = 1900            // connections that do nothing
	group    = 16              // letters that a device acknowledges at once
	class    = 1               // 300 bytes of text are sealed in size class 1
)

// sender hands letters in and counts the answers.
type sender struct {
	*load.Socket
	window   chan struct{}
	answered atomic.Int64
	sequence uint32
}

func newSender(b *testing.B, server string) *sender {
	s, err := load.Dial(server, "/v1/handin")
	if err != nil {
		b.Fatal(err)
	}
	return &sender{Socket: s, window: make(chan struct{}, inFlight)}
}

// put hands one letter in with the next Flush.
func (s *sender) put(token, sealed []byte) {
	var head [4]byte
	s.sequence++
	binary.BigEndian.PutUint32(head[:], s.sequence)
	s.Put(head[:], token, sealed)
}

// answers reads n answers; each must be 204.
func (s *sender) answers(n int) error {
	var b []byte
	for range n {
		var err error
		if b, err = s.Read(b); err != nil {
			return err
		}
		if _, status, err := letter.Answer(b); err != nil || status != 204 {
			return fmt.Errorf("answer %x: status %d", b, status)
		}
		s.answered.Add(1)
		<-s.window
	}
	return nil
}

// hand hands in n letters as fast as the window lets it.
func (s *sender) hand(token, sealed []byte, n int) error {
	for n > 0 {
		s.window <- struct{}{}
		k := 1
		for full := false; k < n && !full; {
			select {
			case s.window <- struct{}{}:
				k++
			default:
				full = true
			}
		}
		for range k {
			s.put(token, sealed)
		}
		if err := s.Flush(); err != nil {
			return err
		}
		n -= k
	}
	return nil
}

// receive takes letters as a device does until n have come, and tells of each.
// It acknowledges them in groups, as a device does that stores several at once.
func receive(s *load.Socket, n int, letterCame func(l []byte)) error {
	var b, ack []byte
	var numbers []uint64
	for n > 0 {
		var err error
		if b, err = s.Read(b); err != nil {
			return err
		}
		if b[0] != call.TypeLetter {
			continue
		}
		n--
		letterCame(b)
		numbers = append(numbers, binary.BigEndian.Uint64(b[1:]))
		if len(numbers) == group || n == 0 {
			ack = letter.AppendTaken(ack[:0], numbers)
			s.Put(ack)
			if err := s.Flush(); err != nil {
				return err
			}
			numbers = numbers[:0]
		}
	}
	return nil
}

type people struct {
	accounts []*load.Account
	senders  []*sender
}

// newPeople registers n accounts, each with a hand-in socket when they are
// going to write.
func newPeople(b *testing.B, s *server, n int) *people {
	p := &people{}
	for i := range n {
		a, err := load.Register(s.url, "", fmt.Sprintf("bench_%d", i))
		if err != nil {
			b.Fatal(err)
		}
		p.accounts = append(p.accounts, a)
		if n <= clients {
			p.senders = append(p.senders, newSender(b, s.url))
		}
	}
	b.Cleanup(func() {
		for _, s := range p.senders {
			s.Close()
		}
	})
	return p
}

// run lets all clients send to their neighbours at once, and receive where
// devices are connected.
func (p *people) run(b *testing.B, devices []*load.Socket) time.Duration {
	sealed := load.Envelope(class)
	var wg sync.WaitGroup
	began := time.Now()
	together := func(f func() error) {
		wg.Go(func() {
			if err := f(); err != nil {
				b.Error(err)
			}
		})
	}
	for i, s := range p.senders {
		token := p.accounts[(i+1)%len(p.accounts)].Token
		together(func() error { return s.hand(token, sealed, each) })
		together(func() error { return s.answers(each) })
	}
	for _, d := range devices {
		together(func() error { return receive(d, each, func([]byte) {}) })
	}
	wg.Wait()
	return time.Since(began)
}

func (p *people) connect(b *testing.B) (devices []*load.Socket) {
	for _, a := range p.accounts {
		d, err := a.Connect()
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { d.Close() })
		devices = append(devices, d)
	}
	return devices
}

func report(b *testing.B, s *server, n int, took, cpu time.Duration) {
	b.ReportMetric(float64(n)/took.Seconds(), "letters/s")
	b.ReportMetric(float64(cpu.Microseconds())/float64(n), "server-µs/letter")
	b.ReportMetric(float64(len(load.Envelope(class))), "bytes/letter")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkOnline: all 200 are connected, and each letter is on disk, answered,
// delivered and taken.
func BenchmarkOnline(b *testing.B) {
	s := start(b)
	p := newPeople(b, s, clients)
	devices := p.connect(b)
	for b.Loop() {
		cpu := s.cpu()
		took := p.run(b, devices)
		report(b, s, clients*each, took, s.cpu()-cpu)
	}
}

// offline is what BenchmarkOffline measured, for the peer to be held against.
var offline float64

// BenchmarkOffline: nobody is connected; each letter is on disk before it is
// answered.
func BenchmarkOffline(b *testing.B) {
	s := start(b)
	p := newPeople(b, s, clients)
	for b.Loop() {
		cpu := s.cpu()
		took := p.run(b, nil)
		offline = float64(clients*each) / took.Seconds()
		report(b, s, clients*each, took, s.cpu()-cpu)
	}
}

// BenchmarkLatency: 20,000 letters a second, evenly spaced; from the moment at
// which a letter should leave to its arrival at the other device.
func BenchmarkLatency(b *testing.B) {
	s := start(b)
	p := newPeople(b, s, clients)
	devices := p.connect(b)
	for b.Loop() {
		cpu := s.cpu()
		all := p.pace(b, devices)
		b.ReportMetric(float64((s.cpu()-cpu).Microseconds())/float64(len(all)), "server-µs/letter")
		slices.Sort(all)
		at := func(q float64) float64 { return float64(all[int(q*float64(len(all)-1))].Microseconds()) / 1000 }
		b.ReportMetric(at(0.5), "ms-p50")
		b.ReportMetric(at(0.99), "ms-p99")
		b.ReportMetric(at(1), "ms-max")
		b.ReportMetric(0, "ns/op")
	}
}

func (p *people) pace(b *testing.B, devices []*load.Socket) (all []time.Duration) {
	const tick = time.Millisecond
	ticks := int(pacedFor / tick)
	perTick := int(paced * tick / time.Second)
	n := ticks * perTick / clients
	times := make([][]time.Duration, clients)
	began := time.Now().Add(100 * time.Millisecond)
	var wg sync.WaitGroup
	for i, d := range devices {
		wg.Go(func() {
			if err := receive(d, n, func(l []byte) {
				sent := time.Duration(binary.BigEndian.Uint64(l[17+load.MarkAt:]))
				times[i] = append(times[i], time.Since(began)-sent)
			}); err != nil {
				b.Error(err)
			}
		})
		wg.Go(func() {
			if err := p.senders[i].answers(n); err != nil {
				b.Error(err)
			}
		})
	}
	sealed := load.Envelope(class)
	for t := range ticks {
		at := time.Duration(t) * tick
		time.Sleep(time.Until(began.Add(at)))
		for k := range perTick {
			i := (t*perTick + k) % clients
			s := p.senders[i]
			s.window <- struct{}{}
			binary.BigEndian.PutUint64(sealed[load.MarkAt:], uint64(at))
			s.put(p.accounts[(i+1)%clients].Token, sealed)
			if err := s.Flush(); err != nil {
				b.Fatal(err)
			}
		}
	}
	wg.Wait()
	for _, t := range times {
		all = append(all, t...)
	}
	return all
}

// BenchmarkIdle: what a connected device costs the server that does nothing.
func BenchmarkIdle(b *testing.B) {
	s := start(b)
	p := newPeople(b, s, idle)
	for b.Loop() {
		time.Sleep(200 * time.Millisecond)
		before := s.memory()
		p.connect(b)
		time.Sleep(500 * time.Millisecond)
		b.ReportMetric(float64(s.memory()-before)/idle/1024, "KB/connection")
		b.ReportMetric(float64(before)/(1<<20), "MB-without")
		b.ReportMetric(0, "ns/op")
	}
}
