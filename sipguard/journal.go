package sipguard

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/ringfence/ringfence/wire/sip"
)

// journal is where registrations stand, so that phones are found after a restart: a
// line of JSON for each change, and a new file now and then. What a phone was told is
// written before it is told, and survives the end of the process. Registrations over
// connections are not in it, for those end with the process.
type journal struct {
	path  string
	file  *os.File
	lines int
}

// entry is a line: the first one of a file has the inside address alone.
type entry struct {
	Inside  netip.AddrPort `json:"inside,omitzero"` // that the service was given
	Token   string         `json:"token,omitempty"`
	Account string         `json:"account,omitempty"`
	AOR     string         `json:"aor,omitempty"`
	Contact string         `json:"contact,omitempty"`
	Phone   string         `json:"phone,omitempty"`
	Remote  netip.AddrPort `json:"remote,omitzero"` // where the phone is
	Self    netip.AddrPort `json:"self,omitzero"`   // where it reaches the guard
	CallID  string         `json:"call_id,omitempty"`
	Seq     uint32         `json:"seq,omitempty"`
	Until   time.Time      `json:"until,omitzero"` // zero: it is registered no more
}

const maxJournal = 256 << 20 // bytes that are read

// readJournal reads what stands in a folder. A line that was being written when the
// process ended is left out.
func readJournal(path string) (inside netip.AddrPort, all map[string]entry, err error) {
	all = map[string]entry{}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return inside, all, nil
	}
	if err != nil {
		return inside, nil, err
	}
	defer f.Close()
	if i, err := f.Stat(); err != nil || i.Size() > maxJournal {
		return inside, nil, fmt.Errorf("%s: more than 256 MiB of registrations (%w); delete it, and phones register again", path, err)
	}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<10)
	for lines.Scan() {
		var e entry
		switch err := json.Unmarshal(lines.Bytes(), &e); {
		case err != nil:
			continue
		case e.Inside.IsValid():
			inside = e.Inside
		case e.Until.IsZero():
			delete(all, e.Token)
		default:
			all[e.Token] = e
		}
	}
	return inside, all, lines.Err()
}

// openJournal reads the registrations of a folder into the guard, whose sockets are
// open, and begins a new file.
func (g *Guard) openJournal(all map[string]entry) error {
	g.journal = &journal{path: filepath.Join(g.config.Data, journalName)}
	for _, e := range all {
		if b := g.restored(e); b != nil {
			g.bindings.add(b)
		}
	}
	return g.renewJournal()
}

const journalName = "registrations.jsonl"

// restored is a registration as it was, where the phone can be reached as before.
func (g *Guard) restored(e entry) *binding {
	if !e.Until.After(g.config.Now()) || e.Token == "" || !e.Remote.IsValid() {
		return nil
	}
	aor, err := sip.ParseURI([]byte(e.AOR))
	contact, err2 := sip.ParseURI([]byte(e.Contact))
	socket := g.socketOf(e.Self)
	if err != nil || err2 != nil || socket == nil {
		return nil
	}
	return &binding{
		token: e.Token, account: e.Account, aor: aor, contact: contact, phone: e.Phone, callID: []byte(e.CallID), seq: e.Seq, until: e.Until,
		flow: &flow{transport: "UDP", remote: e.Remote, self: e.Self, socket: socket},
	}
}

// socketOf is the socket at which the guard is called by an address.
func (g *Guard) socketOf(self netip.AddrPort) *net.UDPConn {
	for _, s := range g.sockets {
		if s != g.inside.socket && g.face(localOf(s)) == self {
			return s
		}
	}
	return nil
}

// renewJournal writes a new file with what is registered now, and goes on with it.
// Files are closed before they are renamed, as Windows wants it.
func (g *Guard) renewJournal() (err error) {
	j := g.journal
	if err = g.writeJournal(j.path + ".new"); err != nil {
		return err
	}
	if j.file != nil {
		err = j.file.Close()
	}
	err = errors.Join(err, os.Rename(j.path+".new", j.path))
	var again error
	j.file, again = os.OpenFile(j.path, os.O_WRONLY|os.O_APPEND, 0o600)
	j.lines = len(g.bindings.byToken)
	return errors.Join(err, again)
}

func (g *Guard) writeJournal(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	out := json.NewEncoder(w)
	err = out.Encode(entry{Inside: g.inside.self})
	for _, b := range g.bindings.byToken {
		if b.flow.stream == nil {
			err = errors.Join(err, out.Encode(b.entry()))
		}
	}
	return errors.Join(err, w.Flush(), f.Sync(), f.Close())
}

func (b *binding) entry() entry {
	return entry{Token: b.token, Account: b.account, AOR: string(b.aor.AppendTo(nil)), Contact: string(b.contact.AppendTo(nil)), Phone: b.phone,
		Remote: b.flow.remote, Self: b.flow.self, CallID: string(b.callID), Seq: b.seq, Until: b.until}
}

// write adds a line.
func (j *journal) write(e entry) error {
	if j == nil {
		return nil
	}
	line, err := json.Marshal(e)
	if err == nil {
		_, err = j.file.Write(append(line, '\n'))
	}
	j.lines++
	return err
}

// record writes down a registration; false: it could not be, and the phone may not
// be told that it is registered.
func (g *Guard) record(b *binding) bool {
	e := b.entry()
	if b.flow.stream != nil {
		e = entry{Token: b.token}
	}
	err := g.journal.write(e)
	if err != nil {
		g.log.Error("a registration could not be written down", "why", err)
	}
	return err == nil
}

// forget ends a registration.
func (g *Guard) forget(b *binding) {
	g.bindings.remove(b)
	if err := g.journal.write(entry{Token: b.token}); err != nil {
		g.log.Error("the end of a registration could not be written down", "why", err)
	}
}
