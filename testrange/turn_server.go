package testrange

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sort"
	"time"

	"github.com/pion/stun/v4"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/turnguard"
)

// TURNCase is one attack on a TURN server of the operator's own, such as ringfence
// proxy turn.
type TURNCase struct {
	ID    string
	Title string
	Rules []string
	Row   string

	// Run makes the attack. An error means that it could not be made.
	Run func(ctx context.Context, s *TURNServer) (Outcome, error)
}

var turnCatalogue = map[string]TURNCase{}

// registerTURN adds a case; mistakes of ours panic.
func registerTURN(c TURNCase) {
	if _, taken := turnCatalogue[c.ID]; taken || c.ID == "" || c.Title == "" || len(c.Rules) == 0 || c.Row == "" || c.Run == nil {
		panic("testrange: case " + c.ID + " is not whole, or registered twice")
	}
	for _, id := range c.Rules {
		if _, ok := guard.Lookup(id); !ok {
			panic("testrange: case " + c.ID + " names " + id + ", which is no rule")
		}
	}
	turnCatalogue[c.ID] = c
}

// TURNCases returns all cases for TURN servers, by id.
func TURNCases() []TURNCase {
	all := make([]TURNCase, 0, len(turnCatalogue))
	for _, c := range turnCatalogue {
		all = append(all, c)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].ID < all[j].ID })
	return all
}

// TURNServer is a TURN server under attack, whose shared secret the operator has.
type TURNServer struct {
	at     string
	secret []byte
	realm  string
	conns  []*turnClient
}

// OpenTURN lets a TURN server prove that it is the operator's: it answers a request
// that has our credential with an integrity that only a holder of the shared secret
// can make (RFC 8489 §9.2.5), and with the address that we have ourselves, so that
// nobody stands in between. Until then it is sent nothing but what every client
// sends.
func OpenTURN(ctx context.Context, at string, secret []byte) (*TURNServer, error) {
	s := &TURNServer{at: at, secret: secret}
	defer s.reset()
	c, err := s.client("proof")
	if err != nil {
		return nil, err
	}
	code, err := c.request(stun.MethodAllocate, rawAttribute(stun.AttrRequestedTransport, []byte{udp, 0, 0, 0}))
	if err != nil || code != success {
		return nil, fmt.Errorf("%w: it answered an allocation with %d (%w)", ErrNotYours, code, orElse(err, "the credential is not right"))
	}
	if c.answer == nil || c.key.Check(c.answer) != nil {
		return nil, fmt.Errorf("%w: its answer is not made with the secret that was given", ErrNotYours)
	}
	var mapped stun.XORMappedAddress
	if err := mapped.GetFrom(c.answer); err != nil {
		return nil, err
	}
	ours, _ := netip.ParseAddrPort(c.conn.LocalAddr().String())
	theirs, _ := netip.AddrFromSlice(mapped.IP)
	if netip.AddrPortFrom(theirs.Unmap(), uint16(mapped.Port)) != netip.AddrPortFrom(ours.Addr().Unmap(), ours.Port()) {
		return nil, fmt.Errorf("%w: it sees %s:%d, and this is %s: something stands in between; run the range on the server's own network", ErrNotYours, mapped.IP, mapped.Port, ours)
	}
	s.realm = c.realm
	return s, nil
}

// client returns a client with a fresh credential of a user.
func (s *TURNServer) client(user string) (*turnClient, error) {
	return s.named(fmt.Sprintf("%d:range-%s", time.Now().Add(10*time.Minute).Unix(), user))
}

// named returns a client with the credential of a user name, whatever that says.
func (s *TURNServer) named(name string) (*turnClient, error) {
	conn, err := net.DialTimeout("udp", s.at, 5*time.Second)
	if err != nil {
		return nil, err
	}
	c := &turnClient{conn: conn, user: name, realm: s.realm, password: turnguard.Password(s.secret, name)}
	c.key = stun.NewLongTermIntegrity(name, c.realm, c.password)
	s.conns = append(s.conns, c)
	return c, nil
}

// allocated returns a client with an allocation, and its relayed address.
func (s *TURNServer) allocated(user string) (c *turnClient, relayed netip.AddrPort, err error) {
	if c, err = s.client(user); err != nil {
		return nil, relayed, err
	}
	code, err := c.allocate(udp)
	if err != nil || code != success {
		return nil, relayed, fmt.Errorf("an allocation of the range's own was answered with %d: %w", code, orElse(err, "it should succeed"))
	}
	var at stun.XORMappedAddress
	if err := at.GetFromAs(c.answer, stun.AttrXORRelayedAddress); err != nil {
		return nil, relayed, err
	}
	ip, _ := netip.AddrFromSlice(at.IP)
	return c, netip.AddrPortFrom(ip.Unmap(), uint16(at.Port)), nil
}

// reset ends what a case has left: allocations are given back.
func (s *TURNServer) reset() {
	for _, c := range s.conns {
		if c.answer != nil {
			if m, err := c.build(stun.MethodRefresh, []stun.Setter{rawAttribute(stun.AttrLifetime, []byte{0, 0, 0, 0})}); err == nil {
				_, _ = c.conn.Write(m.Raw)
			}
		}
		c.close()
	}
	s.conns = nil
}

// honest relays a packet between two allocations as a call does: without that, no
// refusal is worth anything.
func (s *TURNServer) honest(ctx context.Context) error {
	one, first, err := s.allocated("one")
	if err != nil {
		return err
	}
	two, second, err := s.allocated("two")
	if err != nil {
		return err
	}
	if err := errors.Join(granted(one.permit(second)), granted(two.permit(first))); err != nil {
		return err
	}
	packet := append([]byte{0x80, 96, 0, 1}, []byte(rand.Text())...)
	same := func(b []byte) bool { return bytes.Equal(b, packet) }
	for range tries {
		if err := one.send(second, packet); err != nil {
			return err
		}
		if _, came, err := two.receive(ctx, tryTime, same); err != nil || came {
			return err
		}
	}
	return errors.New("an honest packet between two allocations did not arrive: nothing is proved")
}

// passwordOf is the password of a user name.
func passwordOf(s *TURNServer, name string) string { return turnguard.Password(s.secret, name) }

func granted(code int, err error) error {
	if err == nil && code != success {
		err = fmt.Errorf("an honest permission was answered with %d", code)
	}
	return err
}

// Run runs cases one after the other, and tells of each as it ends. That one was
// refused counts only if calls still go through.
func (s *TURNServer) Run(ctx context.Context, cases []TURNCase, tell func(Result)) Report {
	began := time.Now()
	report := Report{Version: 1, Server: s.at, Cases: []Result{}}
	for _, c := range cases {
		r := s.runCase(ctx, c)
		report.Cases = append(report.Cases, r)
		if tell != nil {
			tell(r)
		}
	}
	report.Seconds = time.Since(began).Seconds()
	return report
}

func (s *TURNServer) runCase(ctx context.Context, c TURNCase) Result {
	ctx, cancel := context.WithTimeout(ctx, caseTime)
	defer cancel()
	defer s.reset()
	out, err := c.Run(ctx, s)
	s.reset()
	if err == nil && !out.Through {
		err = s.honest(ctx)
	}
	r := Result{ID: c.ID, Title: c.Title, Rules: c.Rules, Outcome: Refused, Seen: out.Seen}
	switch {
	case err != nil:
		r.Outcome, r.Seen = Failed, err.Error()
	case out.Through:
		r.Outcome = Through
	}
	return r
}
