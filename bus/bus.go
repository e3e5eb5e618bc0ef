// Package bus carries messages that are worth something only now: live
// verdicts, wake-ups, call signalling between nodes. None of these is kept;
// what must not be lost is in store. Beside them it has streams, which are kept
// for some time in partitions, and values with leases, by which several nodes
// share work: these need a data folder or a cluster (NATS JetStream).
//
// By default the bus lives inside the process and opens no socket. With the
// address of a cluster the same calls reach every node. This is the only
// package that knows that it is NATS.
package bus

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// MaxMessage is the longest message that the bus carries, in bytes.
const MaxMessage = 256 << 10

// pending is how many messages may wait for one subscriber; what comes on top
// is dropped, so that a slow reader costs bounded memory and holds up nobody.
const pending = 4096

// startTime bounds how long Open waits for the server, embedded or not.
const startTime = 10 * time.Second

// ErrTooLong is returned for a message longer than MaxMessage.
var ErrTooLong = fmt.Errorf("bus message longer than %d bytes", MaxMessage)

// Options say where the bus is.
type Options struct {
	// Cluster is the URL of a NATS cluster, "nats://host:4222,...". Empty: the
	// bus lives inside this process and listens nowhere.
	Cluster string
	// Name says who we are, in the cluster's own lists.
	Name string
	// Dir is where streams and values are kept when the bus lives inside this
	// process; empty: there are none then.
	Dir string
}

// Bus is a connection to the bus. Its methods may be used from several
// goroutines.
type Bus struct {
	embedded *server.Server
	conn     *nats.Conn
	bare     bool // embedded, without a folder
	closing  sync.Once
}

// Open starts the bus inside the process, or connects to a cluster.
func Open(o Options) (*Bus, error) {
	settings := []nats.Option{nats.Name(o.Name), nats.Timeout(startTime), nats.MaxReconnects(-1)}
	if o.Cluster != "" {
		conn, err := nats.Connect(o.Cluster, settings...)
		if err != nil {
			return nil, fmt.Errorf("bus at %s: %w; is the cluster up, and is its address right", o.Cluster, err)
		}
		return &Bus{conn: conn}, nil
	}
	embedded, err := server.NewServer(&server.Options{
		DontListen: true, NoLog: true, NoSigs: true, MaxPayload: MaxMessage,
		DisableShortFirstPing: true, NoSystemAccount: o.Dir == "",
		JetStream: o.Dir != "", StoreDir: o.Dir,
	})
	if err != nil {
		return nil, fmt.Errorf("bus inside the process: %w", err)
	}
	embedded.Start()
	if !embedded.ReadyForConnections(startTime) {
		embedded.Shutdown()
		return nil, errors.New("bus inside the process: not ready in time")
	}
	conn, err := nats.Connect("", append(settings, nats.InProcessServer(embedded))...)
	if err != nil {
		embedded.Shutdown()
		return nil, fmt.Errorf("bus inside the process: %w", err)
	}
	return &Bus{embedded: embedded, conn: conn, bare: o.Dir == ""}, nil
}

// Publish gives a message to all who subscribed to the subject now, on every
// node, this one included. A subject is words with dots between them.
func (b *Bus) Publish(subject string, data []byte) error {
	if len(data) > MaxMessage {
		return ErrTooLong
	}
	if err := b.conn.Publish(subject, data); err != nil {
		return fmt.Errorf("bus, subject %s: %w", subject, err)
	}
	return nil
}

// Subscribe calls receive with each message of a subject, one at a time and in
// order, until cancel is called. In a subject "*" stands for one word and a
// last ">" for one or more. The bytes belong to the receiver. When more than
// 4096 messages wait for a slow receiver, newer ones are dropped.
func (b *Bus) Subscribe(subject string, receive func(data []byte)) (cancel func(), err error) {
	sub, err := b.conn.Subscribe(subject, func(m *nats.Msg) { receive(m.Data) })
	if err != nil {
		return nil, fmt.Errorf("bus, subject %s: %w", subject, err)
	}
	if err := sub.SetPendingLimits(pending, pending*MaxMessage/64); err != nil {
		return nil, fmt.Errorf("bus, subject %s: %w", subject, err)
	}
	if err := b.conn.FlushTimeout(startTime); err != nil {
		return nil, fmt.Errorf("bus, subject %s: %w", subject, err)
	}
	return func() { _ = sub.Unsubscribe() }, nil
}

// Close leaves the bus, and ends it when it lives inside the process.
func (b *Bus) Close() {
	b.closing.Do(func() {
		b.conn.Close()
		if b.embedded != nil {
			b.embedded.Shutdown()
			b.embedded.WaitForShutdown()
		}
	})
}
