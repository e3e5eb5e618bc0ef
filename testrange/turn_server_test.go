package testrange

import (
	"net"
	"net/netip"
	"slices"
	"testing"

	"github.com/pion/turn/v5"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/turnguard"
)

const turnSecret = "north"

// proxied is the TURN server that ringfence has, and the rules by which it refused.
func proxied(t *testing.T, secret string) (at string, rules func() []string) {
	t.Helper()
	verdicts := make(chan string, 10_000)
	s, err := turnguard.Listen(turnguard.Config{
		Listen: []string{"127.0.0.1:0"}, Secrets: [][]byte{[]byte(secret)}, Realm: "example.org", Relay: []turnguard.Address{{Local: netip.MustParseAddr("127.0.0.1")}},
		MinPort: 49152, MaxPort: 65535, Inspect: turnguard.Record, Record: func(v guard.Verdict) { verdicts <- v.Rules[0] },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s.Addrs()[0].String(), func() (all []string) {
		for len(verdicts) > 0 {
			all = append(all, <-verdicts)
		}
		return all
	}
}

// stock is a TURN server as its library has it, without anything around it.
func stock(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, err := turn.NewServer(turn.ServerConfig{
		Realm: "example.org",
		AuthHandler: func(r *turn.RequestAttributes) (string, []byte, bool) {
			return r.Username, turn.GenerateAuthKey(r.Username, "example.org", turnguard.Password([]byte(turnSecret), r.Username)), true
		},
		PacketConnConfigs: []turn.PacketConnConfig{{PacketConn: conn, RelayAddressGenerator: &turn.RelayAddressGeneratorStatic{RelayAddress: net.IPv4(127, 0, 0, 1), Address: "127.0.0.1"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return conn.LocalAddr().String()
}

// Our TURN server refuses every case, under a rule that the case names.
func TestEveryTURNCaseIsRefused(t *testing.T) {
	at, rules := proxied(t, turnSecret)
	s, err := OpenTURN(t.Context(), at, []byte(turnSecret))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range TURNCases() {
		rules()
		r := s.runCase(t.Context(), c)
		t.Logf("%-26s %-8s %s", r.ID, r.Outcome, r.Seen)
		if r.Outcome != Refused {
			t.Errorf("%s: %s: %s", r.ID, r.Outcome, r.Seen)
		}
		said := rules()
		if !slices.ContainsFunc(c.Rules, func(rule string) bool { return slices.Contains(said, rule) }) && !silent[c.ID] {
			t.Errorf("%s was refused, and no verdict says so by %v: %v", c.ID, c.Rules, said)
		}
	}
}

// silent are cases that leave no verdict: what nobody permitted is dropped and
// counted, and a flood of strangers is not answered.
var silent = map[string]bool{"turn.unasked": true, "turn.reflection": true}

// A server that nothing stands around lets attacks through: the cases can fail.
func TestTURNCasesCanFail(t *testing.T) {
	s, err := OpenTURN(t.Context(), stock(t), []byte(turnSecret))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, c := range TURNCases() {
		r := s.runCase(t.Context(), c)
		t.Logf("%-26s %-8s %s", r.ID, r.Outcome, r.Seen)
		got[c.ID] = r.Outcome == Through
	}
	for _, id := range []string{"turn.elsewhere", "turn.credentials", "turn.quota", "turn.reflection"} {
		if !got[id] {
			t.Errorf("%s does not get through a server that nothing stands around", id)
		}
	}
}

// A server that does not hold the secret, or is none, is not attacked.
func TestAnotherTURNServerIsNotAttacked(t *testing.T) {
	at, _ := proxied(t, "another secret")
	if _, err := OpenTURN(t.Context(), at, []byte(turnSecret)); err == nil {
		t.Error("a server with another secret was taken for one's own")
	}
	mine, _ := proxied(t, turnSecret)
	between, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer between.Close()
	forwarded := net.UDPAddrFromAddrPort(netip.MustParseAddrPort(mine))
	go func() { // it passes everything on, so that the answers are made with the secret
		var who *net.UDPAddr
		for b := make([]byte, 2048); ; {
			n, from, err := between.ReadFromUDP(b)
			if err != nil {
				return
			}
			to := forwarded
			if from.Port == forwarded.Port {
				to = who
			} else {
				who = from
			}
			_, _ = between.WriteToUDP(b[:n], to)
		}
	}()
	if _, err := OpenTURN(t.Context(), between.LocalAddr().String(), []byte(turnSecret)); err == nil {
		t.Error("something that stands in between was attacked")
	}
}
