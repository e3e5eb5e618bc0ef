package bus

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
)

// Streams and values are NATS JetStream: a message is on disk, on most replicas,
// before Publish returns.

const (
	oneTry    = 5 * time.Second        // how long an answer may take, before it is asked again
	opening   = time.Minute            // how long a cluster may take to have a leader, when it is joined
	again     = 200 * time.Millisecond // between two tries, while a cluster chooses a leader
	doubles   = 2 * time.Minute        // within which a message that is sent again is known
	forgotten = 5 * time.Minute        // after which the place of a reader that is gone is given up
	slowest   = time.Hour              // after which a message that nobody acknowledged comes again
)

// StreamOptions say what a stream is.
type StreamOptions struct {
	Name       string        // one word, lower case
	Partitions int           // fixed when the stream is made
	Replicas   int           // 0: one; a cluster of three takes three
	Age        time.Duration // after which a message goes
	Bytes      int64         // beyond which the oldest messages go; 0: no limit
}

// Stream keeps messages in partitions: within one they stay in order.
type Stream struct {
	js         jetstream.JetStream
	name       string
	partitions int
}

// Message is one message of a stream.
type Message struct {
	Sequence uint64 // in the whole stream
	Data     []byte
	message  jetstream.Msg
}

// Done acknowledges the message and all that the same reader got before it.
func (m Message) Done() error { return m.message.Ack() }

func (b *Bus) jetstream() (jetstream.JetStream, error) {
	if b.bare {
		return nil, errors.New("bus: streams and values need a data folder or a cluster; the bus of this process has neither")
	}
	js, err := jetstream.New(b.conn)
	if err != nil {
		return nil, fmt.Errorf("bus: %w", err)
	}
	return js, nil
}

// Stream opens a stream, and makes it when there is none. The number of
// partitions is that with which it was made.
func (b *Bus) Stream(ctx context.Context, o StreamOptions) (*Stream, error) {
	js, err := b.jetstream()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, opening)
	defer cancel()
	const partitions = "partitions"
	bytes := o.Bytes
	if bytes <= 0 {
		bytes = -1
	}
	var s jetstream.Stream
	err = retry(ctx, func(ctx context.Context) error {
		s, err = js.Stream(ctx, o.Name)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			s, err = js.CreateStream(ctx, jetstream.StreamConfig{
				Name: o.Name, Subjects: []string{o.Name + ".record.*"}, Replicas: max(o.Replicas, 1), MaxAge: o.Age, MaxBytes: bytes,
				Duplicates: min(doubles, max(o.Age, time.Second)), MaxMsgSize: MaxMessage, Metadata: map[string]string{partitions: strconv.Itoa(o.Partitions)},
			})
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("bus, stream %s: %w; streams need a data folder or a cluster with JetStream", o.Name, err)
	}
	n, err := strconv.Atoi(s.CachedInfo().Config.Metadata[partitions])
	if err != nil || n < 1 {
		return nil, fmt.Errorf("bus, stream %s: it does not say how many partitions it has; somebody else made it: choose another name, or delete it", o.Name)
	}
	return &Stream{js: js, name: o.Name, partitions: n}, nil
}

// retry tries until it works, or the context ends. What a cluster that loses a
// node answers for some seconds is no reason to give up; what is wrong in itself
// is.
func retry(ctx context.Context, try func(context.Context) error) error {
	for {
		one, cancel := context.WithTimeout(ctx, oneTry)
		err := try(one)
		cancel()
		if err == nil || !passes(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(again):
		}
	}
}

// passes tells whether an error may be over soon.
func passes(err error) bool {
	var api *jetstream.APIError
	switch {
	case errors.Is(err, jetstream.ErrKeyRevisionMismatch), errors.Is(err, jetstream.ErrKeyExists), errors.Is(err, jetstream.ErrKeyNotFound),
		errors.Is(err, jetstream.ErrStreamNotFound), errors.Is(err, jetstream.ErrBucketNotFound), errors.Is(err, jetstream.ErrObjectNotFound),
		errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount),
		errors.Is(err, nats.ErrConnectionClosed), errors.Is(err, nats.ErrMaxPayload), errors.Is(err, context.Canceled):
		return false
	case errors.As(err, &api):
		return api.Code >= 500 // the cluster chooses a leader, or has none
	}
	return true
}

// Partitions returns how many partitions the stream has.
func (s *Stream) Partitions() int { return s.partitions }

func (s *Stream) subject(partition int) string { return fmt.Sprintf("%s.record.%d", s.name, partition) }

// Publish puts a message into a partition, once, and returns its number when it
// is kept. While a cluster has no leader it waits, as long as the context does.
func (s *Stream) Publish(ctx context.Context, partition int, data []byte) (sequence uint64, err error) {
	if len(data) > MaxMessage {
		return 0, ErrTooLong
	}
	if partition < 0 || partition >= s.partitions {
		return 0, fmt.Errorf("bus, stream %s: there is no partition %d, only 0 to %d", s.name, partition, s.partitions-1)
	}
	id := nuid.Next()
	err = retry(ctx, func(ctx context.Context) error {
		ack, err := s.js.Publish(ctx, s.subject(partition), data, jetstream.WithMsgID(id))
		if err == nil {
			sequence = ack.Sequence
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("bus, stream %s, partition %d: %w", s.name, partition, err)
	}
	return sequence, nil
}

// Read calls receive with each message of a partition after a sequence number, in
// order and each once, until the context ends or receive returns an error. It
// survives the loss of nodes.
func (s *Stream) Read(ctx context.Context, partition int, after uint64, receive func(Message) error) error {
	for ctx.Err() == nil {
		err := s.read(ctx, partition, &after, receive)
		var stop stopped
		if errors.As(err, &stop) {
			return stop.error
		}
		if errors.Is(err, nats.ErrConnectionClosed) {
			return fmt.Errorf("bus, stream %s, partition %d: %w", s.name, partition, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(again):
		}
	}
	return ctx.Err()
}

// stopped is an error of the receiver.
type stopped struct{ error }

// read reads with one durable consumer, until that fails. Each has a name of its
// own, so that a reader that was taken for dead gets nobody else's messages.
func (s *Stream) read(ctx context.Context, partition int, after *uint64, receive func(Message) error) error {
	one, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	consumer, err := s.js.CreateConsumer(one, s.name, jetstream.ConsumerConfig{
		Durable: fmt.Sprintf("%s-%d-%s", s.name, partition, nuid.Next()), FilterSubject: s.subject(partition), AckPolicy: jetstream.AckAllPolicy,
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: *after + 1, AckWait: slowest, MaxAckPending: -1, InactiveThreshold: forgotten,
	})
	if err != nil {
		return err
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessages(1024), jetstream.PullHeartbeat(2*time.Second), jetstream.PullExpiry(10*time.Second))
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, messages.Stop)
	defer func() {
		stop()
		messages.Stop()
		gone, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = s.js.DeleteConsumer(gone, s.name, consumer.CachedInfo().Name)
	}()
	for {
		m, err := messages.Next()
		if err != nil {
			return err
		}
		meta, err := m.Metadata()
		if err != nil {
			return err
		}
		if meta.Sequence.Stream <= *after {
			continue // it came again
		}
		if err := receive(Message{Sequence: meta.Sequence.Stream, Data: m.Data(), message: m}); err != nil {
			return stopped{err}
		}
		*after = meta.Sequence.Stream
	}
}
