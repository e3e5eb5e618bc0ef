package live

import (
	"sync"
	"time"

	"github.com/ringfence/ringfence/hunt/record"
)

// Trials are live hunts among the accounts of runs of the test range, each run
// for itself: what the range does must not count among what people do, and a
// real campaign must not decide what becomes of the range. It may be used from
// several goroutines.
type Trials struct {
	mu   sync.Mutex
	runs map[string]*trial
}

type trial struct {
	detector *Detector
	last     int64 // time of the latest record, ns since 1970
}

const (
	mostTrials = 8                       // at a time; the one that was quiet longest goes
	trialLife  = int64(15 * time.Minute) // a run of the range is over before
)

// Saw takes a record of a run.
func (t *Trials) Saw(run string, r record.Record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	one := t.runs[run]
	if one == nil {
		one = t.begin(run, r.Time)
	}
	one.last = max(one.last, r.Time)
	one.detector.Add(r)
}

func (t *Trials) begin(run string, now int64) *trial {
	if t.runs == nil {
		t.runs = map[string]*trial{}
	}
	oldest := ""
	for name, one := range t.runs {
		if one.last < now-trialLife {
			delete(t.runs, name)
		} else if oldest == "" || one.last < t.runs[oldest].last {
			oldest = name
		}
	}
	if len(t.runs) >= mostTrials {
		delete(t.runs, oldest)
	}
	one := &trial{detector: New(Options{Partitions: 1, Limits: Limits{Accounts: 1 << 10, Population: 1 << 12, Values: 1 << 10, Calls: 1 << 10}})}
	t.runs[run] = one
	return one
}

// Report takes a word of somebody of a run that a call was strange.
func (t *Trials) Report(run, user, call string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if one := t.runs[run]; one != nil {
		one.detector.Report(user, call)
	}
}

// Held tells whether a call of a run belongs to a campaign of that run.
func (t *Trials) Held(run string, r record.Record) (campaign string, held bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	one := t.runs[run]
	if one == nil {
		return "", false
	}
	return one.detector.Held(r.Caller, r.Callee, r.CallerPrint, r.CallerNetwork)
}
