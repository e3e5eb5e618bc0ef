package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
	"github.com/ringfence/ringfence/wire/letter"
)

const (
	helloTime    = 10 * time.Second // for the server to welcome us
	batchSize    = 64               // letters in one transaction
	waitingMails = 256              // letters that the reader may be ahead of the writer
)

// link is one device socket.
type link struct {
	c       *Client
	socket  Socket
	nonce   wire.ID
	writing sync.Mutex

	mu      sync.Mutex
	counter uint64
	offers  map[uint64]chan offered // offers that the server has not answered

	mail    chan letter.Letter
	drained chan struct{} // closed when all letters that were waiting are on disk
	due     chan struct{} // something is owed
	once    sync.Once
	done    <-chan struct{} // the socket is gone
}

// Connect signs in and keeps the device socket until Close, coming back by
// itself when it is lost. It returns when the first try has an outcome; after
// an error with code "offline" it goes on trying.
func (c *Client) Connect(ctx context.Context) error {
	if !c.Me().Registered() {
		return &Error{Code: "not_registered", What: "connecting", Why: errors.New("this device has no account"), Hint: "register with an invite first"}
	}
	c.once.Do(func() {
		c.running.Add(1)
		go c.keepConnected()
	})
	select {
	case err := <-c.first:
		c.first <- err // for whoever asks next
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-c.ctx.Done():
		return c.gone()
	}
}

func (c *Client) gone() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken != nil {
		return c.broken
	}
	return &Error{Code: "closed", What: "this client is closed"}
}

// Sync waits until all letters that were waiting at the server are on disk, and
// what was owed has been sent as far as it can be.
func (c *Client) Sync(ctx context.Context) error {
	if err := c.Connect(ctx); err != nil {
		return err
	}
	c.mu.Lock()
	l := c.link
	c.mu.Unlock()
	if l == nil {
		return &Error{Code: "offline", What: "waiting for letters", Why: errors.New("the connection was lost"), Hint: "try again"}
	}
	select {
	case <-l.drained:
	case <-l.done:
		return &Error{Code: "offline", What: "waiting for letters", Why: errors.New("the connection was lost"), Hint: "try again"}
	case <-ctx.Done():
		return ctx.Err()
	}
	// What cannot be sent now stays owed; it is no reason not to go on.
	_ = c.flush(ctx)
	return ctx.Err()
}

// keepConnected connects again and again, waiting longer after each try that
// came to nothing.
func (c *Client) keepConnected() {
	defer c.running.Done()
	for tries := 0; c.ctx.Err() == nil; tries++ {
		began := c.options.Now()
		err := c.session(c.ctx)
		if c.ctx.Err() != nil {
			return
		}
		if c.options.Now().Sub(began) > time.Minute {
			tries = 0
		}
		c.outcome(err)
		if final(err) {
			c.emit(Event{Kind: ConnectionEvent, State: SignedOut})
			return
		}
		c.emit(Event{Kind: ConnectionEvent, State: Offline})
		if sleep(c.ctx, backoff(tries)) != nil {
			return
		}
	}
}

// final tells whether trying again is of no use.
func final(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Code == "signed_out" || e.Code == "banned" || e.Code == "banned_appealed" || e.Code == "server_changed" || e.Code == "storage")
}

// outcome answers Connect, with the latest that there is to say.
func (c *Client) outcome(err error) {
	select {
	case <-c.first:
	default:
	}
	c.first <- err
}

// session is one connection, from signing in to the end of the socket.
func (c *Client) session(ctx context.Context) error {
	if err := c.prepareSession(ctx); err != nil {
		return err
	}
	token, err := c.token(ctx, nil)
	if err != nil {
		return err
	}
	socket, err := c.options.Transport.Dial(ctx, c.server()+"/v1/device")
	if err != nil {
		return &Error{Code: "offline", What: "the device socket", Why: err, Hint: "see whether the server can be reached"}
	}
	ctx, cancel := context.WithCancel(ctx)
	l := &link{
		c: c, socket: socket, offers: map[uint64]chan offered{}, mail: make(chan letter.Letter, waitingMails),
		drained: make(chan struct{}), due: make(chan struct{}, 1), done: ctx.Done(),
	}
	var workers sync.WaitGroup
	defer func() {
		cancel()
		socket.Close()
		workers.Wait()
		c.lost(l)
	}()
	if err := l.hello(ctx, token); err != nil {
		return err
	}
	c.mu.Lock()
	c.link = l
	clear(c.fresh)
	about := c.resume()
	c.mu.Unlock()
	for _, m := range about {
		if err := l.write(ctx, m); err != nil {
			return &Error{Code: "offline", What: "the device socket", Why: err}
		}
	}
	workers.Go(func() { l.takeMail(ctx, cancel) })
	workers.Go(func() { l.pay(ctx) })
	workers.Go(func() { l.refill(ctx) })
	// Who knocked or accepted after the contacts were asked for, and before
	// notices came here, is seen now.
	workers.Go(func() { _ = c.Refresh(ctx) })
	workers.Go(func() { _ = c.RefreshSecurity(ctx) })
	c.emit(Event{Kind: ConnectionEvent, State: c.onlineState()})
	c.outcome(nil)
	return l.readAll(ctx)
}

