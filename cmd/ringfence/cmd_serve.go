package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/crypto/acme/autocert"

	"github.com/ringfence/ringfence/console"
	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/relay"
	"github.com/ringfence/ringfence/service"
	"github.com/ringfence/ringfence/service/socket"
	"github.com/ringfence/ringfence/web"
)

// version is set when a release is built.
var version = "development"

func init() {
	command("serve", "Run the service: messenger, console, mailbox, calls and the media relay.", &serveCommand{})
}

// How many connections are open at a time, in all and of one network.
const (
	maxConnections = 50_000
	maxOfNetwork   = 4_000
)

type serveCommand struct {
	dataFolder
	Listen   string `default:"127.0.0.1:8080" help:"Address of messenger and console. Without TLS it must be loopback."`
	Relay    string `default:"127.0.0.1:3478" help:"Address of the media relay, UDP and TCP."`
	External string `placeholder:"HOST[:PORT]" help:"What clients are told of the relay's address, where it differs."`
	Domain   string `placeholder:"NAME" help:"Serve NAME and console.NAME with certificates from Let's Encrypt; listens on port 443 unless told otherwise."`
	TLSCert  string `name:"tls-cert" placeholder:"FILE" help:"Certificate chain, PEM."`
	TLSKey   string `name:"tls-key" placeholder:"FILE" help:"Its private key, PEM."`
	Open     bool   `help:"Let anybody register, without an invite."`
	Terms    string `placeholder:"FILE" help:"Terms of service that a new account must accept; the first line is their version, like 2026-11."`
	Cluster  string `placeholder:"URL" help:"A NATS cluster, for several nodes; without it the bus is inside the process."`

	Calls     string `placeholder:"PLACE" help:"Where call records are archived: a folder, or s3://BUCKET?region=REGION (default: calls in the data folder)."`
	KeepCalls string `name:"keep-calls" default:"14d" help:"How long call records are kept, like 14d."`

	AddressDatabase []string `name:"address-database" placeholder:"FILE" sep:"none" help:"MMDB file that says which network or country an address is from, for call records. May be given several times."`
}

// Run serves until it is told to stop.
func (c *serveCommand) Run(e *env) error {
	if err := c.check(); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(e.stderr, nil))
	unlock, err := lockFolder(c.dir())
	if err != nil {
		return err
	}
	defer unlock()
	secure, terms, err := c.files()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return &failure{code: "listen", what: "messenger and console", why: err, hint: portHint(err, "--listen")}
	}
	defer listener.Close()
	var media *relay.Relay
	watch := newLiveHunt(log)
	known, err := openAddressDatabases(c.AddressDatabase)
	if err != nil {
		return err
	}
	s, err := service.New(service.Config{
		Data: c.dir(), Version: version, Open: c.Open, Terms: terms, Cluster: c.Cluster, TLS: secure != nil, Log: log, Now: e.now, Locate: known.locate, Watch: watch,
		Relay: func(g *guard.Set) (service.Relay, error) {
			media, err = relay.Listen(relay.Config{Addr: c.Relay, External: c.External, TLS: secure, Guard: g, Log: log})
			return media, err
		},
	})
	if media != nil {
		defer media.Stop()
	}
	if err != nil {
		return &failure{code: "serve", what: "serve " + c.dir(), why: err, hint: serveHint(err)}
	}
	defer s.Close()
	media.OnSilent(s.Silent)
	if err := watch.start(e.ctx, s.Bus()); err != nil {
		return &failure{code: "serve", what: "serve " + c.dir(), why: err, hint: serveHint(err)}
	}
	defer watch.close()
	keep, _ := parseKeep(c.KeepCalls) // checked above
	calls, err := startCallArchive(e.ctx, s.Store(), c.Calls, c.dir(), keep, e.now, log)
	if err != nil {
		return &failure{code: "calls", what: "archive of call records", why: err, hint: serveHint(err)}
	}
	defer calls.close()
	if err := s.Serving(c.reachable(listener)); err != nil {
		return err
	}
	if err := c.announce(e, s, listener, media); err != nil {
		return err
	}
	return c.serve(e, s, watch.keepIn(e.ctx, s), listener, secure, log)
}

