package casefile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gowebpki/jcs"

	"github.com/ringfence/ringfence/casefile/fact"
	"github.com/ringfence/ringfence/store/ledger"
	"github.com/ringfence/ringfence/verify"
)

// Record is a fact as it stands in the ledger.
type Record struct {
	Kind     fact.Kind       `json:"kind"`
	ID       string          `json:"id"` // given when it is empty
	About    string          `json:"about,omitempty"`
	Tier     Tier            `json:"tier"`
	Exhibits []string        `json:"exhibits,omitempty"` // on which it rests
	Body     json.RawMessage `json:"body"`
	Reason   string          `json:"reason,omitempty"`

	By    string    `json:"by,omitempty"`
	At    time.Time `json:"at,omitzero"`
	Entry int64     `json:"entry"`
}

// NewRecord makes a record of a fact, to be seen from the tier of the court on.
func NewRecord(f fact.Fact, exhibits ...string) (Record, error) {
	b, err := json.Marshal(f)
	return Record{Kind: f.Kind(), Tier: Court, Exhibits: exhibits, Body: b}, err
}

// Fact reads the record's fact.
func (r Record) Fact() (fact.Fact, error) { return fact.Read(r.Kind, r.Body) }

// foreign are the kinds whose form is that of another package, which checks it.
var foreign = []fact.Kind{fact.KindJudgement, fact.KindNotice, fact.KindRoster}

func (r *Record) check() error {
	if r.Tier == "" {
		r.Tier = Court
	}
	if !slices.Contains(Tiers, r.Tier) {
		return fmt.Errorf("%.40q is no tier; there are %v", r.Tier, Tiers)
	}
	if r.ID != "" && !fact.IsID(r.Kind, r.ID) {
		return fmt.Errorf("%.40q is no id of the kind %s", r.ID, r.Kind)
	}
	for _, x := range r.Exhibits {
		if !exhibitForm.MatchString(x) {
			return fmt.Errorf("%.40q is no number of an exhibit, like E-0001", x)
		}
	}
	if slices.Contains(foreign, r.Kind) {
		if len(r.Body) > fact.MaxBody || !json.Valid(r.Body) {
			return fmt.Errorf("the %s is no JSON of at most %d bytes", r.Kind, fact.MaxBody)
		}
		return nil
	}
	_, err := r.Fact()
	return err
}

// Put adds records to the ledger, all or none.
func (c *Case) Put(ctx context.Context, h *Hand, all ...Record) ([]Record, error) {
	return c.put(ctx, h, all, mayRead)
}

func (c *Case) put(ctx context.Context, h *Hand, all []Record, roles []Role) ([]Record, error) {
	p, err := c.room.person(ctx, h, roles...)
	if err != nil {
		return nil, err
	}
	added, err := c.actWith(ctx, func(t *ledger.Tx) ([]ledger.Draft, error) { return c.recordDrafts(t, h, p, "", all) })
	if err != nil {
		return nil, err
	}
	var put []Record
	for _, e := range added {
		put = append(put, recordOf(e))
	}
	return put, nil
}

// Amend adds records that depend on what one fact was until now: nobody else adds to
// its history in between.
func (c *Case) Amend(ctx context.Context, h *Hand, k fact.Kind, id string, next func(was []Record) ([]Record, error)) ([]Record, error) {
	p, err := c.room.person(ctx, h, mayRead...)
	if err != nil {
		return nil, err
	}
	added, err := c.actWith(ctx, func(t *ledger.Tx) ([]ledger.Draft, error) {
		entries, err := t.Find(ledger.Query{Action: "record", Kind: string(k), Subject: id})
		if err != nil {
			return nil, err
		}
		var was []Record
		for _, e := range entries {
			was = append(was, recordOf(e))
		}
		all, err := next(was)
		if err != nil {
			return nil, err
		}
		return c.recordDrafts(t, h, p, "", all)
	})
	var put []Record
	for _, e := range added {
		put = append(put, recordOf(e))
	}
	return put, err
}