// prepareSession does what comes before the socket: the server is still the
// one we know, and the contacts are known before their letters come.
func (c *Client) prepareSession(ctx context.Context) error {
	var about serverAnswer
	if err := c.request(ctx, Request{Method: get, URL: c.server() + "/v1/server"}, &about); err != nil {
		return err
	}
	c.mu.Lock()
	pinned, serial := c.state.device.ServerID, c.state.device.Settings.Serial
	c.mu.Unlock()
	if _, _, err := c.readServer(about, pinned, serial); err != nil {
		return err
	}
	return c.Refresh(ctx)
}

func (c *Client) onlineState() ConnectionState {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state.device.Settings.MinimumBuild > c.options.Build {
		return BuildTooOld
	}
	return Online
}

// lost lets go of a link: nobody waits for it. Calls that are connected go on,
// and wait for the next one.
func (c *Client) lost(l *link) {
	l.mu.Lock()
	for _, waiting := range l.offers {
		close(waiting)
	}
	clear(l.offers)
	l.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.link == l {
		c.link = nil
	}
	clear(c.outgoing)
	for _, lc := range c.calls {
		c.loseConnection(lc)
	}
}

func (l *link) hello(ctx context.Context, token []byte) error {
	if len(token) != 32 {
		return &Error{Code: "protocol", What: "signing in", Why: fmt.Errorf("a session token of %d bytes", len(token))}
	}
	ctx, cancel := context.WithTimeout(ctx, helloTime)
	defer cancel()
	m := call.Message{Type: call.TypeHello, Build: l.c.options.Build, Token: token}
	if err := l.write(ctx, m.AppendTo(nil)); err != nil {
		return &Error{Code: "offline", What: "the device socket", Why: err}
	}
	b, err := l.socket.Read(ctx)
	if err != nil {
		return l.c.notWelcome(token, err)
	}
	l.observe(b)
	w, err := call.Parse(b)
	if err != nil || w.Type != call.TypeWelcome {
		return &Error{Code: "protocol", What: "the device socket", Why: errors.New("no welcome")}
	}
	l.nonce = w.Call
	return nil
}

// notWelcome forgets a session that the server did not take, so that the next
// try signs in.
func (c *Client) notWelcome(token []byte, err error) error {
	c.mu.Lock()
	if string(c.state.device.Token) == string(token) {
		c.state.device.Token = nil
	}
	c.mu.Unlock()
	return &Error{Code: "offline", What: "the device socket", Why: err, Hint: "see whether the server can be reached"}
}

func (l *link) observe(b []byte) {
	if l.c.options.Observe != nil {
		l.c.options.Observe(b)
	}
}

func (l *link) write(ctx context.Context, b []byte) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	return l.socket.Write(ctx, b)
}

// readAll hands on every message until the socket ends.
func (l *link) readAll(ctx context.Context) error {
	for {
		b, err := l.socket.Read(ctx)
		if err != nil {
			return &Error{Code: "offline", What: "the device socket", Why: err}
		}
		l.observe(b)
		if err := l.dispatch(ctx, b); err != nil {
			return err
		}
	}
}

// takeMail writes letters, and acknowledges them when they are on disk.
func (l *link) takeMail(ctx context.Context, broken context.CancelFunc) {
	for {
		batch, drained, ok := l.collect(ctx)
		if !ok {
			return
		}
		if len(batch) > 0 {
			numbers, err := l.c.letters(ctx, batch)
			if err == nil {
				err = l.write(ctx, letter.AppendTaken(nil, numbers))
			}
			if err != nil {
				broken()
				return
			}
			l.owe()
		}
		if drained {
			l.once.Do(func() { close(l.drained) })
		}
	}
}

// collect waits for a letter and takes the others that are there, up to a
// batch. A letter without an envelope stands for "drained".
func (l *link) collect(ctx context.Context) (batch []letter.Letter, drained, ok bool) {
	var one letter.Letter
	select {
	case one = <-l.mail:
	case <-ctx.Done():
		return nil, false, false
	}
	for {
		if one.Envelope == nil {
			return batch, true, true
		}
		batch = append(batch, one)
		if len(batch) == batchSize {
			return batch, false, true
		}
		select {
		case one = <-l.mail:
		default:
			return batch, false, true
		}
	}
}

// owe says that something is owed.
func (l *link) owe() {
	select {
	case l.due <- struct{}{}:
	default:
	}
}

func (c *Client) kick() {
	c.mu.Lock()
	l := c.link
	c.mu.Unlock()
	if l != nil {
		l.owe()
	}
}

// pay sends what is owed, when there is something and once at the beginning.
func (l *link) pay(ctx context.Context) {
	l.owe()
	for {
		select {
		case <-l.due:
		case <-ctx.Done():
			return
		}
		if l.c.flush(ctx) == nil {
			continue
		}
		if sleep(ctx, backoff(6)) != nil {
			return
		}
		l.owe()
	}
}

// refill looks after the device's own keys, at once and every hour.
func (l *link) refill(ctx context.Context) {
	for {
		// What is due stays due; the next hour tries again.
		_ = l.c.maintainKeys(ctx)
		if sleep(ctx, time.Hour) != nil {
			return
		}
	}
}
