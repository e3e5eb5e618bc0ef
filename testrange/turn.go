package testrange

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/pion/stun/v4"
)

// The relayed addresses of docs/protocol.md, Relay.
var (
	calleeAddr = netip.MustParseAddrPort("192.0.2.1:49152")
	callerAddr = netip.MustParseAddrPort("192.0.2.2:49152")
)

const (
	tries   = 20
	tryTime = 350 * time.Millisecond // for one answer of the relay
	success = 200
)

// turnClient speaks TURN as an attacker does: it does what it is told and
// checks nothing.
type turnClient struct {
	conn  net.Conn
	user  string
	realm string
	nonce string
	key   stun.MessageIntegrity
	// password is set where the realm is the server's to say, and the key made of both.
	password string
	answer   *stun.Message // the last one that was a success
	inbox    [][]byte      // Data indications that came while something else was awaited
}

// relayClient dials the relay that the server's signed answer names.
func (s *Stage) relayClient(user, password string) (*turnClient, error) {
	conn, err := net.DialTimeout("udp", s.relay, 5*time.Second)
	if err != nil {
		return nil, err
	}
	c := &turnClient{conn: conn, user: user, realm: "ringfence", key: stun.NewLongTermIntegrity(user, "ringfence", password)}
	s.conns = append(s.conns, c)
	return c, nil
}

func (c *turnClient) close() { c.conn.Close() }

// raw is an attribute of any bytes.
func rawAttribute(kind stun.AttrType, value []byte) stun.Setter {
	return stun.RawAttribute{Type: kind, Value: value}
}

// request sends a request with our credential and returns the code of the
// answer: 200 or an error code.
func (c *turnClient) request(method stun.Method, attributes ...stun.Setter) (int, error) {
	code := 0
	for range 2 { // once more when the nonce was new to us
		m, err := c.build(method, attributes)
		if err != nil {
			return 0, err
		}
		answer, err := c.exchange(m)
		if err != nil || answer == nil {
			return 0, orElse(err, "the relay did not answer at all: nothing is proved")
		}
		if answer.Type.Class == stun.ClassSuccessResponse {
			c.answer = answer
			return success, nil
		}
		var failure stun.ErrorCodeAttribute
		if err := failure.GetFrom(answer); err != nil {
			return 0, err
		}
		code = int(failure.Code)
		var nonce stun.Nonce
		if code != 401 && code != 438 || nonce.GetFrom(answer) != nil || string(nonce) == c.nonce {
			break
		}
		c.nonce = string(nonce)
		var realm stun.Realm
		if c.password != "" && realm.GetFrom(answer) == nil {
			c.realm = string(realm)
			c.rekey()
		}
	}
	return code, nil
}

// rekey makes the key of the credential, RFC 8489 §9.2.2.
func (c *turnClient) rekey() { c.key = stun.NewLongTermIntegrity(c.user, c.realm, c.password) }

func (c *turnClient) build(method stun.Method, attributes []stun.Setter) (*stun.Message, error) {
	all := append([]stun.Setter{stun.TransactionID, stun.NewType(method, stun.ClassRequest)}, attributes...)
	if c.nonce != "" {
		all = append(all, stun.NewUsername(c.user), stun.NewRealm(c.realm), stun.NewNonce(c.nonce), c.key)
	}
	return stun.Build(all...)
}

// exchange sends a message until its answer comes; nil when none does.
func (c *turnClient) exchange(m *stun.Message) (*stun.Message, error) {
	for range tries {
		if _, err := c.conn.Write(m.Raw); err != nil {
			return nil, err
		}
		end := time.Now().Add(tryTime)
		for {
			b, err := c.read(end)
			if err != nil {
				return nil, err
			}
			if b == nil {
				break
			}
			answer := &stun.Message{Raw: b}
			if answer.Decode() == nil && answer.TransactionID == m.TransactionID {
				return answer, nil
			}
			c.inbox = append(c.inbox, b)
		}
	}
	return nil, nil
}

// read returns the next datagram, or nil when the time is over.
func (c *turnClient) read(end time.Time) ([]byte, error) {
	b := make([]byte, 4096)
	if err := c.conn.SetReadDeadline(end); err != nil {
		return nil, err
	}
	n, err := c.conn.Read(b)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return nil, nil
	}
	return b[:n], err
}

// allocate asks for an allocation over a transport of the relayed address.
func (c *turnClient) allocate(protocol byte) (int, error) {
	return c.request(stun.MethodAllocate, rawAttribute(stun.AttrRequestedTransport, []byte{protocol, 0, 0, 0}))
}

const udp, tcp = 17, 6

// permit asks for a permission.
func (c *turnClient) permit(peer netip.AddrPort) (int, error) {
	return c.request(stun.MethodCreatePermission, peerAttribute(peer))
}

// peerAttribute writes an address in the family that it has: a mapped one stays
// so. The XOR of IPv6 needs the transaction, so it is a setter of its own.
type peerAttribute netip.AddrPort

// AddTo adds XOR-PEER-ADDRESS, RFC 8656 §18.3.
func (p peerAttribute) AddTo(m *stun.Message) error {
	a := netip.AddrPort(p)
	family, ip := byte(1), a.Addr().AsSlice()
	if len(ip) == 16 {
		family = 2
	}
	value := binary.BigEndian.AppendUint16([]byte{0, family}, a.Port()^0x2112)
	key := append([]byte{0x21, 0x12, 0xa4, 0x42}, m.TransactionID[:]...)
	for i := range ip {
		value = append(value, ip[i]^key[i])
	}
	m.Add(stun.AttrXORPeerAddress, value)
	return nil
}

// send sends a packet to a peer through the relay.
func (c *turnClient) send(peer netip.AddrPort, data []byte) error {
	m, err := stun.Build(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication), peerAttribute(peer), rawAttribute(stun.AttrData, data))
	if err != nil {
		return err
	}
	_, err = c.conn.Write(m.Raw)
	return err
}

// receive returns packets of the other leg until one of them ends it or the
// time is over.
func (c *turnClient) receive(ctx context.Context, wait time.Duration, last func([]byte) bool) (packets [][]byte, ended bool, err error) {
	end := time.Now().Add(wait)
	if d, ok := ctx.Deadline(); ok && d.Before(end) {
		end = d
	}
	for {
		var b []byte
		if len(c.inbox) > 0 {
			b, c.inbox = c.inbox[0], c.inbox[1:]
		} else if b, err = c.read(end); err != nil || b == nil {
			return packets, false, err
		}
		m := &stun.Message{Raw: b}
		data, gone := []byte(nil), m.Decode()
		if gone == nil {
			data, gone = m.Get(stun.AttrData)
		}
		if gone != nil {
			continue
		}
		packets = append(packets, data)
		if last(data) {
			return packets, true, nil
		}
	}
}
