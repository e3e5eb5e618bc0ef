package live

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ringfence/ringfence/bus"
	"github.com/ringfence/ringfence/hunt"
	"github.com/ringfence/ringfence/hunt/record"
)

// A message of the stream is some lines: records of its partition, or reports.

// reportLine begins a line that is a report.
var reportLine = []byte(`{"report":`)

// told is a report as it is sent.
type told struct {
	Report struct {
		User string `json:"user"`
		Call string `json:"call"`
	} `json:"report"`
}

// mostLines is how long a message becomes, in bytes.
const mostLines = bus.MaxMessage / 2

// Add hands records to the hunt, in their order, and returns when they are kept.
// Many at a time are much faster than one by one.
func (r *Runner) Add(ctx context.Context, records ...record.Record) error {
	lines := make([][]byte, r.stream.Partitions())
	put := func(p int, line []byte) error {
		if len(lines[p])+len(line) > mostLines {
			if err := r.flush(ctx, lines, p); err != nil {
				return err
			}
		}
		lines[p] = append(append(lines[p], line...), '\n')
		return nil
	}
	var line []byte
	for i := range records {
		line = r.spread.Encode(line[:0], &records[i])
		first, second := Partitions(&records[i], len(lines))
		if err := put(first, line); err != nil {
			return err
		}
		if second < 0 {
			continue
		}
		if err := put(second, line); err != nil {
			return err
		}
	}
	for p := range lines {
		if err := r.flush(ctx, lines, p); err != nil {
			return err
		}
	}
	return nil
}

func (r *Runner) flush(ctx context.Context, lines [][]byte, p int) error {
	if len(lines[p]) == 0 {
		return nil
	}
	sequence, err := r.stream.Publish(ctx, p, lines[p])
	if err != nil {
		return fmt.Errorf("live hunt: %w", err)
	}
	r.fed[p].Store(max(sequence, r.fed[p].Load()))
	lines[p] = lines[p][:0]
	return nil
}

// Report hands on a user's word that a call was strange. The partition that knows
// the call takes it.
func (r *Runner) Report(ctx context.Context, user, call string) error {
	if max(len(user), len(call)) > mostText || user == "" || call == "" {
		return fmt.Errorf("live hunt: a report needs a user and a call of at most %d bytes", mostText)
	}
	var t told
	t.Report.User, t.Report.Call = user, call
	line, err := json.Marshal(t)
	if err != nil {
		return err
	}
	for p := range r.stream.Partitions() {
		if _, err := r.stream.Publish(ctx, p, append(line, '\n')); err != nil {
			return fmt.Errorf("live hunt: %w", err)
		}
	}
	return nil
}

// Held tells whether a call is to be held back, and of which campaign it is.
func (r *Runner) Held(caller, callee, print, network string) (campaign string, held bool) {
	p := r.held.Load()
	campaign, held = p.Holds.held(caller, print, network)
	return campaign, held && !p.released[campaign]
}

// Campaigns returns the campaigns as they were last compared, strongest first.
func (r *Runner) Campaigns() []hunt.Campaign { return r.held.Load().Campaigns }

// Holding returns the campaigns whose calls are held back now.
func (r *Runner) Holding() map[string]bool {
	p := r.held.Load()
	all := map[string]bool{}
	for _, c := range p.Holds.Accounts {
		all[c] = !p.released[c]
	}
	for _, c := range p.Holds.Values {
		all[c] = !p.released[c]
	}
	return all
}

// Counts says what came in on all machines, and what was refused or forgotten;
// and whether all that this machine has added is in it.
func (r *Runner) Counts(ctx context.Context) (all Counts, complete bool, err error) {
	complete = true
	for p := range r.fed {
		data, revision, err := r.values.Get(ctx, fmt.Sprint(crowdKey, p))
		if err != nil {
			return all, false, fmt.Errorf("live hunt: %w", err)
		}
		var s stands
		if revision > 0 {
			if err := json.Unmarshal(data, &s); err != nil {
				return all, false, fmt.Errorf("live hunt: what partition %d tells: %w", p, err)
			}
		}
		if s.Counts != nil {
			all.add(*s.Counts)
		}
		complete = complete && s.Seq >= r.fed[p].Load()
	}
	return all, complete, nil
}

// Release lets the calls of a campaign through again, on all machines.
func (r *Runner) Release(ctx context.Context, campaign, reason string) error {
	return r.decide(ctx, campaign, releasedBy+reason)
}

// Hold holds the calls of a campaign back, whatever its strength, also one that
// was released.
func (r *Runner) Hold(ctx context.Context, campaign string) error {
	return r.decide(ctx, campaign, heldAgain)
}

// What is decided of a campaign, in its value.
const (
	releasedBy = "-"
	heldAgain  = "+"
)

func (r *Runner) decide(ctx context.Context, campaign, what string) error {
	if !campaignID.MatchString(campaign) {
		return fmt.Errorf("live hunt: %q is no campaign of it; they look like L-0123456789abcd", campaign)
	}
	for {
		_, revision, err := r.values.Get(ctx, releasedKey+campaign)
		if err == nil {
			_, err = r.values.Set(ctx, releasedKey+campaign, []byte(what), revision)
		}
		if errors.Is(err, bus.ErrChanged) {
			continue // somebody else has decided, too; what is decided last holds
		}
		if err != nil {
			return fmt.Errorf("live hunt: %w", err)
		}
		return nil
	}
}

// take gives a message to a watch. A line that is none is counted.
func (w *watch) take(data []byte, decode func([]byte) (record.Record, error)) {
	for line := range bytes.Lines(data) {
		line = bytes.TrimSuffix(line, []byte{'\n'})
		if bytes.HasPrefix(line, reportLine) {
			var t told
			if json.Unmarshal(line, &t) == nil {
				w.report(t.Report.User, t.Report.Call)
			} else {
				w.counts.Invalid++
			}
			continue
		}
		r, err := decode(line)
		if err != nil {
			w.counts.Invalid++
			continue
		}
		w.add(&r)
	}
}