// files reads the certificate and the terms of service, where they are given.
func (c *serveCommand) files() (secure *tls.Config, terms string, err error) {
	if secure, err = c.tlsConfig(); err == nil {
		terms, err = c.terms()
	}
	return secure, terms, err
}

// check refuses what cannot be meant.
func (c *serveCommand) check() error {
	if c.Domain != "" && c.Listen == "127.0.0.1:8080" {
		c.Listen = ":443"
	}
	if (c.TLSCert == "") != (c.TLSKey == "") || c.Domain != "" && c.TLSCert != "" {
		return &failure{code: "usage", what: "serve", hint: "give either --domain, or --tls-cert and --tls-key together", exit: exitUsage}
	}
	if _, err := parseKeep(c.KeepCalls); err != nil {
		return &failure{code: "usage", what: "--keep-calls " + c.KeepCalls, why: err, hint: "give a number of days, like 14d", exit: exitUsage}
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return &failure{code: "usage", what: "--listen " + c.Listen, why: err, hint: "give HOST:PORT", exit: exitUsage}
	}
	ip := net.ParseIP(host)
	if loopback := host == "localhost" || ip != nil && ip.IsLoopback(); !loopback && c.Domain == "" && c.TLSCert == "" {
		return &failure{code: "usage", what: "--listen " + c.Listen, why: errors.New("without TLS the service listens on loopback only"), hint: "give --domain, or --tls-cert and --tls-key", exit: exitUsage}
	}
	return nil
}

func (c *serveCommand) tlsConfig() (*tls.Config, error) {
	switch {
	case c.Domain != "":
		m := autocert.Manager{
			Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(filepath.Join(c.dir(), "certificates")),
			HostPolicy: autocert.HostWhitelist(c.Domain, "console."+c.Domain),
		}
		t := m.TLSConfig()
		t.MinVersion = tls.VersionTLS12
		return t, nil
	case c.TLSCert != "":
		pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
		if err != nil {
			return nil, &failure{code: "tls", what: "certificate " + c.TLSCert, why: err, hint: "give a PEM chain and its key"}
		}
		return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}, nil
	}
	return nil, nil
}

// serve answers until the context ends.
func (c *serveCommand) serve(e *env, s *service.Service, campaigns console.Hunt, l net.Listener, secure *tls.Config, log *slog.Logger) error {
	base, end := context.WithCancel(context.Background())
	defer end()
	cases, err := c.cases(base, e, log)
	if err != nil {
		return err
	}
	defer cases.Close()
	s.SetApprovers(approvers(cases, e.now))
	desk := console.New(console.Config{
		Desk: console.Desk{Cases: cases, Notices: (&caseNotifyCommand{casePlace: casePlace{dataFolder: c.dataFolder}}).settings, Brings: s.Store(), Ledger: s, People: s.Store(), Blocks: s, Doors: s.Store(), Keys: s.Store(), Rules: s.Guard(), Hunt: campaigns, Reports: s.Store(), Bans: s, Flags: s, Prints: s.Store()},
		Log:  log, Now: e.now, TLS: secure != nil, Build: version,
	})
	signer, err := s.NoteSigner()
	if err != nil {
		return err
	}
	server := service.Server(hosts(s, desk, web.Handler(signer), s.NoticesPage()), log)
	server.BaseContext = func(net.Listener) context.Context { return base }
	l = socket.Limit(l, maxConnections, maxOfNetwork)
	if secure != nil {
		l = tls.NewListener(l, secure)
	}
	gone := make(chan error, 1)
	go func() { gone <- server.Serve(l) }()
	select {
	case err := <-gone:
		return &failure{code: "serve", what: "serve " + c.Listen, why: err}
	case <-e.ctx.Done():
	}
	end()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return server.Close()
	}
	return nil
}

