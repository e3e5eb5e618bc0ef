package testrange

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/ringfence/ringfence/wire/call"
)

func init() {
	Register(Case{
		ID: "relay.before-answer", Title: "STUN, RTP and a flood of RTCP to the relay, with made-up credentials, while it rings",
		Rules: []string{"R1", "R20"}, Row: "1, 6, 16, 18, 20, 22", Barriers: []string{"R1", "R20"}, Run: relayBeforeAnswer,
	})
	Register(Case{
		ID: "relay.after-hang-up", Title: "The credentials of a call that is over",
		Rules: []string{"R1"}, Row: "60", Barriers: []string{"R1"}, Run: relayAfterHangUp,
	})
	Register(Case{
		ID: "relay.another-calls-credentials", Title: "One call's password for a leg of another call",
		Rules: []string{"R20"}, Row: "60", Barriers: []string{"R20"}, Run: anotherCallsCredentials,
	})
	Register(Case{
		ID: "relay.elsewhere", Title: "The relay is asked to reach loopback, link-local, private and metadata addresses, in every spelling",
		Rules: []string{"R12"}, Row: "59", Barriers: []string{"R12"}, Run: relayElsewhere,
	})
	Register(Case{
		ID: "relay.spelling", Title: "Packets for the other leg under another port, and its address written as IPv6",
		Rules: []string{"R12"}, Row: "59", Barriers: []string{"R12"}, Run: relaySpelling,
	})
	Register(Case{
		ID: "relay.media-before-handshake", Title: "RTP and RTCP in the clear, before the encryption was set up",
		Rules: []string{"R16"}, Row: "1, 3, 42", Barriers: []string{"R16"},
		Run: packets(false, append([]byte{0x80, 96}, make([]byte, 60)...), append([]byte{0x81, 201, 0, 1}, make([]byte, 60)...)),
	})
	Register(Case{
		ID: "relay.downgrade", Title: "A key exchange that agrees on no encryption, on DTLS 1.0, and data channels",
		Rules: []string{"R16"}, Row: "30, 42, 61", Barriers: []string{"R16"},
		Run: packets(false, nullCipher(), record(22, 0xfeff, 1, make([]byte, 40)...), record(23, 0xfefd, 1, make([]byte, 40)...)),
	})
	Register(Case{
		ID: "relay.lengths", Title: "STUN, DTLS, RTP and RTCP whose inner lengths do not agree with their size",
		Rules: []string{"R6"}, Row: "4, 11, 33, 34, 35, 37, 39, 61", Barriers: []string{"R6"},
		Run: packets(true,
			append([]byte{1, 0x11, 0, 8}, append(binding(1)[4:20], 0, 9, 0, 2, 0, 0, 0, 0)...), // ERROR-CODE of two bytes
			append([]byte{0, 1, 0xff, 0xfc}, binding(1)[4:20]...),
			record(22, 0xfefd, 0, 11, 0, 0, 4, 0, 0, 0, 0, 9, 0, 0, 9, 1), // a fragment behind its message
			append([]byte{0x9f, 96}, make([]byte, 40)...),                 // fifteen sources and an extension in 42 bytes
			append([]byte{0x81, 203, 0, 200}, make([]byte, 40)...),
			[]byte{0x80, 201, 0, 1, 0, 0, 0, 0, 0, 0}),
	})
	Register(Case{
		ID: "relay.oversize", Title: "Packets larger than any of a call",
		Rules: []string{"R5"}, Row: "1, 6, 25", Barriers: []string{"R5"},
		Run: packets(true, append([]byte{0x80, 96}, make([]byte, 1600)...), append([]byte{0x81, 201, 0, 1}, make([]byte, 1500)...)),
	})
	Register(Case{
		ID: "relay.unknown", Title: "Packets that are none of a call: TURN inside of TURN, QUIC, made-up RTCP",
		Rules: []string{"R3"}, Row: "30, 39", Barriers: []string{"R3"},
		Run: packets(true, append([]byte{0x41, 0, 0, 40}, make([]byte, 40)...), append([]byte{0xc0, 0, 0, 0, 1}, make([]byte, 40)...),
			append([]byte{0, 0x16}, binding(1)[2:]...), append([]byte{0x80, 220, 0, 1}, make([]byte, 40)...)),
	})
}

