// Package judging binds what is judged about who did it (package attribution) to a
// case: each version is an entry of the ledger, signed by who wrote or reviewed it,
// with what the evidence carried then.
package judging

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/attribution"
	"github.com/ringfence/ringfence/casefile/fact"
)

// ID is that of the one judgement of a case.
const ID = "J-0001"

// Version is a judgement as it stands in the ledger: what was written, and what the
// evidence carried, worked out with everything that the case knew then.
type Version struct {
	Judgement attribution.Judgement `json:"judgement"`
	Result    attribution.Result    `json:"result"`

	By    string    `json:"-"` // who signed it
	At    time.Time `json:"-"`
	Entry int64     `json:"-"`
}

// ReadVersion reads the body of a record.
func ReadVersion(r casefile.Record) (v Version, err error) {
	if err := json.Unmarshal(r.Body, &v); err != nil {
		return v, fmt.Errorf("entry %d: %w", r.Entry, err)
	}
	v.By, v.At, v.Entry = r.By, r.At, r.Entry
	return v, v.Judgement.Check()
}

// Reviewers are the roles that may review.
var Reviewers = []casefile.Role{casefile.Reviewer, casefile.Lead, casefile.Counsel}

// Desk is where the judgement of a case is worked on.
type Desk struct {
	Case *casefile.Case
	Hand *casefile.Hand
	Now  func() time.Time
}

// ErrNone is that nothing is judged yet.
var ErrNone = errors.New("nothing is judged yet: it is not attributed")

// Versions are all versions, the oldest first.
func (d *Desk) Versions(ctx context.Context) (all []Version, err error) {
	was, err := d.Case.History(ctx, fact.KindJudgement, ID)
	if err != nil {
		return nil, err
	}
	return versions(was)
}

func versions(was []casefile.Record) (all []Version, err error) {
	for _, r := range was {
		v, err := ReadVersion(r)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// Newest is the version that stands, or ErrNone.
func (d *Desk) Newest(ctx context.Context) (Version, error) {
	all, err := d.Versions(ctx)
	if err == nil && len(all) == 0 {
		err = ErrNone
	}
	if err != nil {
		return Version{}, err
	}
	return all[len(all)-1], nil
}

// signed are the reviews that stand in a judgement and were signed by who gave them:
// each came with an entry of that person's.
func signed(all []Version) (good []attribution.Review) {
	var was []attribution.Review
	for _, v := range all {
		for _, r := range v.Judgement.Reviews {
			if r.By == v.By && !slices.Contains(was, r) {
				good = append(good, r)
			}
		}
		was = v.Judgement.Reviews
	}
	return good
}

// authors are all who ever changed what is judged: who wrote most of it is not made a
// reviewer by another's last word.
func authors(all []Version) (by []string) {
	hash := ""
	for _, v := range all {
		if h := v.Judgement.Hash(); h != hash {
			by, hash = append(by, v.By), h
		}
	}
	slices.Sort(by)
	return slices.Compact(by)
}

// provenance is where the exhibits of the case come from, and who may review.
func (d *Desk) provenance(ctx context.Context) (from attribution.Provenance, err error) {
	from = attribution.Provenance{Inputs: map[string][]string{}, Source: map[string]string{}, Same: map[string][]string{}}
	all, err := d.Case.Exhibits(ctx, 0, 0)
	if err != nil {
		return from, err
	}
	first := map[string]string{} // exhibit of each hash
	for _, x := range all {
		from.Inputs[x.ID], from.Source[x.ID] = x.Inputs, x.Source
		if one, ok := first[x.SHA256]; ok {
			from.Same[one] = append(from.Same[one], x.ID)
			from.Same[x.ID] = []string{one}
			continue
		}
		first[x.SHA256] = x.ID
	}
	persons, err := d.Case.Room().Persons(ctx)
	for _, p := range persons {
		if slices.Contains(Reviewers, p.Role) && p.Until.IsZero() {
			from.Who = append(from.Who, p.Name)
		}
	}
	return from, err
}

// Save writes a version. Reviews cannot be written: those of what has not changed
// stay. It refuses what rests on an exhibit that the case has not, and, with stale, a
// version that somebody else has changed meanwhile.
func (d *Desk) Save(ctx context.Context, j attribution.Judgement, from string) (Version, error) {
	return d.add(ctx, func(all []Version) (attribution.Judgement, error) {
		now := ""
		if len(all) > 0 {
			now = all[len(all)-1].Judgement.Hash()
		}
		if from != now {
			return j, errors.New("somebody has changed the judgement meanwhile; look at it again, and write yours anew")
		}
		if len(all) > 0 && j.Hash() == now {
			return j, errors.New("nothing was changed")
		}
		j.Reviews = signed(all)
		return j, nil
	})
}

// Review records what a person who did not write it thinks of the version that stands.
func (d *Desk) Review(ctx context.Context, hash, opinion, text string) (Version, error) {
	return d.add(ctx, func(all []Version) (j attribution.Judgement, err error) {
		if len(all) == 0 {
			return j, ErrNone
		}
		j = all[len(all)-1].Judgement
		switch {
		case j.Hash() != hash:
			return j, errors.New("somebody has changed the judgement meanwhile; read it again before you review it")
		case slices.Contains(authors(all), d.Hand.Name):
			return j, errors.New("you wrote this version, or a part of it; another person reviews it")
		}
		j.Reviews = append(signed(all), attribution.Review{By: d.Hand.Name, At: d.Now().UTC().Format(time.RFC3339), Hash: hash, Opinion: opinion, Text: text})
		return j, nil
	})
}

// add adds a version that depends on those before.
func (d *Desk) add(ctx context.Context, next func(all []Version) (attribution.Judgement, error)) (v Version, err error) {
	from, err := d.provenance(ctx)
	if err != nil {
		return v, err
	}
	_, err = d.Case.Amend(ctx, d.Hand, fact.KindJudgement, ID, func(was []casefile.Record) ([]casefile.Record, error) {
		all, err := versions(was)
		if err != nil {
			return nil, err
		}
		j, err := next(all)
		if err == nil {
			err = j.Check()
		}
		if err == nil {
			err = known(j, from)
		}
		if err != nil {
			return nil, err
		}
		v = Version{Judgement: j, By: d.Hand.Name, At: d.Now().UTC()}
		from.Authors = authors(append(all, v))
		v.Result = j.Judge(from)
		body, err := json.Marshal(v)
		return []casefile.Record{{Kind: fact.KindJudgement, ID: ID, Tier: casefile.Court, Exhibits: exhibits(j), Body: body}}, err
	})
	return v, err
}

// known refuses evidence that rests on what the case has not.
func known(j attribution.Judgement, from attribution.Provenance) error {
	for _, e := range j.Evidence {
		for _, x := range e.Exhibits {
			if _, ok := from.Source[x]; !ok {
				return fmt.Errorf("evidence %s rests on %s, and the case has no such exhibit", e.ID, x)
			}
		}
	}
	return nil
}

// exhibits are all on which a judgement rests.
func exhibits(j attribution.Judgement) (all []string) {
	for _, e := range j.Evidence {
		all = append(all, e.Exhibits...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Start is what somebody edits who has judged nothing yet.
func (d *Desk) Start(title string) attribution.Judgement {
	return attribution.Template("Who is behind what this case is about (" + title + ")?")
}
