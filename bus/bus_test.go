package bus

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

func open(t *testing.T, o Options) *Bus {
	t.Helper()
	b, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func wait(t *testing.T, got chan string, want string) {
	t.Helper()
	select {
	case s := <-got:
		if s != want {
			t.Fatalf("got %q, want %q", s, want)
		}
	case <-time.After(time.Minute):
		t.Fatalf("%q did not come", want)
	}
}

func TestInOrderToAllWhoSubscribed(t *testing.T) {
	b := open(t, Options{Name: "test"})
	one, all := make(chan string, 100), make(chan string, 100)
	cancel, err := b.Subscribe("verdict.a", func(d []byte) { one <- string(d) })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Subscribe("verdict.*", func(d []byte) { all <- string(d) }); err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		if err := b.Publish("verdict.a", fmt.Append(nil, i)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 50 {
		wait(t, one, fmt.Sprint(i))
		wait(t, all, fmt.Sprint(i))
	}
	cancel()
	if err := b.Publish("verdict.a", []byte("late")); err != nil {
		t.Fatal(err)
	}
	wait(t, all, "late")
	select {
	case s := <-one:
		t.Fatalf("%q came after cancel", s)
	default:
	}
}

func TestRefusesWhatIsTooLong(t *testing.T) {
	b := open(t, Options{})
	if err := b.Publish("x", bytes.Repeat([]byte{1}, MaxMessage+1)); !errors.Is(err, ErrTooLong) {
		t.Fatalf("got %v, want ErrTooLong", err)
	}
	if err := b.Publish("x", bytes.Repeat([]byte{1}, MaxMessage)); err != nil {
		t.Fatal(err)
	}
}

// Two processes at one NATS server hear each other.
func TestThroughACluster(t *testing.T) {
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(startTime) {
		t.Fatal("the cluster did not start")
	}
	a, b := open(t, Options{Cluster: s.ClientURL()}), open(t, Options{Cluster: s.ClientURL()})
	got := make(chan string, 1)
	if _, err := a.Subscribe("wake.1", func(d []byte) { got <- string(d) }); err != nil {
		t.Fatal(err)
	}
	if err := b.Publish("wake.1", []byte("hello")); err != nil {
		t.Fatal(err)
	}
	wait(t, got, "hello")
}

func TestAClusterThatIsNotThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if b, err := Open(Options{Cluster: "nats://" + l.Addr().String()}); err == nil {
		b.Close()
		t.Fatal("opened a bus that is not there")
	}
}
