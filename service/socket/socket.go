// Package socket is the service's side of a WebSocket (RFC 6455) that costs
// little while nothing happens and few system calls while much does.
//
// An idle device must be cheap, because there are many. So a connection has
// small buffers of its own, and one goroutine, that of its reader: a writer
// runs only while there is something to write. The handler that accepted a
// connection should hand it to a new goroutine and return, because net/http
// keeps 8 KB of buffers and the request for as long as its handler runs.
//
// What is written in one go leaves in one system call. Messages are binary and
// never compressed, since everything in them is ciphertext. The HTTP request
// must come from the server's own origin when it names one.
package socket

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// WriteTime is how long a peer may leave what was written to it unread.
const WriteTime = 15 * time.Second

// ErrNotBinary: the peer sent a text message.
var ErrNotBinary = errors.New("a text message on a socket of binary messages")

// Conn is one connection. One goroutine may read and any may write.
type Conn struct {
	ws     *websocket.Conn
	wire   *corked
	addr   netip.AddrPort
	buffer *sync.Pool // of the messages that are being read
	limit  int

	fill  func(send func(msg []byte))
	state atomic.Int32 // of the writer: idle, running, again
}

// The states of the writer.
const (
	idle = iota
	running
	again
)

// Options say how a connection is read and written.
type Options struct {
	Limit      int // longest message that is read, in bytes
	ReadBuffer int // bytes; 0: 512, enough for a device, which mostly listens
	// Fill writes what there is to write, by calling send, and returns. It runs
	// after Wake, in a goroutine of its own but never twice at a time. The
	// bytes given to send are copied.
	Fill func(send func(msg []byte))
}

var pools sync.Map // limit -> *sync.Pool of *[]byte

// Accept turns a request into a WebSocket, or answers it with an error.
func Accept(w http.ResponseWriter, r *http.Request, o Options) (*Conn, error) {
	if o.ReadBuffer == 0 {
		o.ReadBuffer = 512
	}
	h := &hijacker{ResponseWriter: w, readBuffer: o.ReadBuffer}
	ws, err := websocket.Accept(h, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return nil, fmt.Errorf("websocket from %s: %w", r.RemoteAddr, err)
	}
	ws.SetReadLimit(int64(o.Limit) + 1)
	pool, _ := pools.LoadOrStore(o.Limit, &sync.Pool{New: func() any { b := make([]byte, o.Limit+1); return &b }})
	c := &Conn{ws: ws, wire: h.conn, buffer: pool.(*sync.Pool), limit: o.Limit, fill: o.Fill}
	c.addr, _ = netip.ParseAddrPort(r.RemoteAddr)
	return c, nil
}

// Addr is the network address of the peer, as the HTTP server saw it.
func (c *Conn) Addr() netip.AddrPort { return c.addr }

