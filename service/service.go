// Package service is the service: accounts, devices, contacts, the mailbox's
// doors and the calls, over HTTP and WebSockets as docs/protocol.md has them.
//
// In 2019 a phone could be attacked by a call before anybody answered it,
// because what a caller sent was passed on. Here everything that comes in is
// read by a strict parser, judged by the guard, and then either refused or
// turned into something that the server composes itself: no byte of a caller
// reaches a callee over the call path before the callee has answered.
package service

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringfence/ringfence/bus"
	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/service/post"
	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/store/mailbox"
	"github.com/ringfence/ringfence/wire"
)

// Relay is the media relay, as far as the service needs it.
type Relay interface {
	// Open lets both legs of an answered call in, and returns their passwords.
	Open(call wire.ID, tagged bool) (callee, caller string, err error)
	// Close destroys both allocations of a call.
	Close(call wire.ID)
	// URIs are the TURN URIs that clients are told.
	URIs() []string
}

// Config is what a service needs.
type Config struct {
	Data    string // the data folder
	Version string
	Open    bool // anybody may register, without an invite
	Relay   func(*guard.Set) (Relay, error)
	Cluster string                  // URL of a NATS cluster; empty: in this process
	TLS     bool                    // the clients' connections are TLS
	Now     func() time.Time        // nil: time.Now
	Random  io.Reader               // nil: crypto/rand
	Log     *slog.Logger            // nil: slog.Default
	Locate  func(netip.Addr) Origin // nil: nobody knows
	Watch   Watch                   // who looks at calls as they come; nil: nobody
	Terms   string                  // the terms of service; empty: there are none
}

// Service is a running service. All its methods may be used from several
// goroutines.
type Service struct {
	config  Config
	keys    Keys
	store   *store.Store
	mailbox *mailbox.Mailbox
	bus     *bus.Bus
	guard   *guard.Set
	office  *post.Office
	relay   Relay
	hub     hub
	calls   calls
	nonces  nonces
	signed  instructions
	proof   proof
	ledger  ledger
	bans    bans
	terms   terms
	random  lockedReader

	approvers atomic.Pointer[Approvers]

	stop    context.CancelFunc
	running sync.WaitGroup
}