// recordDrafts makes entries of records; those that come with an exhibit rest on
// it.
func (c *Case) recordDrafts(t *ledger.Tx, h *Hand, p Person, exhibit string, all []Record) (drafts []ledger.Draft, err error) {
	next := map[fact.Kind]int{}
	for _, r := range all {
		if exhibit != "" {
			r.Exhibits = append(slices.Clone(r.Exhibits), exhibit)
		}
		if err := r.check(); err != nil {
			return nil, err
		}
		if r.ID == "" {
			if r.ID, err = nextRecord(t, r.Kind, next); err != nil {
				return nil, err
			}
		}
		body, err := jcs.Transform(r.Body)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", r.Kind, r.ID, err)
		}
		if r.Kind == fact.KindPerson {
			r.About = r.ID
		}
		d, err := c.draft(h, p, Fields{"action": "record", "kind": string(r.Kind), "subject": r.ID, "about": r.About, "tier": string(r.Tier),
			"inputs": r.Exhibits, "body": json.RawMessage(body), "reason": r.Reason})
		if err != nil {
			return nil, err
		}
		drafts = append(drafts, d)
	}
	return drafts, nil
}

// nextRecord is the next free id of a kind.
func nextRecord(t *ledger.Tx, k fact.Kind, next map[fact.Kind]int) (string, error) {
	if next[k] == 0 {
		var last int
		// Ids that were given from outside, like a campaign's, are left alone.
		err := t.QueryRow("SELECT ifnull(max(CAST(substr(subject, 3) AS INTEGER)), 0) FROM entries WHERE kind = ? AND subject NOT LIKE '_-____-%'", string(k)).Scan(&last)
		if err != nil {
			return "", err
		}
		next[k] = last
	}
	next[k]++
	return fmt.Sprintf("%s-%04d", fact.Prefixes[k], next[k]), nil
}

// RecordOf is the record in an entry, as far as the entry shows it.
func RecordOf(e verify.Entry) Record { return recordOf(e) }

func recordOf(e verify.Entry) Record {
	r := Record{Kind: fact.Kind(e.Text("kind")), ID: e.Text("subject"), About: e.Text("about"), Tier: Tier(e.Text("tier")), Exhibits: texts(e, "inputs"),
		Body: e.Open["body"].Value, Reason: e.Text("reason"), By: e.Text("actor"), Entry: e.N}
	r.At, _ = time.Parse(time.RFC3339Nano, e.Text("at"))
	return r
}

func texts(e verify.Entry, name string) (all []string) {
	if json.Unmarshal(e.Open[name].Value, &all) != nil {
		return nil
	}
	return all
}

// Records returns the facts of a kind as they are now, in the order of their ids.
func (c *Case) Records(ctx context.Context, k fact.Kind) ([]Record, error) {
	all := []Record{}
	err := c.log.Each(ctx, ledger.Query{Action: "record", Kind: string(k), Latest: true}, func(e verify.Entry) error {
		all = append(all, recordOf(e))
		return nil
	})
	slices.SortFunc(all, func(a, b Record) int {
		if len(a.ID) != len(b.ID) {
			return len(a.ID) - len(b.ID)
		}
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return all, err
}

// History returns every version of a fact, the oldest first.
func (c *Case) History(ctx context.Context, k fact.Kind, id string) ([]Record, error) {
	all := []Record{}
	err := c.log.Each(ctx, ledger.Query{Action: "record", Kind: string(k), Subject: id}, func(e verify.Entry) error {
		all = append(all, recordOf(e))
		return nil
	})
	return all, err
}

// ErrNoRecord says that a case has no fact of an id.
var ErrNoRecord = errors.New("the case has no such record")

// Record returns a fact as it is now.
func (c *Case) Record(ctx context.Context, k fact.Kind, id string) (Record, error) {
	all, err := c.log.Find(ctx, ledger.Query{Action: "record", Kind: string(k), Subject: id, Newest: true, Limit: 1})
	if err != nil {
		return Record{}, err
	}
	if len(all) == 0 {
		return Record{}, fmt.Errorf("%s %.40q: %w", k, id, ErrNoRecord)
	}
	return recordOf(all[0]), nil
}

// Log returns entries of the ledger, the newest first: those before an entry, or
// the last ones when that is 0.
func (c *Case) Log(ctx context.Context, before int64, limit int) ([]verify.Entry, error) {
	return c.log.Find(ctx, ledger.Query{From: before, Limit: limit, Newest: true})
}