// record is a DTLS record, RFC 6347 §4.1.
func record(kind byte, version uint16, epoch byte, body ...byte) []byte {
	b := []byte{kind, byte(version >> 8), byte(version), 0, epoch, 0, 0, 0, 0, 0, 1, 0, byte(len(body))}
	return append(b, body...)
}

// nullCipher is a server's hello that chooses no encryption.
func nullCipher() []byte {
	body := append([]byte{0xfe, 0xfd}, make([]byte, 36)...)
	head := []byte{2, 0, 0, byte(len(body)), 0, 0, 0, 0, 0, 0, 0, byte(len(body))}
	return record(22, 0xfefd, 0, append(head, body...)...)
}

// packets makes a case in which the caller's leg sends packets of an answered
// call. With secured, both legs have made it look as if the handshake had gone
// through.
func packets(secured bool, attack ...[]byte) func(context.Context, *Stage) (Outcome, error) {
	return func(ctx context.Context, s *Stage) (Outcome, error) {
		c, err := s.answered(ctx)
		if err != nil {
			return Outcome{}, err
		}
		if secured {
			if err := c.pretendHandshake(ctx); err != nil {
				return Outcome{}, err
			}
		}
		got, err := c.arrives(ctx, calleeAddr, attack...)
		if err := errors.Join(err, c.hangUp(ctx)); err != nil {
			return Outcome{}, err
		}
		if len(got) > 0 {
			return through("%d of %d packets arrived, the first %x", len(got), len(attack), clip(got[0]))
		}
		return refused("none of %d packets arrived, an honest one behind them did", len(attack))
	}
}

// pretendHandshake sends what looks like the end of a handshake from both legs.
func (c *answeredCall) pretendHandshake(ctx context.Context) error {
	finished := record(22, 0xfefd, 1, make([]byte, 40)...)
	c.honest[string(finished)] = true
	for range tries {
		if err := errors.Join(c.callerLeg.send(calleeAddr, finished), c.calleeLeg.send(callerAddr, finished)); err != nil {
			return err
		}
		same := func(b []byte) bool { return bytes.Equal(b, finished) }
		_, one, err := c.calleeLeg.receive(ctx, time.Second, same)
		_, two, err2 := c.callerLeg.receive(ctx, time.Second, same)
		if err := errors.Join(err, err2); err != nil {
			return err
		}
		if one && two {
			return nil
		}
	}
	return errors.New("an honest DTLS record did not come through the relay")
}

func relayBeforeAnswer(ctx context.Context, s *Stage) (Outcome, error) {
	p, err := s.pair(ctx, 1)
	if err != nil {
		return Outcome{}, err
	}
	id, err := s.ring(ctx, p)
	if err != nil {
		return Outcome{}, err
	}
	mark := p.callee.tape.mark()
	c, err := s.relayClient(id.String()+"-"+string(rune(call.Caller)), id.String())
	if err != nil {
		return Outcome{}, err
	}
	code, err := c.allocate(udp)
	if err != nil {
		return Outcome{}, err
	}
	permitted, err := c.permit(calleeAddr)
	if err != nil {
		return Outcome{}, err
	}
	for range 200 {
		for _, b := range [][]byte{binding(1), append([]byte{0x80, 96}, make([]byte, 60)...), append([]byte{0x81, 201, 0, 1}, make([]byte, 60)...)} {
			if err := c.send(calleeAddr, b); err != nil {
				return Outcome{}, err
			}
		}
	}
	got, err := s.heard(ctx, p.caller, p.caller, p.callee, mark)
	if err := errors.Join(err, p.cancel(ctx, id)); err != nil {
		return Outcome{}, err
	}
	switch {
	case code == success || permitted == success:
		return through("the relay gave an allocation for a call that nobody had answered")
	case len(got) > 0:
		return through("%d bytes reached the callee: %x", len(got[0]), clip(got[0]))
	}
	return refused("no allocation (%d), no permission (%d), and nothing reached the callee", code, permitted)
}

