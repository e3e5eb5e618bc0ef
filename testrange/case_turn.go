package testrange

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/pion/stun/v4"
)

func init() {
	registerTURN(TURNCase{
		ID: "turn.elsewhere", Title: "Permissions and channels for loopback, link-local, private and metadata addresses, in every spelling",
		Rules: []string{"R12"}, Row: "59", Run: turnElsewhere,
	})
	registerTURN(TURNCase{
		ID: "turn.unasked", Title: "Packets to an allocation that has not permitted the sender",
		Rules: []string{"R12"}, Row: "59", Run: turnUnasked,
	})
	registerTURN(TURNCase{
		ID: "turn.tcp", Title: "An allocation for TCP, and connections to peers",
		Rules: []string{"R12"}, Row: "59", Run: turnTCP,
	})
	registerTURN(TURNCase{
		ID: "turn.credentials", Title: "A credential whose time has passed, one without a time, a wrong password, another realm",
		Rules: []string{"R20"}, Row: "60", Run: turnCredentials,
	})
	registerTURN(TURNCase{
		ID: "turn.anothers-allocation", Title: "Another user refreshes an allocation, and adds a peer to it",
		Rules: []string{"R20"}, Row: "60", Run: turnAnothers,
	})
	registerTURN(TURNCase{
		ID: "turn.options", Title: "A ticket to take the allocation elsewhere, a reserved port, an attribute that nobody knows and everybody must",
		Rules: []string{"R3", "R19"}, Row: "60", Run: turnOptions,
	})
	registerTURN(TURNCase{
		ID: "turn.lengths", Title: "Messages whose lengths do not agree with their size, and attributes that are too short for their type",
		Rules: []string{"R6"}, Row: "39, 60", Run: turnLengths,
	})
	registerTURN(TURNCase{
		ID: "turn.quota", Title: "More allocations than one user may have",
		Rules: []string{"R13"}, Row: "60", Run: turnQuota,
	})
	registerTURN(TURNCase{
		ID: "turn.reflection", Title: "A flood of requests without a credential, whose answers are larger than they are",
		Rules: []string{"R13"}, Row: "60", Run: turnReflection,
	})
}

// forbidden are addresses that no call has, each in a spelling of its own.
var forbidden = []string{
	"127.0.0.1:80", "0.0.0.0:80", "[::]:80", "[::1]:80", "[::ffff:127.0.0.1]:80", "[::ffff:169.254.169.254]:80", "[64:ff9b::7f00:1]:80", "[::127.0.0.1]:80", "[2002:7f00:1::]:80",
	"169.254.169.254:80", "[fe80::1]:80", "[fd00::1]:80", "[fd00:ec2::254]:80", "10.0.0.1:22", "172.16.0.1:22", "192.168.0.1:80", "100.64.0.1:80", "224.0.0.251:5353", "255.255.255.255:9", "[ff02::1]:9",
}

func turnElsewhere(ctx context.Context, s *TURNServer) (Outcome, error) {
	c, _, err := s.allocated("one")
	if err != nil {
		return Outcome{}, err
	}
	trap, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return Outcome{}, err
	}
	defer trap.Close()
	var opened []string
	for i, text := range append([]string{trap.LocalAddr().String()}, forbidden...) {
		peer := netip.MustParseAddrPort(text)
		one, err := c.permit(peer)
		two, err2 := c.request(stun.MethodChannelBind, rawAttribute(stun.AttrChannelNumber, []byte{0x40, byte(i), 0, 0}), peerAttribute(peer))
		if err := errors.Join(err, err2, c.send(peer, binding(1))); err != nil {
			return Outcome{}, err
		}
		if one == success || two == success {
			opened = append(opened, text)
		}
	}
	if _, _, err := s.allocated("two"); err != nil { // what came before has been dealt with
		return Outcome{}, err
	}
	if err := trap.SetReadDeadline(time.Now().Add(quiet)); err != nil {
		return Outcome{}, err
	}
	if n, _, err := trap.ReadFrom(make([]byte, 2048)); err == nil {
		return through("%d bytes arrived at a loopback address", n)
	}
	if len(opened) > 0 {
		return through("it leads to %s", strings.Join(opened, ", "))
	}
	return refused("none of %d addresses, and nothing arrived at a loopback address", len(forbidden)+1)
}

