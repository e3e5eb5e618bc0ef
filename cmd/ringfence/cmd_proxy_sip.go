package main

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/sipguard"
)

type proxySIPCommand struct {
	reporting
	Listen   []string `required:"" placeholder:"udp:5060" help:"Where phones are listened to: udp:PORT, tcp:PORT, tls:PORT, with an address in front of the port where it is not every address. Several, with commas between."`
	Upstream string   `required:"" placeholder:"HOST:PORT" help:"The service, over UDP. It must stay in the path of calls (record_route)."`
	Inside   string   `placeholder:"HOST:PORT" help:"The address that the service sees (default: the one that leads to it, and any port)."`
	Media    string   `placeholder:"ADDRESS" help:"The address under which phones reach this machine, for signalling and media (default: the one that is listened on)."`
	Ports    string   `name:"media-ports" default:"20000-29999" help:"Ports for media."`
	Cert     string   `placeholder:"FILE" help:"Certificate chain for tls, PEM."`
	Key      string   `placeholder:"FILE" help:"Its private key, PEM."`
	Contacts string   `placeholder:"FILE" help:"Who may call whom: a line for each, a callee and a caller; others do not ring."`
	Rules    string   `placeholder:"FILE" help:"Limits and rules, as guard.json of the service has them."`
	Data     string   `placeholder:"DIR" help:"Folder for registrations, which then survive a restart."`
	Own      string   `placeholder:"FILE" help:"Rules of your own, in CEL, with their examples (docs/own-rules.md). A changed file is read again."`
	NAT      bool     `name:"nat" help:"Media of a phone may come from any port of the address that it signals from. For phones behind NAT."`

	SecureOnly   bool `name:"secure-only" help:"Refuse calls whose media is not under DTLS."`
	AllowRefer   bool `name:"allow-refer" help:"Let calls be transferred."`
	AllowInfo    bool `name:"allow-info" help:"Let keys pressed in a call through (application/dtmf-relay)."`
	AllowMessage bool `name:"allow-message" help:"Let text messages through. They reach a phone without anybody answering."`
}

// rarelyCollect lets garbage grow to ten times of what is in use, up to a bound: most
// of what a message needs is gone with it, and while the collector runs, calls wait.
// What the operator has set in the environment (GOGC, GOMEMLIMIT) stays.
func rarelyCollect() {
	const most = 768 << 20 // bytes; beyond it garbage is collected as often as always
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(1000)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(most)
	}
}

// Run guards until it is told to stop.
func (c *proxySIPCommand) Run(e *env) error {
	rarelyCollect()
	config, err := c.config()
	if err != nil {
		return err
	}
	rules, err := c.rules()
	if err != nil {
		return err
	}
	out := newProxyReport(e, c.JSON)
	defer out.close()
	if config.Guard, err = guard.New(rules, e.now, out.verdict); err != nil {
		return &failure{code: "rules", what: "--rules " + c.Rules, why: err, exit: exitUsage}
	}
	if config.Own, err = ownRules(e, c.Own); err != nil {
		return err
	}
	config.Log, config.Now = slog.New(slog.NewTextHandler(e.stderr, nil)), e.now
	g, err := sipguard.New(config)
	if err != nil {
		return &failure{code: "listen", what: "proxy sip", why: err}
	}
	out.started(g, c.Upstream)
	err = g.Serve(e.ctx)
	out.ended(g.Counts())
	return err
}