func relayAfterHangUp(ctx context.Context, s *Stage) (Outcome, error) {
	c, err := s.answered(ctx)
	if err != nil {
		return Outcome{}, err
	}
	if err := c.hangUp(ctx); err != nil {
		return Outcome{}, err
	}
	late, err := s.relayClient(c.callerUser, c.callerPass)
	if err != nil {
		return Outcome{}, err
	}
	code, err := late.allocate(udp)
	if err != nil {
		return Outcome{}, err
	}
	if code == success {
		return through("the relay gave an allocation for a call that is over")
	}
	return refused("no allocation (%d)", code)
}

func anotherCallsCredentials(ctx context.Context, s *Stage) (Outcome, error) {
	own, err := s.answered(ctx)
	if err != nil {
		return Outcome{}, err
	}
	other, err := s.freshPair(ctx, manner{mute: true})
	if err != nil {
		return Outcome{}, err
	}
	c, err := s.answer(ctx, other)
	if err != nil {
		return Outcome{}, err
	}
	thief, err := s.relayClient(c.calleeUser, own.callerPass)
	if err != nil {
		return Outcome{}, err
	}
	code, err := thief.allocate(udp)
	if err := errors.Join(err, own.hangUp(ctx), c.hangUp(ctx)); err != nil {
		return Outcome{}, err
	}
	if code == success {
		return through("one call's password opened a leg of another call")
	}
	return refused("no allocation (%d)", code)
}

func relayElsewhere(ctx context.Context, s *Stage) (Outcome, error) {
	c, err := s.answered(ctx)
	if err != nil {
		return Outcome{}, err
	}
	trap, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return Outcome{}, err
	}
	defer trap.Close()
	opened := ""
	peers := []string{
		trap.LocalAddr().String(), "127.0.0.1:80", "0.0.0.0:80", "[::]:80", "[::1]:80", "[::ffff:127.0.0.1]:80", "[::ffff:169.254.169.254]:80", "[64:ff9b::7f00:1]:80",
		"[2002:7f00:1::]:80", "169.254.169.254:80", "[fe80::1]:80", "[fd00::1]:80", "10.0.0.1:22", "192.168.0.1:80", "224.0.0.251:5353", "255.255.255.255:9", "192.0.2.2:49152", "192.0.2.3:49152",
	}
	for _, peer := range peers {
		a := netip.MustParseAddrPort(peer)
		code, err := c.callerLeg.permit(a)
		if err != nil {
			return Outcome{}, err
		}
		if code == success {
			opened += " " + peer
		}
		if err := c.callerLeg.send(a, binding(1)); err != nil {
			return Outcome{}, err
		}
	}
	// The relay has dealt with all of them when an honest packet behind them is here.
	if _, err := c.arrives(ctx, calleeAddr); err != nil {
		return Outcome{}, err
	}
	if err := errors.Join(trap.SetReadDeadline(time.Now().Add(quiet)), c.hangUp(ctx)); err != nil {
		return Outcome{}, err
	}
	if n, _, err := trap.ReadFrom(make([]byte, 2048)); err == nil {
		return through("%d bytes arrived at a loopback address", n)
	}
	if opened != "" {
		return through("the relay gave permissions for%s", opened)
	}
	return refused("no permission for any of %d addresses, and nothing arrived at a loopback address", len(peers))
}

func relaySpelling(ctx context.Context, s *Stage) (Outcome, error) {
	c, err := s.answered(ctx)
	if err != nil {
		return Outcome{}, err
	}
	for _, to := range []string{"192.0.2.1:49153", "192.0.2.1:22", "[::ffff:192.0.2.1]:49152"} {
		got, err := c.arrives(ctx, netip.MustParseAddrPort(to), binding(0))
		if err != nil {
			return Outcome{}, errors.Join(err, c.hangUp(ctx))
		}
		if len(got) > 0 {
			return Outcome{true, "a packet for " + to + " arrived"}, c.hangUp(ctx)
		}
	}
	return Outcome{false, "nothing arrived that was not for exactly the other leg's address and port"}, c.hangUp(ctx)
}