func turnUnasked(ctx context.Context, s *TURNServer) (Outcome, error) {
	one, first, err := s.allocated("one")
	if err != nil {
		return Outcome{}, err
	}
	two, second, err := s.allocated("two")
	if err != nil {
		return Outcome{}, err
	}
	if err := granted(one.permit(second)); err != nil {
		return Outcome{}, err
	}
	for range 5 {
		if err := one.send(second, binding(1)); err != nil {
			return Outcome{}, err
		}
	}
	for range 5 { // the server has dealt with them before it is told otherwise
		for _, c := range []*turnClient{one, two} {
			if err := granted(c.request(stun.MethodRefresh, rawAttribute(stun.AttrLifetime, []byte{0, 0, 2, 88}))); err != nil {
				return Outcome{}, err
			}
		}
	}
	honest := append([]byte{0x80, 96}, "honest"...)
	if err := granted(two.permit(first)); err != nil {
		return Outcome{}, err
	}
	got := 0
	for range tries {
		if err := one.send(second, honest); err != nil {
			return Outcome{}, err
		}
		all, came, err := two.receive(ctx, tryTime, func(b []byte) bool { return string(b) == string(honest) })
		if err != nil {
			return Outcome{}, err
		}
		got += len(all)
		if came {
			if got > 1 {
				return through("%d packets that were not permitted arrived", got-1)
			}
			return refused("none of 5 packets arrived, an honest one behind them did")
		}
	}
	return Outcome{}, errors.New("the honest packet did not arrive: nothing is proved")
}

func turnTCP(ctx context.Context, s *TURNServer) (Outcome, error) {
	c, err := s.client("one")
	if err != nil {
		return Outcome{}, err
	}
	code, err := c.allocate(tcp)
	if err != nil || code == success {
		return Outcome{code == success, "an allocation for TCP"}, err
	}
	c, _, err = s.allocated("two")
	if err != nil {
		return Outcome{}, err
	}
	connect, err := c.request(stun.MethodConnect, peerAttribute(netip.MustParseAddrPort("8.8.8.8:9")))
	if err != nil || connect == success {
		return Outcome{connect == success, "a connection to a peer"}, err
	}
	return refused("an allocation for TCP was answered with %d, a connection with %d", code, connect)
}

func turnCredentials(ctx context.Context, s *TURNServer) (Outcome, error) {
	later := time.Now().Add(10 * time.Minute).Unix()
	for what, make := range map[string]func() (*turnClient, error){
		"a credential whose time has passed": func() (*turnClient, error) {
			return s.named(fmt.Sprintf("%d:range", time.Now().Add(-time.Minute).Unix()))
		},
		"a credential without a time": func() (*turnClient, error) { return s.named("range") },
		"a wrong password": func() (*turnClient, error) {
			c, err := s.named(fmt.Sprintf("%d:range", later))
			if err == nil {
				c.password = "wrong"
			}
			return c, err
		},
	} {
		c, err := make()
		if err != nil {
			return Outcome{}, err
		}
		code, err := c.allocate(udp)
		if err != nil || code == success {
			return Outcome{code == success, what}, err
		}
	}
	return refused("none of 3 credentials was taken")
}

func turnAnothers(ctx context.Context, s *TURNServer) (Outcome, error) {
	c, _, err := s.allocated("one")
	if err != nil {
		return Outcome{}, err
	}
	was := c.user
	c.user = fmt.Sprintf("%d:range-another", time.Now().Add(10*time.Minute).Unix())
	c.password = passwordOf(s, c.user)
	c.rekey()
	code, err := c.request(stun.MethodRefresh, rawAttribute(stun.AttrLifetime, []byte{0, 0, 0, 0}))
	permit, err2 := c.permit(netip.MustParseAddrPort("8.8.8.8:9"))
	c.user, c.password = was, passwordOf(s, was)
	c.rekey()
	if err := errors.Join(err, err2); err != nil || code == success || permit == success {
		return Outcome{code == success || permit == success, "another user's request about the allocation"}, err
	}
	return refused("another user's refresh was answered with %d, and a permission with %d", code, permit)
}