// config reads the options.
func (c *proxySIPCommand) config() (sipguard.Config, error) {
	usage := func(what string, err error, hint string) (sipguard.Config, error) {
		return sipguard.Config{}, &failure{code: "usage", what: "proxy sip: " + what, why: err, hint: hint, exit: exitUsage}
	}
	out := sipguard.Config{
		Upstream: c.Upstream, Inside: c.Inside, NAT: c.NAT, Data: c.Data,
		Allow: sipguard.Allow{Refer: c.AllowRefer, Info: c.AllowInfo, Message: c.AllowMessage, Plain: !c.SecureOnly},
	}
	for _, s := range c.Listen {
		l, err := sipguard.ParseListener(s)
		if err != nil {
			return usage("--listen", err, "")
		}
		out.Listen = append(out.Listen, l)
	}
	var err error
	if c.Media != "" {
		if out.Media, err = netip.ParseAddr(c.Media); err != nil || out.Media.IsUnspecified() {
			return usage("--media "+c.Media, errors.New("not an address that phones can reach"), "give one in numbers, like 203.0.113.7")
		}
	}
	if out.Ports, err = portRange(c.Ports); err != nil {
		return usage("--media-ports "+c.Ports, err, "give two numbers, like 20000-29999")
	}
	if (c.Cert == "") != (c.Key == "") {
		return usage("--cert and --key", errors.New("one without the other"), "give both, or neither")
	}
	if c.Cert != "" {
		pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
		if err != nil {
			return usage("--cert "+c.Cert, err, "give a PEM chain and its key")
		}
		out.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	if c.Data != "" {
		if err := os.MkdirAll(c.Data, 0o700); err != nil {
			return usage("--data "+c.Data, err, "give a folder that this user may write to")
		}
	}
	if c.Contacts != "" {
		if out.Contacts, err = readContacts(c.Contacts); err != nil {
			return usage("--contacts "+c.Contacts, err, "write a callee and a caller on each line, as SIP URIs")
		}
	}
	return out, nil
}

func readContacts(path string) (*sipguard.Contacts, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return sipguard.ReadContacts(f)
}

func portRange(s string) (r [2]uint16, err error) {
	for i, part := range strings.SplitN(s, "-", 2) {
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil {
			return r, err
		}
		r[i] = uint16(n)
	}
	return r, nil
}

// rules are the limits in force.
func (c *proxySIPCommand) rules() (guard.Config, error) {
	if c.Rules == "" {
		return guard.DefaultConfig(), nil
	}
	b, err := os.ReadFile(c.Rules)
	if err == nil {
		var out guard.Config
		if out, err = guard.ParseConfig(b); err == nil {
			return out, nil
		}
	}
	return guard.Config{}, &failure{code: "rules", what: "--rules " + c.Rules, why: err, hint: "see docs/operating.md for what stands in it", exit: exitUsage}
}

// proxyReport says what a guard does: a line for each thing that was refused, for a
// person or for a program.
type proxyReport struct {
	e     *env
	json  bool
	lines chan string
	stop  chan struct{}
	done  chan struct{}
	lost  atomic.Int64 // lines that nobody took in time
}

// newProxyReport begins a report. Whoever reads it slowly holds up no call: lines
// that do not fit are counted.
func newProxyReport(e *env, asJSON bool) *proxyReport {
	r := &proxyReport{e: e, json: asJSON, lines: make(chan string, 4096), stop: make(chan struct{}), done: make(chan struct{})}
	go r.write()
	return r
}

func (r *proxyReport) write() {
	defer close(r.done)
	for {
		select {
		case line := <-r.lines:
			fmt.Fprintln(r.e.stdout, line)
			continue
		default:
		}
		select {
		case line := <-r.lines:
			fmt.Fprintln(r.e.stdout, line)
		case <-r.stop:
			return
		}
	}
}

func (r *proxyReport) line(event string, text string, value any) {
	if r.json {
		b, err := json.Marshal(map[string]any{"event": event, event: value})
		if err != nil {
			return
		}
		text = string(b)
	}
	select {
	case r.lines <- text:
	default:
		r.lost.Add(1)
	}
}

// close waits until everything is written.
func (r *proxyReport) close() {
	close(r.stop)
	<-r.done
	if n := r.lost.Load(); n > 0 {
		fmt.Fprintf(r.e.stderr, "%d lines were not written: standard output was read too slowly\n", n)
	}
}

func (r *proxyReport) started(g *sipguard.Guard, upstream string) {
	type place struct {
		Transport string `json:"transport"`
		Address   string `json:"address"`
	}
	var all []place
	var words []string
	for _, l := range g.Outside() {
		all = append(all, place{strings.ToLower(l.Transport), l.Addr})
		words = append(words, strings.ToLower(l.Transport)+" "+l.Addr)
	}
	r.line("listening", fmt.Sprintf("phones   %s\nservice  udp %s, which sees %s", strings.Join(words, ", "), upstream, g.Inside()),
		map[string]any{"outside": all, "inside": g.Inside().String(), "upstream": upstream})
}

// verdict reports a refusal. The bytes are for evidence and go to a program that
// asks for them; credentials in them are covered.
func (r *proxyReport) verdict(v guard.Verdict) {
	text := fmt.Sprintf("%s  %s %s from %s: %s (%s), byte %d of %d", v.At.UTC().Format(time.RFC3339), v.Action, strings.Join(v.Rules, ", "), v.Address, v.Reason, v.Clause, v.Offset, v.Size)
	if v.Count > 1 {
		text += fmt.Sprintf(", %d times", v.Count)
	}
	r.line("verdict", text, v)
}

func (r *proxyReport) ended(c sipguard.Counts) {
	r.line("counts", fmt.Sprintf("%d calls, %d answered; %d packets passed; refused: %d messages and calls, %d packets before the answer, %d from elsewhere, %d broken, %d too many",
		c.Calls, c.Answered, c.Packets, c.Refused, c.Early, c.Elsewhere, c.Bad, c.Flood), c)
}
