package live

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/ringfence/ringfence/bus"
)

const hunterAt = "RINGFENCE_TEST_HUNTER"

// TestMain makes the test binary a hunter, when it is started as one.
func TestMain(m *testing.M) {
	cluster := os.Getenv(hunterAt)
	if cluster == "" {
		os.Exit(m.Run())
	}
	b, err := bus.Open(bus.Options{Cluster: cluster, Name: "hunter"})
	if err == nil {
		_, err = Start(context.Background(), b, quick(3))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("hunting")
	_, _ = os.Stdin.Read(make([]byte, 1)) // until the test ends, whatever way
}

// process starts a hunter in a process of its own.
func process(t *testing.T, cluster string) *exec.Cmd {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env, c.Stderr = append(os.Environ(), hunterAt+"="+cluster), os.Stderr
	if _, err := c.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "hunting\n" {
		t.Fatalf("the hunter said %q, %v", line, err)
	}
	return c
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// cluster starts three NATS servers that keep everything three times.
func cluster(t *testing.T) (servers []*server.Server, url string) {
	t.Helper()
	ports := []int{freePort(t), freePort(t), freePort(t)}
	var routes, urls []string
	for _, p := range ports {
		routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", p))
	}
	for i, p := range ports {
		s, err := server.NewServer(&server.Options{
			ServerName: fmt.Sprint("n", i), Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true, JetStream: true, StoreDir: t.TempDir(),
			Cluster: server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: p}, Routes: server.RoutesFromStr(strings.Join(routes, ",")),
			MaxPayload: bus.MaxMessage,
		})
		if err != nil {
			t.Fatal(err)
		}
		s.Start()
		servers = append(servers, s)
		t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	}
	for _, s := range servers {
		if !s.ReadyForConnections(time.Minute) {
			t.Fatal("a server of the cluster did not start")
		}
		urls = append(urls, s.ClientURL())
	}
	return servers, strings.Join(urls, ",")
}

// Three NATS servers and two hunters, of which one each is killed in the middle:
// what is found is what one process finds alone.
func TestClusterLosesNodes(t *testing.T) {
	w := newWorld(8)
	w.people(4_000, 30_000)
	w.group(attack, 4_000)
	other := attack
	other.name, other.print = "y", "print5-fork"
	w.group(other, 4_000)
	all := w.sort()
	want := alone(all)
	if len(want) < 2 {
		t.Fatalf("%d campaigns are found alone", len(want))
	}
	servers, url := cluster(t)
	b, err := bus.Open(bus.Options{Cluster: url, Name: "feeder"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	spread := quick(3)
	spread.Only = true
	r, err := Start(t.Context(), b, spread)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Stop)
	first := process(t, url)
	process(t, url)
	owners := func() (n int, partitions map[string]string) {
		partitions = r.leases.Holders("partition.")
		by := map[string]bool{}
		for _, o := range partitions {
			by[o] = true
		}
		return len(by), partitions
	}
	for n, p := owners(); n < 2 || len(p) < 16; n, p = owners() {
		time.Sleep(50 * time.Millisecond)
	}
	feed(t, r, all, func() {
		if err := first.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		servers[0].Shutdown()
	})
	got := settled(t, r, want)
	if !alike(got, want) {
		t.Fatalf("%d campaigns, want %d", len(got), len(want))
	}
	counts, complete, err := r.Counts(t.Context())
	if err != nil || !complete || counts.Records != int64(len(all)) {
		t.Errorf("%d records were counted of %d, %v", counts.Records, len(all), err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	n, p := owners()
	for ; ctx.Err() == nil && (n != 1 || len(p) != 16); n, p = owners() {
		time.Sleep(50 * time.Millisecond) // on a busy machine a lease ends and is taken again
	}
	if n != 1 || len(p) != 16 {
		t.Errorf("%d hunters hold %d partitions, want 1 and 16", n, len(p))
	}
}
