package client

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"sync"
	"time"

	"maunium.net/go/mautrix/crypto/goolm/account"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
	"github.com/ringfence/ringfence/wire/settings"
)

// Client is one device. Its methods may be used from several goroutines.
type Client struct {
	options Options
	events  *queue

	mu       sync.Mutex
	state    *state
	broken   error // the state could not be written; nothing goes on
	link     *link // the device socket in use, or nil
	calls    map[wire.ID]*liveCall
	left     []wire.ID               // calls that we left while the server could not be told
	outgoing map[uint64]call.Message // offers that were not answered yet
	fresh    map[wire.ID]bool        // contacts whose keys were looked up on this connection

	signing sync.Mutex // one sign-in at a time

	accepted string     // hash of the terms of service that the person accepted, for Register
	people   sync.Mutex // one change of relationships at a time
	posting  sync.Mutex // one flush of what is owed at a time
	telling  sync.Mutex // one look at the security notices at a time

	lookups *rate // look-ups that a letter may cause

	ctx     context.Context
	stop    context.CancelFunc
	running sync.WaitGroup
	closing sync.Once
	once    sync.Once // the connection is kept by one goroutine
	first   chan error
}

// Open loads a device's state. Without an account yet, Register comes next, and
// Connect otherwise.
func Open(ctx context.Context, o Options) (*Client, error) {
	if o.Keep == nil {
		return nil, errors.New("client: no keep for the device's state")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Build == 0 {
		o.Build = Build
	}
	if o.Transport == nil {
		o.Transport = defaultTransport()
	}
	if o.Guard == nil {
		g, err := guard.New(guard.DefaultConfig(), o.Now, func(guard.Verdict) {})
		if err != nil {
			return nil, err
		}
		o.Guard = g
	}
	if o.Refused == nil {
		o.Refused = func(error) {}
	}
	kept, err := o.Keep.Load(ctx)
	if err != nil {
		return nil, &Error{Code: "storage", What: "this device's state could not be read", Why: err, Hint: "check the folder and its key"}
	}
	s, err := load(kept)
	if err != nil {
		return nil, &Error{Code: "storage", What: "this device's state could not be read", Why: err, Hint: "it may be damaged, or of a newer build"}
	}
	c := &Client{
		options: o, state: s, events: newQueue(), calls: map[wire.ID]*liveCall{}, outgoing: map[uint64]call.Message{}, fresh: map[wire.ID]bool{},
		lookups: newRate(30, time.Minute, o.Now), first: make(chan error, 1),
	}
	c.ctx, c.stop = context.WithCancel(context.WithoutCancel(ctx))
	return c, nil
}

// Close ends the connection and lets go of the state. The events end. Closing
// again does nothing.
func (c *Client) Close() error {
	var err error
	c.closing.Do(func() {
		c.stop()
		c.running.Wait()
		c.events.close()
		if t, ok := c.options.Transport.(interface{ Close() }); ok {
			t.Close()
		}
		err = c.options.Keep.Close()
	})
	return err
}

// Events returns what happens, in order. An event is a hint: Contacts and
// Messages have the state, and a listener that falls thousands behind misses
// news of contacts and messages, never of calls.
func (c *Client) Events() <-chan Event { return c.events.out }

func (c *Client) emit(e Event) { c.events.put(e) }

// Me returns the device's account.
func (c *Client) Me() Me {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state.device.Me
}

func (c *Client) now() int64 { return c.options.Now().UnixMilli() }

type serverAnswer struct {
	ServerID string `json:"server_id"`
	Version  string `json:"version"`
	Build    uint32 `json:"build"`
	Open     bool   `json:"open"`
	Settings string `json:"settings"`
}

type deviceUpload struct {
	Ed25519    string `json:"ed25519"`
	Curve25519 string `json:"curve25519"`
	Signature  string `json:"signature"`
}

// Register makes an account on a server and pins the server's key. Where the
// invite was made for an existing account, this device replaces that account's
// device, and name is not used.
func (c *Client) Register(ctx context.Context, server, invite, name string) error {
	if c.Me().Registered() {
		return &Error{Code: "registered", What: "this device already belongs to an account", Hint: "use another folder for another account"}
	}
	base, err := baseURL(server)
	if err != nil {
		return err
	}
	var about serverAnswer
	if err := c.request(ctx, Request{Method: get, URL: base + "/v1/server"}, &about); err != nil {
		return err
	}
	id, s, err := c.readServer(about, nil, 0)
	if err != nil {
		return err
	}
	olm, err := account.NewAccount()
	if err != nil {
		return err
	}
	d := device{ServerID: id, Settings: s, Me: Me{Server: base, Name: name}, Olm: olm.PickleLibOlm()}
	if err := c.enroll(ctx, &d, olm, invite); err != nil {
		return err
	}
	c.mu.Lock()
	c.state.device = d
	ch := newChange()
	ch.device(&d)
	err = c.commit(ctx, ch)
	c.mu.Unlock()
	if err != nil {
		return err
	}
	if err := c.maintainKeys(ctx); err != nil {
		return err
	}
	return c.learnName(ctx)
}

// enroll asks the server for an account with this device.
func (c *Client) enroll(ctx context.Context, d *device, olm *account.Account, invite string) error {
	ed, curve := []byte(olm.IdKeys.Ed25519.PublicKey), []byte(olm.IdKeys.Curve25519.PublicKey)
	signature, err := sign(olm, deviceText(ed, curve))
	if err != nil {
		return err
	}
	in := struct {
		Invite string       `json:"invite"`
		Name   string       `json:"name"`
		Device deviceUpload `json:"device"`
		Terms  string       `json:"terms,omitempty"`
	}{invite, d.Me.Name, deviceUpload{b64.EncodeToString(ed), b64.EncodeToString(curve), b64.EncodeToString(signature)}, c.acceptedTerms()}
	var out struct {
		Account wire.ID `json:"account"`
		Device  wire.ID `json:"device"`
		Token   string  `json:"token"`
	}
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	if err := c.request(ctx, Request{Method: post, URL: d.Me.Server + "/v1/register", Type: "application/json", Body: body}, &out); err != nil {
		return err
	}
	if out.Account.IsZero() || out.Device.IsZero() {
		return &Error{Code: "protocol", What: "registration", Why: errors.New("the server gave no account")}
	}
	d.Me.Account, d.Me.Device = out.Account, out.Device
	d.Token, err = b64.DecodeString(out.Token)
	return err
}

// learnName asks the server under which name the account goes, which a device
// that replaces another does not know.
func (c *Client) learnName(ctx context.Context) error {
	a, err := c.serverAccount(ctx)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state.device.Me.Name == a.Name {
		return nil
	}
	c.state.device.Me.Name = a.Name
	ch := newChange()
	ch.device(&c.state.device)
	return c.commit(ctx, ch)
}

type accountAnswer struct {
	Account     wire.ID `json:"account"`
	Name        string  `json:"name"`
	Device      wire.ID `json:"device"`
	OneTimeKeys int     `json:"one_time_keys"`
}

func (c *Client) serverAccount(ctx context.Context) (a accountAnswer, err error) {
	return a, c.api(ctx, get, "/v1/account", nil, &a)
}

// baseURL accepts http and https URLs of a host and nothing else.
func baseURL(server string) (string, error) {
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", &Error{Code: "usage", What: "server address " + clean(server, 100), Hint: "give it as https://HOST or http://HOST:PORT"}
	}
	return u.Scheme + "://" + u.Host, nil
}

