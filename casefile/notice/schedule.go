package notice

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"
)

// Pace is how batches follow each other.
type Pace struct {
	Start  time.Time     // nothing is sent before
	Now    time.Time     // a batch that is late is planned for now, and the next ones after it; zero: none is late
	Size   int           // targets in a batch, at most
	Every  time.Duration // between batches, at least
	Spread time.Duration // a random time up to this is added to each
}

// DefaultPace sends from a time on 25 at once, every one to three hours.
func DefaultPace(start time.Time) Pace {
	return Pace{Start: start, Size: 25, Every: time.Hour, Spread: 2 * time.Hour}
}

// Planned is a batch with the time from which on it may be sent.
type Planned struct {
	At    time.Time
	Batch Batch
}

// Schedule puts those of a list who were not told yet into batches, in an order
// that says nothing of them and with random times between, so that from when
// somebody was told nobody learns when or how it was found (as Google does, 2017).
// No helpline gets more in a day than it takes, or anybody before it knows. The
// same list, plan and pace give the same batches; what was sent already moves none
// of the others forward, so it may be asked again at any time. Those who want no
// notices are left out, and counted.
func Schedule(r *Roster, p *Plan, pace Pace) (batches []Planned, left int, err error) {
	if err := r.Check(); err != nil {
		return nil, 0, err
	}
	switch {
	case r.Plan != p.ID:
		return nil, 0, fmt.Errorf("notice: the list is for plan %s, this is %s", r.Plan, p.ID)
	case pace.Size < 1 || pace.Size > MaxBatch || pace.Every < 0 || pace.Spread < 0:
		return nil, 0, fmt.Errorf("notice: a batch has 1 to %d targets, and times between batches are not below nothing", MaxBatch)
	case pace.Start.IsZero():
		return nil, 0, errors.New("notice: a schedule needs a time to start at")
	}
	waiting, left := waitingOf(r, p)
	at := latest(pace.Start, p.sentAt)
	for n := p.sentBatches; len(waiting) > 0; {
		at = latest(at.Add(pace.gap(r, n)), pace.Now, p.helpersFrom())
		var b Batch
		for b, waiting = nextBatch(r, p, waiting, at, batches, pace.Size); len(b.Targets) == 0; b, waiting = nextBatch(r, p, waiting, at, batches, pace.Size) {
			// Every helpline is full today; the same random time into tomorrow.
			at = at.UTC().Truncate(24 * time.Hour).Add(24*time.Hour + pace.gap(r, n))
		}
		batches = append(batches, Planned{at, b})
		n++
	}
	return batches, left, nil
}

// gap is the time before the batch of this number.
func (pace Pace) gap(r *Roster, n int) time.Duration {
	random := rand.New(rand.NewChaCha8(sha256.Sum256(fmt.Appendf(nil, "ringfence notice gap\n%s\n%d", r.Seed, n))))
	return pace.Every + time.Duration(random.Int64N(int64(pace.Spread)+1))
}

// helpersFrom is when all helplines of the plan know who is coming.
func (p *Plan) helpersFrom() (at time.Time) {
	for _, h := range p.Text.Facts.Helplines {
		told := p.told[h.Name]
		if from, err := day(told.From); err == nil {
			at = latest(at, from, told.At.Add(p.rules.Lead))
		}
	}
	return at
}

func latest(all ...time.Time) time.Time { return slices.MaxFunc(all, time.Time.Compare) }

// waitingOf are those who were not told yet, in an order that the seed makes.
func waitingOf(r *Roster, p *Plan) (waiting []*Target, left int) {
	place := map[string][sha256.Size]byte{}
	for i := range r.Targets {
		t := &r.Targets[i]
		c := r.Commitment(*t)
		switch {
		case p.out[c]:
			left++
		case p.targets[c] == nil:
			waiting = append(waiting, t)
			place[t.Pseudonym] = sha256.Sum256([]byte("ringfence notice order\n" + r.Seed + "\n" + c))
		}
	}
	slices.SortFunc(waiting, func(a, b *Target) int {
		x, y := place[a.Pseudonym], place[b.Pseudonym]
		return bytes.Compare(x[:], y[:])
	})
	return waiting, left
}

// nextBatch takes those whose helpline has room on that day.
func nextBatch(r *Roster, p *Plan, waiting []*Target, at time.Time, before []Planned, size int) (Batch, []*Target) {
	used := maps.Clone(p.days[utcDay(at)])
	if used == nil {
		used = map[string]int{}
	}
	for _, b := range slices.Backward(before) {
		if utcDay(b.At) != utcDay(at) {
			break
		}
		for name, n := range b.Batch.Helplines {
			used[name] += n
		}
	}
	var taken, rest []*Target
	for _, t := range waiting {
		h := p.Text.Facts.helplineFor(t.Country)
		if len(taken) == size || used[h.Name] >= h.Daily {
			rest = append(rest, t)
			continue
		}
		used[h.Name]++
		taken = append(taken, t)
	}
	return batchOf(r, p.Text.Facts, taken), rest
}

// batchOf is the batch of these targets.
func batchOf(r *Roster, f Facts, targets []*Target) Batch {
	b := Batch{Helplines: map[string]int{}}
	for _, t := range targets {
		c := r.Commitment(*t)
		b.Targets = append(b.Targets, c)
		if t.High {
			b.High = append(b.High, c)
		}
		country := t.Country
		if country == "" {
			country = Unknown
		}
		b.Countries = append(b.Countries, country)
		b.Helplines[f.helplineFor(t.Country).Name]++
	}
	slices.Sort(b.Countries)
	b.Countries = slices.Compact(b.Countries)
	slices.Sort(b.Targets) // says nothing of the order of the list
	slices.Sort(b.High)
	return b
}
