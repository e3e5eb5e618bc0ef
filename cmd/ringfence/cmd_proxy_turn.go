package main

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/turnguard"
)

// notKnown is said at every start, so that nobody takes this for more than it is.
const notKnown = "which call an allocation belongs to, and whether anybody has answered it, is not known here"

type proxyTurnCommand struct {
	reporting
	Listen     []string `default:":3478" sep:"none" placeholder:"HOST:PORT" help:"Address for clients, UDP and TCP, and TLS with --cert. May be given several times."`
	SecretFile string   `required:"" placeholder:"FILE" help:"The secret shared with whoever gives out credentials (coturn: static-auth-secret). One a line; any of them counts."`
	Realm      string   `default:"ringfence" help:"Realm of the credentials, up to 40 characters."`
	Cert       string   `placeholder:"FILE" help:"Certificate chain, PEM, for clients that come with TLS."`
	Key        string   `placeholder:"FILE" help:"Its private key, PEM."`
	RelayIP    []string `name:"relay-ip" sep:"none" placeholder:"IP" help:"Address of this machine that peers see; one of each family (default: where packets to the internet leave from)."`
	ExternalIP []string `name:"external-ip" sep:"none" placeholder:"IP" help:"What that address is from outside, behind a NAT; as many as --relay-ip."`
	MinPort    uint16   `default:"49152" help:"First relayed port."`
	MaxPort    uint16   `default:"65535" help:"Last relayed port."`
	AllowPeer  []string `sep:"none" placeholder:"CIDR" help:"Peers that are refused otherwise, such as your own media servers. May be given several times."`
	Apart      bool     `help:"Allocations of this server do not reach each other. Calls whose both ends use the relay then need --allow-peer."`
	Inspect    string   `name:"inspect-media" enum:"off,record,drop" default:"record" help:"What to do with packets whose clear headers are not right: off, record, drop."`
	UserQuota  int      `default:"64" help:"Allocations of one user."`
	IPQuota    int      `name:"address-quota" default:"512" help:"Allocations of one client address, or /64 of IPv6."`
	TotalQuota int      `default:"20000" help:"Allocations in all."`
	MaxPPS     int      `name:"max-pps" default:"5000" help:"Packets a second of one allocation, in each direction."`
	MaxBPS     int      `name:"max-bps" default:"4194304" help:"Bytes a second of one allocation, in each direction."`
	MaxLife    string   `name:"max-lifetime" default:"1h" help:"Longest lifetime that is granted at a time."`
	Own        string   `placeholder:"FILE" help:"Rules of your own, in CEL, with their examples (docs/own-rules.md). A changed file is read again."`
	Workers    int      `help:"How many cores share the work (default: half of them; the system needs the others)."`
	Hold       string   `default:"500us" help:"How long packets wait for others under load (Linux), up to 5ms; 0s: not at all."`
}

// Run relays until it is told to stop.
func (c *proxyTurnCommand) Run(e *env) error {
	config, err := c.config()
	if err != nil {
		return err
	}
	out := newVerdictLines(e, c.JSON)
	defer out.close()
	config.Record, config.Now = out.record, e.now
	if config.Own, err = ownRules(e, c.Own); err != nil {
		return err
	}
	if config.Shards <= 0 {
		config.Shards = max(1, runtime.NumCPU()/2)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(max(runtime.NumCPU(), config.Shards+1))) // a shard that sleeps keeps its own
	s, err := turnguard.Listen(config)
	if err != nil {
		return &failure{code: "listen", what: "proxy turn", why: err, hint: portHint(err, "--listen")}
	}
	out.say(started(s, config))
	asked := make(chan os.Signal, 1)
	if on := countersSignal(); len(on) > 0 {
		signal.Notify(asked, on...)
		defer signal.Stop(asked)
	}
	for {
		select {
		case <-asked:
			out.say(counted{"counters", s.Counters(), out.lost.Load()})
			continue
		case <-e.ctx.Done():
		}
		s.Stop()
		out.say(counted{"counters", s.Counters(), out.lost.Load()})
		return nil
	}
}

func (c *proxyTurnCommand) config() (config turnguard.Config, err error) {
	wrong := func(what string, err error, hint string) error {
		return &failure{code: "usage", what: "proxy turn " + what, why: err, hint: hint, exit: exitUsage}
	}
	config = turnguard.Config{
		Listen: c.Listen, Realm: c.Realm, MinPort: c.MinPort, MaxPort: c.MaxPort, Apart: c.Apart,
		Inspect: turnguard.Inspect(c.Inspect), Shards: c.Workers, Limits: turnguard.DefaultLimits(),
	}
	l := &config.Limits
	l.PerUser, l.PerAddress, l.Total, l.PacketsPerSecond, l.BytesPerSecond = c.UserQuota, c.IPQuota, c.TotalQuota, c.MaxPPS, c.MaxBPS
	if l.Lifetime, err = time.ParseDuration(c.MaxLife); err != nil {
		return config, wrong("--max-lifetime "+c.MaxLife, err, "give a time like 1h")
	}
	if config.Hold, err = time.ParseDuration(c.Hold); err != nil || config.Hold < 0 || config.Hold > 5*time.Millisecond {
		return config, wrong("--hold "+c.Hold, err, "give a time up to 5ms, like 500us")
	}
	if config.Secrets, err = readSecrets(c.SecretFile); err != nil {
		return config, &failure{code: "secret", what: "proxy turn --secret-file " + c.SecretFile, why: err, hint: "write the secret into a file that only this user can read, one a line"}
	}
	if (c.Cert == "") != (c.Key == "") {
		return config, wrong("--cert, --key", nil, "give both, or neither")
	}
	if c.Cert != "" {
		pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
		if err != nil {
			return config, &failure{code: "tls", what: "proxy turn --cert " + c.Cert, why: err, hint: "give a PEM chain and its key"}
		}
		config.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	for _, text := range c.AllowPeer {
		p, err := parsePeers(text)
		if err != nil {
			return config, wrong("--allow-peer "+text, err, "give an address, or a block like 10.1.0.0/16")
		}
		config.AllowPeer = append(config.AllowPeer, p)
	}
	if config.Relay, err = c.relays(); err != nil {
		return config, wrong("--relay-ip, --external-ip", err, "give addresses of this machine with --relay-ip, and as many with --external-ip where there is a NAT")
	}
	return config, nil
}

// readSecrets reads one secret a line.
func readSecrets(path string) (all [][]byte, err error) {
	b, err := readBounded(path, maxKey)
	if err != nil {
		return nil, err
	}
	for line := range bytes.Lines(b) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			all = append(all, line)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("there is no secret in it")
	}
	return all, nil
}

