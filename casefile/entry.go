package casefile

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gowebpki/jcs"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/ringfence/ringfence/store/ledger"
	"github.com/ringfence/ringfence/verify"
)

// Tier says who may see something.
type Tier string

// The tiers: everybody; the court and both parties; counsel and lead alone.
const (
	Public Tier = "public"
	Court  Tier = "court"
	Sealed Tier = "sealed"
)

// Tiers are all of them, the most open first.
var Tiers = []Tier{Public, Court, Sealed}

// within tells whether what is of this tier may be seen by those who see another.
func (t Tier) within(other Tier) bool {
	i, j := slices.Index(Tiers, t), slices.Index(Tiers, other)
	return i >= 0 && i <= j
}

// fields are what an entry may say, and the tier from which on it is shown. What
// says something of an exhibit or a record itself is shown from its own tier on,
// if that is narrower.
var fields = map[string]struct {
	tier Tier
	own  bool
}{
	"action": {Public, false}, "at": {Public, false}, "log": {Public, false}, "tool": {Public, false},
	"role": {Public, false}, "exhibit": {Public, false}, "tier": {Public, false}, "kind": {Public, false},
	"edition": {Public, false}, "contents": {Public, false}, "origin": {Public, false}, "root": {Public, false}, "case": {Public, false},
	"sha256": {Public, true}, "sha3_256": {Public, true}, "size": {Public, true}, "inputs": {Public, true}, "args": {Court, true},
	"actor": {Court, false}, "key": {Court, false}, "reason": {Court, true}, "basis": {Court, true},
	"source": {Court, true}, "name": {Public, true}, "subject": {Public, true}, "about": {Public, true}, "body": {Public, true},
	"title": {Court, false}, "member": {Court, false}, "blob": {Court, true}, "rows": {Court, true}, "location": {Court, true},
	"credential": {Court, false}, "party": {Court, false}, "until": {Court, false}, "assertion": {Court, false}, "label": {Court, false}, "languages": {Court, false},
	"recipient": {Sealed, false}, "sealed_recipient": {Sealed, false},
}

// shownFrom is the tier from which on a field of an entry is shown.
func shownFrom(e verify.Entry, name string) Tier {
	f, ok := fields[name]
	if !ok {
		return Sealed
	}
	if name == "edition" && strings.HasPrefix(e.Text(name), "person:") {
		return Court // that somebody's own file was made says that there is somebody
	}
	if own := Tier(e.Text("tier")); f.own && slices.Contains(Tiers, own) && f.tier.within(own) {
		return own
	}
	return f.tier
}

// Fields are what an entry says, by name.
type Fields map[string]any

// open makes the commitments' openings of the fields.
func (f Fields) open() (map[string]verify.Opening, error) {
	all := map[string]verify.Opening{}
	for name, value := range f {
		if _, known := fields[name]; !known {
			return nil, fmt.Errorf("an entry has no field %q", name)
		}
		if empty(value) {
			continue
		}
		b, err := json.Marshal(value)
		if err == nil {
			b, err = jcs.Transform(b)
		}
		if err != nil {
			return nil, fmt.Errorf("field %q: %w", name, err)
		}
		salt := make([]byte, verify.SaltSize)
		rand.Read(salt) // never fails
		all[name] = verify.Opening{Salt: salt, Value: b}
	}
	return all, nil
}

func empty(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case Tier:
		return v == ""
	case []string:
		return len(v) == 0
	case json.RawMessage:
		return len(v) == 0
	}
	return false
}

// draft makes an entry of a case's ledger, signed by who acts.
func (c *Case) draft(h *Hand, p Person, f Fields) (ledger.Draft, error) {
	f["log"], f["at"], f["tool"] = c.Origin, c.room.now().UTC().Format(time.RFC3339Nano), c.room.tool
	f["actor"], f["key"], f["role"] = h.Name, h.public, string(p.Role)
	open, err := f.open()
	if err != nil {
		return ledger.Draft{}, err
	}
	return ledger.Draft{Open: open, Sign: func(n int64, leaf tlog.Hash) (string, error) {
		signed, err := note.Sign(&note.Note{Text: verify.SignedText(c.Origin, n, leaf)}, h.signer)
		return string(signed), err
	}}, nil
}
