package testrange

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ringfence/ringfence/guard"
)

// maxAccounts is how many accounts a whole run may make.
const maxAccounts = 100

// Stage is one server under attack, with the range's own people on it.
type Stage struct {
	server  string
	key     ed25519.PrivateKey
	relay   string // host:port, of the relay's UDP
	invites []string
	device  *guard.Set // the rules on the people's devices
	http    *http.Client

	people  []*Person
	pairs   []*pair
	third   *Person        // a stranger to all others
	used    map[*pair]bool // by the case that is running
	conns   []*turnClient
	counter uint64        // of the last offer
	late    time.Duration // how long what comes to a person is on its way, on top
}

// Open lets the server prove that it is the operator's, and sets the stage.
func Open(ctx context.Context, server string, key ed25519.PrivateKey) (*Stage, error) {
	g, err := prove(ctx, server, key, maxAccounts)
	if err != nil {
		return nil, err
	}
	relay, err := relayHost(g.relay)
	if err != nil {
		return nil, err
	}
	device, err := deviceRules()
	if err != nil {
		return nil, err
	}
	return &Stage{
		server: strings.TrimSuffix(server, "/"), key: key, relay: relay, invites: g.invites, device: device, used: map[*pair]bool{},
		http: &http.Client{Timeout: 10 * time.Second, Transport: http.DefaultTransport.(*http.Transport).Clone(), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}, nil
}

// another opens a run of its own on the same server, for accounts that the server
// must tell from all others of the range.
func (s *Stage) another(ctx context.Context, accounts int) (*Stage, error) {
	var g grant
	err := s.patiently(ctx, func() (err error) {
		g, err = prove(ctx, s.server, s.key, accounts)
		return err
	})
	return &Stage{server: s.server, key: s.key, relay: s.relay, invites: g.invites, device: s.device, used: map[*pair]bool{}, late: s.late, http: s.http}, err
}

// relayHost takes the UDP address out of the relay's URIs, RFC 7065.
func relayHost(uris []string) (string, error) {
	for _, u := range uris {
		rest, ok := strings.CutPrefix(u, "turn:")
		host, query, _ := strings.Cut(rest, "?")
		if _, _, err := net.SplitHostPort(host); ok && err == nil && query == "transport=udp" {
			return host, nil
		}
	}
	return "", errors.New("the server names no relay over UDP that may be aimed at")
}

func (s *Stage) invite() (string, error) {
	if len(s.invites) == 0 {
		return "", fmt.Errorf("the %d accounts of a run are used up", maxAccounts)
	}
	code := s.invites[0]
	s.invites = s.invites[1:]
	return code, nil
}

func (s *Stage) adopt(p *Person) { s.people = append(s.people, p) }

func (s *Stage) begin() { clear(s.used) }

// end cleans up behind a case: no call and no allocation stays.
func (s *Stage) end(ctx context.Context) {
	for _, c := range s.conns {
		c.close()
	}
	s.conns = nil
}

// stillThere proves that those who took part can be reached: the caller writes
// an honest letter, and it arrives. Only then is it worth something that
// nothing else did. What the case set off has arrived by then, too, and is not
// taken for something of the next one.
func (s *Stage) stillThere(ctx context.Context) error {
	for p := range s.used {
		if err := errors.Join(p.caller.dealtWith(ctx), p.callee.dealtWith(ctx)); err != nil {
			return err
		}
		if err := s.write(ctx, p.caller, p.callee); err != nil {
			return err
		}
	}
	return nil
}

// Close deletes the range's accounts and everything of theirs.
func (s *Stage) Close(ctx context.Context) error {
	var all error
	for _, p := range s.people {
		if p.Me().Registered() {
			if err := s.patiently(ctx, func() error { return p.DeleteAccount(ctx) }); err != nil {
				all = errors.Join(all, fmt.Errorf("deleting %s: %w", p.Name, err))
			}
		}
		all = errors.Join(all, p.Client.Close())
	}
	s.people, s.pairs = nil, nil
	s.http.CloseIdleConnections()
	return all
}

// url of a path on the server.
func (s *Stage) url(path string) string {
	u, err := url.JoinPath(s.server, path)
	if err != nil {
		return s.server + path
	}
	return u
}