func turnOptions(ctx context.Context, s *TURNServer) (Outcome, error) {
	allocate := rawAttribute(stun.AttrRequestedTransport, []byte{udp, 0, 0, 0})
	for what, more := range map[string]stun.Setter{
		"a ticket":               rawAttribute(0x8030, nil),
		"a reserved port":        rawAttribute(stun.AttrEvenPort, []byte{0x80}),
		"an attribute not known": rawAttribute(0x7777, []byte{1, 2, 3, 4}),
	} {
		c, err := s.client("one")
		if err != nil {
			return Outcome{}, err
		}
		code, err := c.request(stun.MethodAllocate, allocate, more)
		if err != nil {
			return Outcome{}, err
		}
		if code != success {
			continue
		}
		_, ticket := c.answer.Get(0x8030)
		_, reserved := c.answer.Get(stun.AttrReservationToken)
		if what == "an attribute not known" || ticket == nil || reserved == nil {
			return through("%s was granted", what)
		}
	}
	return refused("no ticket, no reserved port, and nothing with an attribute that is not known")
}

func turnLengths(ctx context.Context, s *TURNServer) (Outcome, error) {
	c, err := s.client("one")
	if err != nil {
		return Outcome{}, err
	}
	head := binding(1)
	id := string(head[8:20])
	attacks := [][]byte{
		append([]byte{0, 1, 0, 8}, append([]byte(nil), append(head[4:20:20], 0, 9, 0, 2, 0, 0, 0, 0)...)...),                 // ERROR-CODE of two bytes
		append([]byte{0, 1, 0, 8}, append([]byte(nil), append(head[4:20:20], 0x80, 0x22, 0, 60, 0, 0, 0, 0)...)...),          // an attribute behind the end
		append([]byte{0, 1, 0, 6}, append([]byte(nil), append(head[4:20:20], 0x80, 0x22, 0, 2, 1, 2)...)...),                 // a length that is not a multiple of four
		append([]byte{0, 1, 0, 40}, head[4:20]...),                                                                           // more announced than there is
		append(append([]byte(nil), head[:20]...), 1, 2, 3, 4),                                                                // more there than announced
		append([]byte{0, 1, 0, 12}, append([]byte(nil), append(head[4:20:20], 0, 0x20, 0, 8, 0, 2, 0, 0, 1, 2, 3, 4)...)...), // an IPv6 address of four bytes
	}
	for i, b := range attacks {
		if _, err := c.conn.Write(b); err != nil {
			return Outcome{}, err
		}
		answer, err := c.read(time.Now().Add(quiet))
		if err != nil {
			return Outcome{}, err
		}
		if len(answer) >= 20 && answer[0] == 1 && answer[1] == 1 && string(answer[8:20]) == id {
			return through("message %d of %d was answered as if it were right", i+1, len(attacks))
		}
	}
	return refused("none of %d messages was answered", len(attacks))
}

func turnQuota(ctx context.Context, s *TURNServer) (Outcome, error) {
	const many = 200
	for i := range many {
		c, err := s.client("greedy")
		if err != nil {
			return Outcome{}, err
		}
		code, err := c.allocate(udp)
		if err != nil {
			return Outcome{}, err
		}
		if code == 486 {
			return refused("after %d allocations of one user", i)
		}
		if code != success {
			return Outcome{}, fmt.Errorf("an allocation was answered with %d", code)
		}
	}
	return through("%d allocations of one user, and no end", many)
}

func turnReflection(ctx context.Context, s *TURNServer) (Outcome, error) {
	const many = 3000
	c, err := s.client("one")
	if err != nil {
		return Outcome{}, err
	}
	sent, got := 0, 0
	for i := range many {
		m, err := stun.Build(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest), rawAttribute(stun.AttrRequestedTransport, []byte{udp, 0, 0, 0}))
		if err != nil {
			return Outcome{}, err
		}
		n, err := c.conn.Write(m.Raw)
		if err != nil {
			return Outcome{}, err
		}
		sent += n
		for wait := time.Now(); i%20 == 19; { // so that no buffer runs over
			b, err := c.read(wait.Add(time.Millisecond))
			if err != nil {
				return Outcome{}, err
			}
			if b == nil {
				break
			}
			got += len(b)
		}
	}
	for {
		b, err := c.read(time.Now().Add(quiet))
		if err != nil {
			return Outcome{}, err
		}
		if b == nil {
			break
		}
		got += len(b)
	}
	if ratio := float64(got) / float64(sent); ratio > 2 {
		return through("%d bytes came back for %d: %.1f times as many", got, sent, ratio)
	}
	return refused("%d bytes came back for %d", got, sent)
}
