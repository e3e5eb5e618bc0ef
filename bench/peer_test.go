package bench

import (
	"fmt"
	"sync"
	"testing"
	"time"

	jetstream "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/ringfence/ringfence/internal/load"
)

// startPeer starts a NATS JetStream server with a file store in this process,
// reached over a socket like ours.
func startPeer(b *testing.B, everyWriteSynced bool) string {
	b.Helper()
	s, err := jetstream.NewServer(&jetstream.Options{
		Host: "127.0.0.1", Port: jetstream.RANDOM_PORT, NoLog: true, NoSigs: true,
		JetStream: true, StoreDir: b.TempDir(), SyncAlways: everyWriteSynced,
	})
	if err != nil {
		b.Fatal(err)
	}
	s.Start()
	b.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(10 * time.Second) {
		b.Fatal("the peer did not start")
	}
	return s.ClientURL()
}

// BenchmarkPeerOffline: the peer that stands beside BenchmarkOffline, a NATS
// JetStream file store: as many clients store as many letters of the same size,
// as many of them on their way, each on a subject of its recipient. As it comes
// it acknowledges what is not on disk yet (it syncs every two minutes); the
// second figure has it sync, as the mailbox does. It knows no tokens, no limits
// and no rules.
func BenchmarkPeerOffline(b *testing.B) {
	for _, mode := range []struct {
		name   string
		synced bool
		each   int
	}{{"as-it-comes", false, each}, {"synced", true, 20}} {
		b.Run(mode.name, func(b *testing.B) {
			url := startPeer(b, mode.synced)
			var streams []nats.JetStreamContext
			for range clients {
				c, err := nats.Connect(url)
				if err != nil {
					b.Fatal(err)
				}
				b.Cleanup(c.Close)
				js, err := c.JetStream(nats.PublishAsyncMaxPending(inFlight))
				if err != nil {
					b.Fatal(err)
				}
				streams = append(streams, js)
			}
			if _, err := streams[0].AddStream(&nats.StreamConfig{Name: "letters", Subjects: []string{"box.*"}, Storage: nats.FileStorage}); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				took := publish(b, streams, mode.each)
				rate := float64(clients*mode.each) / took.Seconds()
				b.ReportMetric(rate, "letters/s")
				if offline > 0 {
					b.ReportMetric(offline/rate, "ringfence/peer")
				}
				b.ReportMetric(0, "ns/op")
			}
		})
	}
}

// publish lets all clients store letters at once and waits until all have been
// acknowledged.
func publish(b *testing.B, streams []nats.JetStreamContext, n int) time.Duration {
	sealed := load.Envelope(class)
	began := time.Now()
	var wg sync.WaitGroup
	for i, js := range streams {
		wg.Go(func() {
			for range n {
				if _, err := js.PublishAsync(fmt.Sprintf("box.%d", i), sealed, nats.StallWait(time.Minute)); err != nil {
					b.Error(err)
					return
				}
			}
			select {
			case <-js.PublishAsyncComplete():
			case <-time.After(time.Minute):
				b.Error("the peer did not acknowledge all")
			}
		})
	}
	wg.Wait()
	return time.Since(began)
}
