package casefile

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/ringfence/ringfence/store/ledger"
	"github.com/ringfence/ringfence/verify"
)

// State is a state of a log that the service signed.
type State struct {
	tlog.Tree
	Checkpoint []byte
}

// State is the state of the case's ledger that stands in the service's log last.
func (c *Case) State(ctx context.Context) (s State, err error) {
	last, err := c.room.log.Find(ctx, ledger.Query{Action: "head", Subject: c.Origin, Newest: true, Limit: 1})
	if err != nil || len(last) == 0 {
		return s, errors.Join(err, fmt.Errorf("%s: no state of its ledger stands in the service's log", c.ID))
	}
	n, _ := last[0].Number("size")
	root, err := base64.StdEncoding.DecodeString(last[0].Text("root"))
	if err != nil || len(root) != tlog.HashSize {
		return s, fmt.Errorf("entry %d of the service's log has no root", last[0].N)
	}
	s.Tree = tlog.Tree{N: n, Hash: tlog.Hash(root)}
	signer, _, err := newKeySigner(c.Origin, c.room.key)
	if err != nil {
		return s, err
	}
	s.Checkpoint, err = note.Sign(&note.Note{Text: verify.CheckpointText(c.Origin, s.Tree)}, signer)
	return s, err
}

// Prove proves that an entry stands in a state of the ledger.
func (c *Case) Prove(ctx context.Context, s State, n int64) (verify.Proof, error) {
	return prove(ctx, c.log, s, n)
}

func prove(ctx context.Context, log *ledger.File, s State, n int64) (verify.Proof, error) {
	p, err := tlog.ProveRecord(s.N, n, log.Hashes(ctx))
	return verify.Proof{Index: n, Hashes: p, Checkpoint: s.Checkpoint}, err
}

// Hashes reads the hashes of the ledger's tree.
func (c *Case) Hashes(ctx context.Context) tlog.HashReader { return c.log.Hashes(ctx) }

// Each calls do with every entry of the ledger.
func (c *Case) Each(ctx context.Context, do func(verify.Entry) error) error {
	return c.log.Each(ctx, ledger.Query{}, do)
}

// Room is the room of the case.
func (c *Case) Room() *Room { return c.room }

// State is the state of the service's log that was signed last, with the
// cosignatures that it has.
func (r *Room) State(ctx context.Context) (State, error) {
	h, err := r.log.LastHead(ctx)
	if err != nil {
		return State{}, err
	}
	cp, err := verify.OpenCheckpoint(h.Checkpoint, r.signer)
	return State{cp.Tree, h.Checkpoint}, err
}

// Stamps are the time stamps over a state of the service's log.
func (r *Room) Stamps(ctx context.Context, s State) ([]ledger.Stamp, error) {
	return r.log.Stamps(ctx, s.N)
}

// Prove proves that an entry stands in a state of the service's log.
func (r *Room) Prove(ctx context.Context, s State, n int64) (verify.Proof, error) {
	return prove(ctx, r.log, s, n)
}

// Concerning are the entries of the service's log that a reader of a case needs:
// how it was begun, the last state of its ledger, and, if persons are to be shown,
// whose keys were enrolled and withdrawn.
func (r *Room) Concerning(ctx context.Context, c *Case, persons bool) (all []verify.Entry, err error) {
	queries := []ledger.Query{{Action: "open case"}, {Action: "head", Subject: c.Origin, Newest: true, Limit: 1}}
	if persons {
		queries = append(queries, ledger.Query{Action: "enroll"}, ledger.Query{Action: "withdraw"}, ledger.Query{Action: "passkey"}, ledger.Query{Action: "delegate"})
	}
	used := map[string]bool{}
	if err := c.Each(ctx, func(e verify.Entry) error { used[e.Text("key")] = true; return nil }); err != nil {
		return nil, err
	}
	for _, q := range queries {
		found, err := r.log.Find(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, e := range found {
			if concerns(e, c, used) {
				all = append(all, e)
			}
		}
	}
	return all, nil
}

// concerns leaves out other cases, and sessions that did nothing in this one.
func concerns(e verify.Entry, c *Case, used map[string]bool) bool {
	switch e.Text("action") {
	case "open case":
		return e.Text("origin") == c.Origin
	case "delegate":
		return used[e.Text("key")]
	}
	return true
}

// ShownFrom is the tier from which on a field of an entry is shown.
func ShownFrom(e verify.Entry, field string) Tier { return shownFrom(e, field) }

// OfItself tells whether a field says something of the exhibit or the record itself,
// and so has its tier.
func OfItself(field string) bool { return fields[field].own }

// Within tells whether what is of this tier is seen by those who see another.
func (t Tier) Within(other Tier) bool { return t.within(other) }

// Reader returns what reads exhibits for a person, with the keys of that person.
func (c *Case) Reader(h *Hand) (func(ctx context.Context, x Exhibit, w io.Writer) error, error) {
	id, err := c.identity(h)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, x Exhibit, w io.Writer) error { return c.read(ctx, x, id, w) }, nil
}

// Exporters are the roles that may export a case.
var Exporters = []Role{Lead, Counsel}

// MayExport tells why a person may not export.
func (c *Case) MayExport(ctx context.Context, h *Hand) error {
	_, err := c.room.person(ctx, h, Exporters...)
	return err
}

// Export puts into the ledger that an edition was made, and of what: the hash of
// the list of its files.
func (c *Case) Export(ctx context.Context, h *Hand, edition, contents, reason string) error {
	p, err := c.room.person(ctx, h, Exporters...)
	if err != nil {
		return err
	}
	_, err = c.act(ctx, h, p, Fields{"action": "export", "edition": edition, "contents": contents, "reason": reason})
	return err
}
