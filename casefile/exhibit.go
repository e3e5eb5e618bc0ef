package casefile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/store/ledger"
	"github.com/ringfence/ringfence/verify"
)

// Exhibit is a thing kept as evidence.
type Exhibit struct {
	ID     string    `json:"id"` // E-0001
	Name   string    `json:"name"`
	Source string    `json:"source"`          // where it is from: "phone of T-0007"
	About  string    `json:"about,omitempty"` // the person whom it is about: T-0007
	Basis  string    `json:"basis"`           // by what right it was taken: consent:C-12
	Reason string    `json:"reason,omitempty"`
	Kind   string    `json:"kind,omitempty"` // what it is, if Ringfence knows: campaign, report, capture
	Tier   Tier      `json:"tier"`
	Size   int64     `json:"size"`
	SHA256 string    `json:"sha256"`
	SHA3   string    `json:"sha3_256"`
	Blob   string    `json:"blob"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Entry  int64     `json:"entry"` // of the ledger
	Inputs []string  `json:"inputs,omitempty"`
	Tool   string    `json:"tool"`
	Proved time.Time `json:"proved,omitzero"` // when it was last found to be as it was taken in

	rows string // hash of the events that were read from it
}

var (
	exhibitForm = regexp.MustCompile(`^E-\d{4,9}$`)
	personForm  = regexp.MustCompile(`\bT-\d{4,9}\b`)
)

const maxLine = 1000 // bytes of a source, a basis or a reason

// check says why an exhibit cannot be taken in.
func (x *Exhibit) check() error {
	if x.Tier == "" {
		x.Tier = Court
	}
	if x.About == "" {
		x.About = personForm.FindString(x.Source)
	}
	if !slices.Contains(Tiers, x.Tier) {
		return fmt.Errorf("%.40q is no tier; there are %v", x.Tier, Tiers)
	}
	for what, s := range map[string]string{"the name": x.Name, "the source": x.Source, "the basis": x.Basis} {
		if err := oneLine(what, s, maxLine); err != nil {
			return err
		}
	}
	if x.Reason != "" {
		return oneLine("the reason", x.Reason, maxLine)
	}
	return nil
}

// Add takes in an exhibit. It is on disk, and in the ledger, when it returns.
func (c *Case) Add(ctx context.Context, h *Hand, x Exhibit, r io.Reader) (Exhibit, error) {
	x, _, err := c.Take(ctx, h, x, r, Said{})
	return x, err
}

// Said is what an exhibit says.
type Said struct {
	Records []Record       // that rest on it
	Events  []ledger.Event // its lines, to be searched; their exhibit is set here
}

// Take takes in an exhibit together with what it says, all or nothing.
func (c *Case) Take(ctx context.Context, h *Hand, x Exhibit, r io.Reader, said Said) (Exhibit, []Record, error) {
	p, err := c.room.person(ctx, h, Analyst, Lead, Counsel, Partner)
	if err == nil {
		err = x.check()
	}
	if err != nil {
		return x, nil, err
	}
	w, err := c.write(ctx, r)
	if err != nil {
		return x, nil, fmt.Errorf("%s: taking in %.80q: %w", c.ID, x.Name, err)
	}
	x.Size, x.SHA256, x.SHA3, x.Blob, x.By = w.size, w.sha256, w.sha3256, w.blob, h.Name
	added, err := c.actWith(ctx, func(t *ledger.Tx) ([]ledger.Draft, error) {
		if x.ID, err = nextExhibit(t); err != nil {
			return nil, err
		}
		if len(said.Events) > 0 {
			for i := range said.Events {
				said.Events[i].Exhibit = x.ID
			}
			x.rows = rowsSum(said.Events)
		}
		d, err := c.draft(h, p, x.fields())
		if err != nil {
			return nil, err
		}
		d.Events = said.Events
		more, err := c.recordDrafts(t, h, p, x.ID, said.Records)
		return append([]ledger.Draft{d}, more...), err
	})
	if err != nil {
		// What no entry names is no exhibit.
		return x, nil, errors.Join(err, os.Remove(c.blobPath(w.blob)))
	}
	var records []Record
	for _, e := range added[1:] {
		records = append(records, recordOf(e))
	}
	return exhibitOf(added[0]), records, nil
}

func (x Exhibit) fields() Fields {
	action := "acquire"
	if len(x.Inputs) > 0 {
		action = "derive"
	}
	return Fields{"action": action, "exhibit": x.ID, "name": x.Name, "source": x.Source, "about": x.About, "basis": x.Basis, "reason": x.Reason,
		"kind": x.Kind, "tier": string(x.Tier), "size": x.Size, "sha256": x.SHA256, "sha3_256": x.SHA3, "blob": x.Blob, "inputs": x.Inputs, "rows": x.rows}
}

// ExhibitOf is the exhibit in an entry, as far as the entry shows it.
func ExhibitOf(e verify.Entry) Exhibit { return exhibitOf(e) }

func exhibitOf(e verify.Entry) Exhibit {
	x := Exhibit{ID: e.Text("exhibit"), Name: e.Text("name"), Source: e.Text("source"), About: e.Text("about"), Basis: e.Text("basis"), Reason: e.Text("reason"),
		Kind: e.Text("kind"), Tier: Tier(e.Text("tier")), SHA256: e.Text("sha256"), SHA3: e.Text("sha3_256"), Blob: e.Text("blob"), By: e.Text("actor"), Entry: e.N, Tool: e.Text("tool"), rows: e.Text("rows")}
	x.Size, _ = e.Number("size")
	x.At, _ = time.Parse(time.RFC3339Nano, e.Text("at"))
	x.Inputs = texts(e, "inputs")
	return x
}

func nextExhibit(t *ledger.Tx) (string, error) {
	var n int
	err := t.QueryRow("SELECT count(*) FROM entries WHERE action IN ('acquire', 'derive')").Scan(&n)
	return fmt.Sprintf("E-%04d", n+1), err
}

// Exhibits lists exhibits in the order in which they were taken in, from the
// number on; limit 0 lists all.
func (c *Case) Exhibits(ctx context.Context, from int64, limit int) ([]Exhibit, error) {
	proved, err := c.log.ProvedAt(ctx)
	if err != nil {
		return nil, err
	}
	all := []Exhibit{}
	for _, action := range []string{"acquire", "derive"} {
		err := c.log.Each(ctx, ledger.Query{Action: action, From: from, Limit: limit}, func(e verify.Entry) error {
			x := exhibitOf(e)
			x.Proved = proved[x.Blob]
			all = append(all, x)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(all, func(a, b Exhibit) int { return int(a.Entry - b.Entry) })
	if limit > 0 && len(all) > limit {
		all = all[:limit]
	}
	return all, nil
}

// Exhibit returns an exhibit.
func (c *Case) Exhibit(ctx context.Context, id string) (Exhibit, error) {
	if !exhibitForm.MatchString(id) {
		return Exhibit{}, fmt.Errorf("%.40q is no number of an exhibit, like E-0001", id)
	}
	all, err := c.log.Find(ctx, ledger.Query{Exhibit: id, Limit: 1})
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("%s has no exhibit %s", c.ID, id)
	}
	if err != nil {
		return Exhibit{}, err
	}
	x := exhibitOf(all[0])
	proved, err := c.log.ProvedAt(ctx)
	x.Proved = proved[x.Blob]
	return x, err
}

// WorkingCopy writes a copy of an exhibit into a folder, to work on: the
// evidentiary one is never opened for writing. That it was opened, and why, is in
// the ledger first.
func (c *Case) WorkingCopy(ctx context.Context, h *Hand, id, dir, reason string) (string, error) {
	p, err := c.room.person(ctx, h)
	if err != nil {
		return "", err
	}
	if err := oneLine("the reason", reason, maxLine); err != nil {
		return "", err
	}
	x, err := c.Exhibit(ctx, id)
	if err != nil {
		return "", err
	}
	key, err := c.identity(h)
	if err != nil {
		return "", err
	}
	if _, err := c.act(ctx, h, p, Fields{"action": "open copy", "exhibit": x.ID, "reason": reason}); err != nil {
		return "", err
	}
	path := filepath.Join(dir, x.ID+"-"+SafeName(x.Name))
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	if err := errors.Join(c.read(ctx, x, key, f), f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(path))
	}
	return path, nil
}

// SafeName is a file name that means the same on every system.
func SafeName(name string) string {
	s := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, filepath.Base(name))
	s = strings.TrimLeft(s, ".-")
	if len(s) > 80 {
		s = s[:40] + "_" + s[len(s)-39:]
	}
	if s == "" {
		return "exhibit"
	}
	return s
}