// parsePeers reads an address or a block of them.
func parsePeers(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err
}

// relays are the addresses that peers see.
func (c *proxyTurnCommand) relays() (all []turnguard.Address, err error) {
	for _, text := range c.RelayIP {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return nil, err
		}
		all = append(all, turnguard.Address{Local: a.Unmap()})
	}
	if len(all) == 0 {
		all = outgoing()
	}
	if len(all) == 0 {
		return nil, errors.New("this machine has no way to the internet")
	}
	if len(c.ExternalIP) > 0 && len(c.ExternalIP) != len(all) {
		return nil, fmt.Errorf("%d external addresses for %d of this machine", len(c.ExternalIP), len(all))
	}
	for i, text := range c.ExternalIP {
		if all[i].External, err = netip.ParseAddr(text); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// outgoing are the addresses that packets to the internet leave from. Nothing is
// sent to find out.
func outgoing() (all []turnguard.Address) {
	for _, far := range []string{"8.8.8.8:9", "[2001:4860:4860::8888]:9"} {
		c, err := net.Dial("udp", far)
		if err != nil {
			continue
		}
		a, err := netip.ParseAddrPort(c.LocalAddr().String())
		c.Close()
		if err == nil && !a.Addr().IsLinkLocalUnicast() {
			all = append(all, turnguard.Address{Local: a.Addr().Unmap()})
		}
	}
	return all
}

// listening is the first line.
type listening struct {
	Event   string           `json:"event"`
	Listen  []netip.AddrPort `json:"listen"`
	Relay   []string         `json:"relay"`
	Inspect string           `json:"inspect_media"`
	Note    string           `json:"note"`
}

func started(s *turnguard.Server, c turnguard.Config) listening {
	l := listening{Event: "listening", Listen: s.Addrs(), Inspect: string(c.Inspect), Note: notKnown}
	for _, a := range c.Relay {
		text := a.Local.String()
		if a.External.IsValid() && a.External != a.Local {
			text += " as " + a.External.String()
		}
		l.Relay = append(l.Relay, text)
	}
	return l
}

// String is the line for people.
func (l listening) String() string {
	var at []string
	for _, a := range l.Listen {
		at = append(at, a.String())
	}
	return fmt.Sprintf("  turn       %s udp and tcp, relaying from %s, media: %s\n  not known  %s", strings.Join(at, ", "), strings.Join(l.Relay, ", "), l.Inspect, l.Note)
}

// counted is the line with what has happened.
type counted struct {
	Event    string             `json:"event"`
	Counters turnguard.Counters `json:"counters"`
	Unsaid   int64              `json:"verdicts_not_printed"`
}

// String is the line for people: what is not nought.
func (c counted) String() string {
	var numbers map[string]int64
	b, err := json.Marshal(c.Counters)
	if err == nil {
		err = json.Unmarshal(b, &numbers)
	}
	if err != nil {
		return err.Error()
	}
	var parts []string
	for _, name := range strings.FieldsFunc(string(b), func(r rune) bool { return strings.ContainsRune(`{}",:0123456789`, r) }) {
		if numbers[name] != 0 {
			parts = append(parts, fmt.Sprintf("%s %d", strings.ReplaceAll(name, "_", " "), numbers[name]))
		}
	}
	return "  counters   " + strings.Join(parts, ", ")
}

// verdictLines prints verdicts. Whoever reads too slowly misses some, which are
// counted; packets do not wait for a pipe.
type verdictLines struct {
	env    *env
	asJSON bool
	lines  chan any
	done   chan struct{}
	lost   atomic.Int64
}

func newVerdictLines(e *env, asJSON bool) *verdictLines {
	v := &verdictLines{env: e, asJSON: asJSON, lines: make(chan any, 256), done: make(chan struct{})}
	go v.print()
	return v
}

func (v *verdictLines) record(x guard.Verdict) {
	select {
	case v.lines <- x:
	default:
		v.lost.Add(int64(x.Count))
	}
}

// say prints a line that nobody misses.
func (v *verdictLines) say(x any) { v.lines <- x }

func (v *verdictLines) close() {
	close(v.lines)
	<-v.done
}

func (v *verdictLines) print() {
	defer close(v.done)
	for x := range v.lines {
		if v.asJSON {
			b, err := json.Marshal(x)
			if err == nil {
				fmt.Fprintf(v.env.stdout, "%s\n", b)
			}
			continue
		}
		if one, ok := x.(guard.Verdict); ok {
			text := fmt.Sprintf("%s  %-7s %-4s %s %s: %s", one.At.UTC().Format(time.RFC3339), one.Action, one.Rules[0], one.Kind, one.Address, one.Reason)
			if one.Count > 1 {
				text += fmt.Sprintf(" (and %d alike)", one.Count-1)
			}
			x = text
		}
		fmt.Fprintf(v.env.stdout, "%v\n", x)
	}
}