// Read waits for the next message, at most for the time given when it is not
// zero, and hands it to receive. The bytes belong to the connection once
// receive returns. A message that is longer than the limit ends the connection
// with status 1009, a text message with 1003.
func (c *Conn) Read(patience time.Duration, receive func(msg []byte) error) error {
	deadline := time.Time{}
	if patience > 0 {
		deadline = time.Now().Add(patience)
	}
	if err := c.wire.SetReadDeadline(deadline); err != nil {
		return err
	}
	kind, r, err := c.ws.Reader(context.Background())
	if err != nil {
		return err
	}
	if kind != websocket.MessageBinary {
		c.Close(websocket.StatusUnsupportedData, "binary messages only")
		return ErrNotBinary
	}
	if patience == 0 {
		// A message that has begun comes to an end, or the peer is playing.
		if err := c.wire.SetReadDeadline(time.Now().Add(WriteTime)); err != nil {
			return err
		}
	}
	b := c.buffer.Get().(*[]byte)
	defer c.buffer.Put(b)
	n, err := io.ReadFull(r, *b)
	if err == nil {
		c.Close(websocket.StatusMessageTooBig, fmt.Sprintf("at most %d bytes", c.limit))
		return websocket.ErrMessageTooBig
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	return receive((*b)[:n])
}

// Wake sees to it that Fill runs, now or once more when it is running. It never
// blocks.
func (c *Conn) Wake() {
	for {
		switch c.state.Load() {
		case idle:
			if c.state.CompareAndSwap(idle, running) {
				go c.drain()
				return
			}
		case running:
			if c.state.CompareAndSwap(running, again) {
				return
			}
		case again:
			return
		}
	}
}

func (c *Conn) drain() {
	for {
		c.wire.cork()
		c.fill(c.send)
		if err := c.wire.uncork(); err != nil {
			_ = c.ws.CloseNow() // the reader learns of it; the state stays: nobody writes any more
			return
		}
		if c.state.CompareAndSwap(running, idle) {
			return
		}
		c.state.Store(running)
	}
}

func (c *Conn) send(msg []byte) {
	// An error shows when what is corked is written.
	_ = c.ws.Write(context.Background(), websocket.MessageBinary, msg)
}

// Write writes messages at once, in one system call where they fit.
func (c *Conn) Write(msgs ...[]byte) error {
	c.wire.cork()
	for _, m := range msgs {
		c.send(m)
	}
	return c.wire.uncork()
}

// Close says goodbye with a status (RFC 6455 §7.4.1) and closes the connection.
// It does not wait for the peer's goodbye.
func (c *Conn) Close(status websocket.StatusCode, reason string) {
	_ = c.wire.SetReadDeadline(time.Now().Add(time.Second))
	_ = c.ws.Close(status, reason)
	_ = c.ws.CloseNow()
}

// CloseNow closes the connection without a word.
func (c *Conn) CloseNow() { _ = c.ws.CloseNow() }

// hijacker gives the WebSocket library a connection that can be corked, and
// buffers of our size.
type hijacker struct {
	http.ResponseWriter
	readBuffer int
	conn       *corked
}

// Hijack implements http.Hijacker.
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	if err := buffered.Writer.Flush(); err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	early, err := buffered.Reader.Peek(buffered.Reader.Buffered())
	if err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	h.conn = &corked{Conn: conn}
	r := bufio.NewReaderSize(io.MultiReader(bytes.NewReader(early), h.conn), max(h.readBuffer, len(early)))
	if _, err := r.Peek(len(early)); err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	return h.conn, bufio.NewReadWriter(r, bufio.NewWriterSize(h.conn, 128)), nil
}

// goodbye is the first byte of a close frame (RFC 6455 §5.2).
const goodbye = 0x88

// maxCorked is how much is collected before it is written all the same.
const maxCorked = 64 << 10

var corks = sync.Pool{New: func() any { b := make([]byte, 0, maxCorked+4<<10); return &b }}

// corked is a connection whose writes can be collected.
type corked struct {
	net.Conn
	mu    sync.Mutex
	depth int // how many hold it corked
	held  *[]byte
	err   error
}

// Write implements net.Conn.
func (c *corked) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil || len(p) == 0 {
		return 0, c.err
	}
	if c.depth == 0 {
		return len(p), c.out(p)
	}
	if len(*c.held)+len(p) > maxCorked {
		if err := c.flush(); err != nil {
			return 0, err
		}
	}
	if len(p) > maxCorked {
		return len(p), c.out(p)
	}
	*c.held = append(*c.held, p...)
	if p[0] == goodbye {
		return len(p), c.flush() // nobody may come to uncork it
	}
	return len(p), nil
}

func (c *corked) cork() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.depth++; c.depth == 1 {
		c.held = corks.Get().(*[]byte)
	}
}

// uncork writes what was collected, and tells of the first error that the
// connection ever had.
func (c *corked) uncork() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.flush()
	if c.depth--; c.depth == 0 {
		corks.Put(c.held)
		c.held = nil
	}
	return err
}

func (c *corked) flush() error {
	if len(*c.held) == 0 || c.err != nil {
		return c.err
	}
	err := c.out(*c.held)
	*c.held = (*c.held)[:0]
	return err
}

func (c *corked) out(p []byte) error {
	c.err = c.Conn.SetWriteDeadline(time.Now().Add(WriteTime))
	if c.err == nil {
		_, c.err = c.Conn.Write(p)
	}
	return c.err
}