// hosts sends a request to the console when it is for the console's own host,
// and otherwise to the messenger, or below /v1 to the service. A proxy's word
// about who asks is not taken: nothing here reads Forwarded headers (R21).
func hosts(api, desk, messenger, notices http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.Host, "console."):
			desk.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, "/v1/"):
			api.ServeHTTP(w, r)
		case r.URL.Path == "/notices" && r.Method == http.MethodGet:
			notices.ServeHTTP(w, r)
		default:
			messenger.ServeHTTP(w, r)
		}
	})
}

// announce prints where everything is. Invites for the first people and the
// link into the console open doors, so they are shown on a terminal only: what
// is not one ends up in a log.
func (c *serveCommand) announce(e *env, s *service.Service, l net.Listener, media *relay.Relay) error {
	base, desk := c.addresses(l)
	invites, link := []string{base + "   (invites: ringfence invite)"}, desk+"   (to sign in: ringfence console-link)"
	if isTerminal(e.stdout) {
		token, err := s.Store().NewSignIn(e.ctx, "operator")
		if err != nil {
			return err
		}
		link = desk + "/sign-in#" + token + "   (good once, for ten minutes)"
		if invites, err = c.firstInvites(e, s, base); err != nil {
			return err
		}
	}
	fmt.Fprintf(e.stdout, "  messenger  %s\n", strings.Join(invites, "\n             "))
	fmt.Fprintf(e.stdout, "  console    %s\n", link)
	fmt.Fprintf(e.stdout, "  relay      %s udp and tcp\n", media.Addr())
	return nil
}

// firstInvites are for the first two people of a new server.
func (c *serveCommand) firstInvites(e *env, s *service.Service, base string) ([]string, error) {
	people, err := s.Store().CountAccounts(e.ctx)
	if err != nil || people > 0 || c.Open {
		return []string{base + "   (more invites: ringfence invite)"}, err
	}
	var lines []string
	for _, who := range []string{"the first person", "the second"} {
		code, err := service.AddInvite(e.ctx, s.Store(), "", e.now())
		if err != nil {
			return nil, err
		}
		lines = append(lines, inviteLink(base, code)+"   (an invite for "+who+")")
	}
	return lines, nil
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// addresses are the URLs of messenger and console. On loopback they have names,
// because a browser gives a name of its own a store of its own.
func (c *serveCommand) addresses(l net.Listener) (base, desk string) {
	if c.Domain != "" {
		return "https://" + c.Domain + "/", "https://console." + c.Domain
	}
	scheme, host := "http", "localhost"
	if c.TLSCert != "" {
		scheme = "https"
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return fmt.Sprintf("%s://%s:%s/", scheme, host, port), fmt.Sprintf("%s://console.%s:%s", scheme, host, port)
}

// reachable is where this machine's own commands reach the service.
func (c *serveCommand) reachable(l net.Listener) string {
	if c.Domain != "" {
		return "https://" + c.Domain
	}
	addr := l.Addr().(*net.TCPAddr)
	if addr.IP.IsUnspecified() {
		addr = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: addr.Port}
	}
	if c.TLSCert != "" {
		return "https://" + addr.String()
	}
	return "http://" + addr.String()
}

func inviteLink(base, code string) string { return base + "#invite=" + code }

func portHint(err error, flag string) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "another program has this port: stop it, or choose another with " + flag
	case errors.Is(err, syscall.EACCES):
		return "ports below 1024 are for the administrator: choose another with " + flag + ", or grant the right"
	}
	return "choose another address with " + flag
}

func serveHint(err error) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "another program has the relay's port: stop it, or choose another with --relay"
	case errors.Is(err, syscall.ENOSPC):
		return "the disk is full: make room, nothing that was acknowledged is lost"
	case errors.Is(err, syscall.EACCES):
		return "make the data folder writable for the user who runs the service, or choose another with --data"
	}
	return "if the data folder may be damaged, see ringfence verify"
}
