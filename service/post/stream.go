package post

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/ringfence/ringfence/service/socket"
	"github.com/ringfence/ringfence/wire/envelope"
	"github.com/ringfence/ringfence/wire/letter"
)

const (
	// window is how many letters of one hand-in socket may be on their way; it
	// is not read further until one of them is answered.
	window = 64
	// maxStreams is how many hand-in sockets may be open at once, about 20 KB
	// each, and maxPerNetwork how many of them from one network address.
	maxStreams    = 10_000
	maxPerNetwork = 500
	// streamPatience is how long a hand-in socket may be silent.
	streamPatience = 2 * time.Minute
	// answerSize is the length of an answer: sequence (4), status (2).
	answerSize = 6
	// postTime bounds a hand-in over HTTP, from first byte to answer.
	postTime = 30 * time.Second
)

// ServeEnvelope answers POST /v1/envelopes: a delivery token and an envelope.
func (o *Office) ServeEnvelope(w http.ResponseWriter, r *http.Request) {
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Now().Add(postTime)) // not every writer has deadlines; the server's own hold then
	body := http.MaxBytesReader(w, r.Body, letter.TokenSize+envelope.MaxSize+1)
	b, err := io.ReadAll(body)
	status := http.StatusRequestEntityTooLarge
	if err == nil {
		from, _ := netip.ParseAddrPort(r.RemoteAddr)
		token := b[:min(len(b), letter.TokenSize)]
		status = o.HandIn(r.Context(), from, token, b[len(token):])
	} else if long := new(http.MaxBytesError); !errors.As(err, &long) {
		status = http.StatusBadRequest
	}
	if status == http.StatusNoContent {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	m := answers[status]
	fmt.Fprintf(w, `{"error":{"code":%q,"message":%q,"hint":%q}}`+"\n", m.code, m.message, m.hint)
}

var answers = map[int]struct{ code, message, hint string }{
	http.StatusBadRequest:            {"unread", "the request broke off", "send it again"},
	http.StatusForbidden:             {"token", "the delivery token is not valid", "ask the contact for a new one"},
	http.StatusRequestEntityTooLarge: {"too_long", "the envelope is longer than the largest one", "see docs/protocol.md, Envelope"},
	http.StatusUnprocessableEntity:   {"malformed", "this is not a delivery token and an envelope", "see docs/protocol.md, Envelope"},
	http.StatusTooManyRequests:       {"too_many", "too many letters with this delivery token", "wait a minute"},
	http.StatusInternalServerError:   {"internal", "the letter could not be stored", "try again later"},
	http.StatusServiceUnavailable:    {"unavailable", "the server is stopping", "try again later"},
	http.StatusInsufficientStorage:   {"full", "the recipient's mailbox or the server's disk is full", "try again later"},
}

// stream is one hand-in socket.
type stream struct {
	office *Office
	from   netip.Prefix
	conn   *socket.Conn  // nil until the socket has been accepted
	room   chan struct{} // holds one for each letter on its way

	mu      sync.Mutex
	answers []byte // answers to write, 6 bytes each
	spare   []byte
}

// ServeStream answers GET /v1/handin: a WebSocket on which letters are handed
// in, many at a time.
func (o *Office) ServeStream(w http.ResponseWriter, r *http.Request) {
	s := &stream{office: o, from: network(r.RemoteAddr), room: make(chan struct{}, window)}
	if !o.enter(s) {
		http.Error(w, "too many hand-in sockets; try again later", http.StatusServiceUnavailable)
		return
	}
	conn, err := socket.Accept(w, r, socket.Options{Limit: letter.HandInSize, ReadBuffer: 16 << 10, Fill: s.write})
	if err != nil {
		o.leave(s)
		return // answered, by Accept
	}
	o.mu.Lock()
	s.conn = conn
	closed := o.closed
	o.mu.Unlock()
	if closed {
		conn.CloseNow()
	}
	go s.read()
}

// network is the network that an address belongs to: an IPv4 address, or the
// first 64 bits of an IPv6 address, of which one customer has many.
func network(remote string) netip.Prefix {
	a, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Prefix{}
	}
	ip := a.Addr().Unmap()
	p, err := ip.Prefix(min(ip.BitLen(), 64))
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

// enter counts a stream, if there may be another one.
func (o *Office) enter(s *stream) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || len(o.streams) >= maxStreams || o.networks[s.from] >= maxPerNetwork {
		return false
	}
	o.streams[s] = struct{}{}
	o.networks[s.from]++
	o.running.Add(1)
	return true
}

func (o *Office) leave(s *stream) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.streams, s)
	if o.networks[s.from]--; o.networks[s.from] == 0 {
		delete(o.networks, s.from)
	}
	o.running.Done()
}

// read takes letter after letter until the peer goes, and waits for those that
// are on their way.
func (s *stream) read() {
	var err error
	for err == nil {
		s.room <- struct{}{}
		err = s.conn.Read(streamPatience, s.receive)
	}
	s.conn.CloseNow()
	for range window - 1 {
		s.room <- struct{}{}
	}
	s.office.leave(s)
}

// receive takes one message. What has no sequence number cannot be answered,
// and ends the socket.
func (s *stream) receive(msg []byte) error {
	if len(msg) < 4 {
		s.conn.Close(websocket.StatusInvalidFramePayloadData, "no sequence number")
		return io.ErrUnexpectedEOF
	}
	frame := append(make([]byte, 0, max(len(msg), frameHead)), msg...)
	a := &answer{stream: s, sequence: binary.BigEndian.Uint32(msg)}
	if status := s.office.take(s.office.life, s.conn.Addr(), frame, a); status != pending {
		a.give(status)
	}
	return nil
}

// answer is what one letter of a stream waits for.
type answer struct {
	stream   *stream
	sequence uint32
}

func (a *answer) done(err error) { a.give(a.stream.office.statusOf(err)) }

// give queues the answer and lets the next letter in. It never blocks. A peer
// that does not read its answers is cut off after socket.WriteTime, which
// bounds how many can queue.
func (a *answer) give(status int) {
	s := a.stream
	s.mu.Lock()
	s.answers = letter.AppendAnswer(s.answers, a.sequence, status)
	s.mu.Unlock()
	<-s.room
	s.conn.Wake()
}

// write writes the answers that there are.
func (s *stream) write(send func(msg []byte)) {
	s.mu.Lock()
	answers := s.answers
	s.answers = s.spare[:0]
	s.mu.Unlock()
	for i := 0; i < len(answers); i += answerSize {
		send(answers[i : i+answerSize])
	}
	s.mu.Lock()
	s.spare = answers[:0]
	s.mu.Unlock()
}