// New opens the data folder and starts the service; Handler serves it.
func New(c Config) (*Service, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	s := &Service{config: c, random: lockedReader{r: c.Random}}
	if err := s.open(); err != nil {
		s.release()
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	if err := s.start(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// open opens everything that lies on disk.
func (s *Service) open() (err error) {
	if s.keys, err = OpenKeys(s.config.Data, s.config.Random); err != nil {
		return err
	}
	if s.store, err = store.Open(s.config.Data, s.config.Now); err != nil {
		return err
	}
	if err = s.checkClock(); err != nil {
		return err
	}
	if s.mailbox, err = mailbox.Open(filepath.Join(s.config.Data, "mailbox")); err != nil {
		return err
	}
	if s.bus, err = bus.Open(bus.Options{Cluster: s.config.Cluster, Name: "ringfence", Dir: s.streams()}); err != nil {
		return err
	}
	configuration, err := readGuard(s.config.Data)
	if err != nil {
		return err
	}
	s.ledger.start(s)
	if s.guard, err = guard.New(configuration, s.config.Now, s.ledger.record); err != nil {
		return err
	}
	if s.config.Relay != nil {
		s.relay, err = s.config.Relay(s.guard)
	}
	return err
}

// streams is where the bus keeps streams; nowhere, when nobody watches.
func (s *Service) streams() string {
	if s.config.Watch == nil {
		return ""
	}
	return filepath.Join(s.config.Data, "bus")
}

// checkClock refuses to go on with a clock that stands before what the store
// has seen: expiry and evidence would be wrong.
func (s *Service) checkClock() error {
	newest, err := s.store.Newest(context.Background())
	if err != nil {
		return err
	}
	if now := s.config.Now(); newest.After(now.Add(5 * time.Minute)) {
		return fmt.Errorf("the clock says %s, but the store has an entry of %s; set the clock right and start again",
			now.UTC().Format(time.RFC3339), newest.UTC().Format(time.RFC3339))
	}
	return nil
}

func (s *Service) start(ctx context.Context) error {
	s.hub.devices, s.hub.sockets = map[wire.ID]*device{}, map[*device]bool{}
	s.hub.perAddress = map[string]int{}
	s.nonces.live = map[[32]byte]nonce{}
	s.calls.timers, s.calls.kept, s.calls.ringing, s.calls.grace = map[clock]*time.Timer{}, map[clock][]byte{}, ringTime, graceTime
	s.proof.live = map[[32]byte]challenge{}
	s.bans.known = map[wire.ID]bool{}
	s.office = post.New(post.Options{
		Mailbox: s.mailbox, Guard: s.guard, Tokens: s.store, Folder: s.config.Data, Tagged: s.tagged, Now: s.config.Now,
	})
	if err := s.issueSettings(ctx); err != nil {
		return err
	}
	if err := s.endLeftCalls(ctx); err != nil {
		return err
	}
	if err := s.startBans(ctx); err != nil {
		return err
	}
	if err := s.watchSecurity(ctx); err != nil {
		return err
	}
	if err := s.composeTerms(ctx); err != nil {
		return err
	}
	s.running.Go(func() { s.watchGuard(ctx) })
	s.running.Go(func() { s.sweep(ctx) })
	return nil
}

// sweep deletes what has had its time.
func (s *Service) sweep(ctx context.Context) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		s.guard.Flush()
		if err := s.store.Sweep(ctx); err != nil && ctx.Err() == nil {
			s.config.Log.Error("what has expired could not be deleted", "why", err)
		}
		if err := s.endRuns(ctx); err != nil && ctx.Err() == nil {
			s.config.Log.Error("what the test range left could not be deleted", "why", err)
		}
		if err := s.expireLetters(ctx, s.config.Now()); err != nil && ctx.Err() == nil {
			s.config.Log.Error("letters that have expired could not be deleted", "why", err)
		}
	}
}

// Guard returns the rules in force.
func (s *Service) Guard() *guard.Set { return s.guard }

// Bus is the service's bus.
func (s *Service) Bus() *bus.Bus { return s.bus }

// Store returns the store, for the console's desk.
func (s *Service) Store() *store.Store { return s.store }

// ServerID is the server's public key, by which clients know it.
func (s *Service) ServerID() ed25519.PublicKey { return s.keys.Server.Public().(ed25519.PublicKey) }

// tagged tells whether an account was made for the test range.
func (s *Service) tagged(account wire.ID) bool {
	a, err := s.store.Account(context.Background(), account)
	return err == nil && a.Run != ""
}

// Close ends all connections and calls, and closes the data folder. What was
// acknowledged is on disk.
func (s *Service) Close() {
	s.stop()
	s.hub.close()
	s.running.Wait()
	if s.office != nil {
		s.office.Close()
	}
	s.calls.stop()
	if err := s.endLeftCalls(context.Background()); err != nil {
		s.config.Log.Error("calls could not be ended", "why", err)
	}
	s.release()
}

func (s *Service) release() {
	if s.guard != nil {
		s.guard.Flush()
	}
	s.ledger.stop()
	if s.bus != nil {
		s.bus.Close()
	}
	if s.mailbox != nil {
		if err := s.mailbox.Close(); err != nil {
			s.config.Log.Error("the mailbox was not closed well", "why", err)
		}
	}
	if s.store != nil {
		if err := s.store.Close(); err != nil {
			s.config.Log.Error("the store was not closed well", "why", err)
		}
	}
}

// lockedReader makes a source of randomness safe for several goroutines.
type lockedReader struct {
	mu sync.Mutex
	r  io.Reader
}

func (l *lockedReader) Read(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return io.ReadFull(l.r, b)
}

// id makes a random identifier.
func (s *Service) id() (id wire.ID) {
	for id.IsZero() {
		s.fill(id[:])
	}
	return id
}

// fill fills b with randomness. Without randomness nothing here is safe, so
// there is no going on.
func (s *Service) fill(b []byte) {
	if _, err := s.random.Read(b); err != nil {
		panic("service: no randomness: " + err.Error())
	}
}
