package client

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"maunium.net/go/mautrix/crypto/goolm/account"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/settings"
)

// Names of what is kept.
const (
	deviceName    = "device"
	contactPrefix = "contact/"
	messagePrefix = "message/"
	letterPrefix  = "letter/"
	waitingPrefix = "waiting/"

	approversName  = "approvers"
	securityPrefix = "security/"
)

// keptLetters is how many numbers of letters are remembered, so that one that
// comes again, because its acknowledgement was lost, is not read twice.
const keptLetters = 4096

// device is what is kept about this device itself.
type device struct {
	Me           Me                `json:"me"`
	ServerID     []byte            `json:"server_id"` // pinned at registration
	Token        []byte            `json:"token"`     // of the session in use
	Olm          []byte            `json:"olm"`       // account, as libolm pickles it
	Envelopes    []envelopeKey     `json:"envelopes"` // newest first
	FallbackMade int64             `json:"fallback_made"`
	KeysDue      bool              `json:"keys_due"` // fallback and envelope key must still be uploaded
	Settings     settings.Settings `json:"settings"`
	Recovered    bool              `json:"recovered"` // contacts of a lost device were introduced
	Revoke       []string          `json:"revoke"`    // hashes of delivery tokens that the server must forget
}

func (d *device) account() (*account.Account, error) { return unpickleAccount(d.Olm) }

// private returns the envelope key of an id, or nil.
func (d *device) private(id uint32) []byte {
	for _, k := range d.Envelopes {
		if k.ID == id {
			return k.Private
		}
	}
	return nil
}

// contact is what is kept about a person.
type contact struct {
	Account     wire.ID      `json:"account"`
	Username    string       `json:"username"`
	Name        string       `json:"name"`
	State       ContactState `json:"state"`
	KeysChanged bool         `json:"keys_changed,omitempty"`
	Verified    bool         `json:"verified,omitempty"`
	Reported    bool         `json:"reported,omitempty"` // the knock was
	Pinned      pinned       `json:"pinned"`
	Shown       *pinned      `json:"shown,omitempty"`     // new keys whose number a person was shown
	Theirs      []byte       `json:"theirs,omitempty"`    // delivery token: with it we may write to them
	Ours        []byte       `json:"ours,omitempty"`      // delivery token that we gave them
	Retired     []string     `json:"retired,omitempty"`   // hashes of tokens to revoke when they know the new one
	TokenDue    bool         `json:"token_due,omitempty"` // they must still be told ours
	Introduce   bool         `json:"introduce,omitempty"` // by /introduce, for there is no token of theirs
	Delivered   []wire.ID    `json:"delivered,omitempty"` // receipts owed
	Read        []wire.ID    `json:"read,omitempty"`      // receipts owed
	Sessions    sessions     `json:"sessions,omitempty"`  // newest last

	messages []Message // in Order
	index    map[wire.ID]int
}

// pinned are the keys of the contact's device, as first seen or confirmed.
type pinned struct {
	Device     wire.ID `json:"device"`
	Ed25519    []byte  `json:"ed25519,omitempty"`
	Curve25519 []byte  `json:"curve25519,omitempty"`
	EnvelopeID uint32  `json:"envelope_id,omitempty"`
	Envelope   []byte  `json:"envelope,omitempty"`
	Fetched    int64   `json:"fetched,omitempty"` // Unix ms
}

func (p pinned) empty() bool { return len(p.Ed25519) == 0 }

func (p pinned) same(k theirKeys) bool {
	return string(p.Ed25519) == string(k.Ed25519) && string(p.Curve25519) == string(k.Curve25519)
}

func pin(k theirKeys, now int64) pinned {
	return pinned{k.Device, k.Ed25519, k.Curve25519, k.EnvelopeID, k.Envelope, now}
}

// state is all that is kept, in memory.
type state struct {
	device   device
	contacts map[wire.ID]*contact
	waiting  map[string]bool // names that we knocked at
	letters  []uint64        // numbers seen, ascending
	order    uint64

	approvers []approver             // whose keys sign security notices
	security  map[string]*keptNotice // by code
}

func newState() *state {
	return &state{contacts: map[wire.ID]*contact{}, waiting: map[string]bool{}, security: map[string]*keptNotice{}}
}

// load reads what a Keep holds.
func load(kept map[string][]byte) (*state, error) {
	s := newState()
	names := make([]string, 0, len(kept))
	for name := range kept {
		names = append(names, name)
	}
	slices.Sort(names) // contacts come before their messages
	for _, name := range names {
		if err := s.loadOne(name, kept[name]); err != nil {
			return nil, fmt.Errorf("kept state, %q: %w", name, err)
		}
	}
	for _, c := range s.contacts {
		slices.SortFunc(c.messages, func(a, b Message) int { return int(int64(a.Order) - int64(b.Order)) })
		for i, m := range c.messages {
			c.index[m.ID] = i
			s.order = max(s.order, m.Order)
		}
	}
	slices.Sort(s.letters)
	return s, nil
}