// readServer checks what a server says of itself: its key, against the one
// pinned unless there is none yet, and its settings (R23).
func (c *Client) readServer(about serverAnswer, pinned []byte, serial uint64) ([]byte, settings.Settings, error) {
	id, err := b64.DecodeString(about.ServerID)
	if err != nil || len(id) != ed25519.PublicKeySize {
		return nil, settings.Settings{}, &Error{Code: "protocol", What: "the server's key", Why: errors.New("not a key of this protocol")}
	}
	if pinned != nil && string(pinned) != string(id) {
		return nil, settings.Settings{}, &Error{Code: "server_changed", What: "the server has another key than the one this device registered with", Hint: "do not go on: ask whoever runs the server, by another way"}
	}
	signed, err := b64.DecodeString(about.Settings)
	if err != nil {
		return nil, settings.Settings{}, &Error{Code: "protocol", What: "the server's settings", Why: err}
	}
	s, err := c.openSettings(signed, id, serial)
	return id, s, err
}

// openSettings takes settings only with the server's signature and never older
// ones (R23); what is refused is shown to the guard.
func (c *Client) openSettings(b, server []byte, serial uint64) (settings.Settings, error) {
	s, err := settings.Open(b, ed25519.PublicKey(server), serial)
	if err := c.judge(guard.Settings, wire.ID{}, wire.ID{}, b, err); err != nil {
		return settings.Settings{}, &Error{Code: "settings", What: "the server's settings were refused", Why: err, Hint: "if this stays, ask whoever runs the server"}
	}
	return s, nil
}

// judge puts something through the device's rules. What a strict parser refused
// stays refused unless a build of the range's own tests has taken that barrier
// out.
func (c *Client) judge(kind guard.Kind, sender, id wire.ID, b []byte, parsed error) error {
	ev := &guard.Event{Kind: kind, At: c.options.Now(), Account: sender, Call: id, Bytes: b, Build: c.options.Build}
	errors.As(parsed, &ev.Refusal)
	v := c.options.Guard.Judge(ev)
	switch {
	case !v.Passed():
		return errors.New(v.Rules[0] + ": " + v.Reason)
	case ev.Refusal != nil && c.options.Guard.Weak(ev.Refusal.Rule):
		return nil
	}
	return parsed
}