func (s *state) loadOne(name string, value []byte) error {
	kind, rest, _ := strings.Cut(name, "/")
	switch kind + "/" {
	case deviceName + "/":
		return json.Unmarshal(value, &s.device)
	case contactPrefix:
		c := &contact{index: map[wire.ID]int{}}
		if err := json.Unmarshal(value, c); err != nil {
			return err
		}
		s.contacts[c.Account] = c
	case messagePrefix:
		return s.loadMessage(rest, value)
	case letterPrefix:
		b, err := hex.DecodeString(rest)
		if err != nil || len(b) != 8 {
			return fmt.Errorf("not the number of a letter")
		}
		s.letters = append(s.letters, binary.BigEndian.Uint64(b))
	case waitingPrefix:
		s.waiting[rest] = true
	case approversName + "/":
		return json.Unmarshal(value, &s.approvers)
	case securityPrefix:
		k := &keptNotice{}
		if err := json.Unmarshal(value, k); err != nil {
			return err
		}
		s.security[rest] = k
	default:
		return fmt.Errorf("written by a newer build")
	}
	return nil
}

func (s *state) loadMessage(rest string, value []byte) error {
	id, _, _ := strings.Cut(rest, "/")
	acct, err := wire.ParseID(id)
	if err != nil {
		return err
	}
	c := s.contacts[acct]
	if c == nil {
		return fmt.Errorf("a message without its contact")
	}
	var m Message
	if err := json.Unmarshal(value, &m); err != nil {
		return err
	}
	c.messages = append(c.messages, m)
	return nil
}

// change collects what one step writes, for one transaction.
type change struct {
	puts    map[string][]byte
	deletes []string
	events  []Event
}

func newChange() *change { return &change{puts: map[string][]byte{}} }

// put writes a value as JSON. The types are ours and always encode.
func (ch *change) put(name string, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic("client: state does not encode: " + err.Error())
	}
	ch.puts[name] = b
}

func (ch *change) device(d *device)    { ch.put(deviceName, d) }
func (ch *change) contact(c *contact)  { ch.put(contactName(c.Account), c) }
func (ch *change) emit(e Event)        { ch.events = append(ch.events, e) }
func (ch *change) drop(name string)    { ch.deletes = append(ch.deletes, name) }
func (ch *change) waiting(name string) { ch.puts[waitingPrefix+name] = []byte("1") }

// message writes one message and tells about it.
func (ch *change) message(c *contact, m Message) {
	ch.put(messageName(c.Account, m), m)
	ch.emit(Event{Kind: MessageEvent, Account: c.Account, Name: c.Name, Message: m})
}

func contactName(id wire.ID) string { return contactPrefix + id.String() }

func messageName(id wire.ID, m Message) string {
	return messagePrefix + id.String() + "/" + fmt.Sprintf("%016x", m.Order)
}

func letterName(n uint64) string { return letterPrefix + fmt.Sprintf("%016x", n) }

// seen tells whether a letter was read before.
func (s *state) seen(number uint64) bool {
	_, yes := slices.BinarySearch(s.letters, number)
	return yes
}

// see remembers the number of a letter.
func (s *state) see(ch *change, number uint64) {
	at, yes := slices.BinarySearch(s.letters, number)
	if yes {
		return
	}
	s.letters = slices.Insert(s.letters, at, number)
	ch.puts[letterName(number)] = []byte("1")
	if len(s.letters) > keptLetters {
		oldest := letterName(s.letters[0])
		delete(ch.puts, oldest)
		ch.drop(oldest)
		s.letters = s.letters[1:]
	}
}

// add puts a new message behind the others of its contact.
func (s *state) add(ch *change, c *contact, m Message) Message {
	s.order++
	m.Order = s.order
	c.index[m.ID] = len(c.messages)
	c.messages = append(c.messages, m)
	ch.message(c, m)
	return m
}

// newContact adds a contact of the server's list.
func (s *state) newContact(id wire.ID, username string, st ContactState) *contact {
	c := &contact{Account: id, Username: username, Name: username, State: st, index: map[wire.ID]int{}}
	s.contacts[id] = c
	return c
}

// commit writes a change and tells about it. A change that cannot be written
// ends the client: memory and disk would tell different stories.
func (c *Client) commit(ctx context.Context, ch *change) error {
	if c.broken != nil {
		return c.broken
	}
	if len(ch.puts)+len(ch.deletes) > 0 {
		// What was decided is written even when the caller has given up waiting.
		if err := c.options.Keep.Apply(context.WithoutCancel(ctx), ch.puts, ch.deletes); err != nil {
			c.broken = &Error{Code: "storage", What: "this device's state could not be written", Why: err, Hint: "free disk space or repair the folder, then start again"}
			c.stop()
			return c.broken
		}
	}
	for _, e := range ch.events {
		c.emit(e)
	}
	return nil
}
