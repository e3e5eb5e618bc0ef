// Package simulate makes call records of a world that does not exist, to test the
// hunt against: people with households, friends, clocks and phones; those who
// look like an attack and are none; and campaigns, with the truth about them.
//
// Everything follows from the seed, whatever the number of goroutines. What the
// world is made of is in docs/simulate.md. The package knows nothing of how the
// hunt works.
package simulate

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringfence/ringfence/hunt/record"
)

// Options say what is simulated.
type Options struct {
	Users     int
	Days      int
	Calls     int64 // of ordinary people; 0: ten each
	Seed      uint64
	Campaigns []string  // kinds, see Kinds; none: no campaign
	Harder    bool      // innocent people look more like an attack, and an attack more like people
	From      time.Time // the first hour, UTC
	Format    record.Format
	Workers   int                  // 0: one a processor
	Progress  func(done, of int64) // may be nil
}

// The least and most that can be simulated.
const (
	LeastUsers = 1_000
	MostUsers  = 500_000_000
	MostDays   = 366
)

func (o *Options) fill() error {
	if o.Calls == 0 {
		o.Calls = 10 * int64(o.Users)
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.From.IsZero() {
		o.From = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	}
	if o.Format == 0 {
		o.Format = record.Parquet
	}
	o.From = o.From.UTC().Truncate(24 * time.Hour)
	switch {
	case o.Users < LeastUsers || o.Users > MostUsers:
		return fmt.Errorf("simulate: %d users; from %d to %d can be simulated", o.Users, LeastUsers, MostUsers)
	case o.Days < 1 || o.Days > MostDays:
		return fmt.Errorf("simulate: %d days; from 1 to %d can be simulated", o.Days, MostDays)
	case o.Calls < 0:
		return fmt.Errorf("simulate: %d calls; give a number of calls", o.Calls)
	}
	return nil
}

// simulation is a world at work.
type simulation struct {
	*World
	Options
	groups  []*crowd // who look like an attack
	next    int      // number of the next account
	planned [][]call // of campaigns, by hour
	done    atomic.Int64
	total   int64
}

// Run writes a file of records for each hour into a folder, and the truth.
func Run(ctx context.Context, dir string, o Options) (Truth, error) {
	if err := o.fill(); err != nil {
		return Truth{}, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Truth{}, err
	}
	s := &simulation{World: newWorld(o), Options: o, planned: make([][]call, o.Days*24), total: o.Calls}
	s.groups = s.lookalikes()
	truth, err := s.campaigns()
	if err != nil {
		return truth, err
	}
	if err := s.write(ctx, dir); err != nil {
		return truth, err
	}
	b, err := json.MarshalIndent(truth, "", " ")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "truth.json"), append(b, '\n'), 0o644)
	}
	return truth, err
}

// hour is what one goroutine hands the one behind it: calls that were set off in
// an hour and happen in the next.
type hour struct {
	late chan []call
}

// write makes the hours, several at a time.
func (s *simulation) write(ctx context.Context, dir string) error {
	hours := make([]hour, s.days*24+1)
	for i := range hours {
		hours[i].late = make(chan []call, 1)
	}
	hours[0].late <- nil
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wait sync.WaitGroup
	for range s.Workers {
		wait.Go(func() {
			w := &writer{s: s}
			for {
				n := int(next.Add(1)) - 1
				if n >= s.days*24 || ctx.Err() != nil {
					return
				}
				now, late := s.hour(n)
				hours[n+1].late <- late // there is room
				select {
				case earlier := <-hours[n].late:
					now = append(now, earlier...)
				case <-ctx.Done():
					return
				}
				if err := w.write(filepath.Join(dir, s.fileOf(n)), now); err != nil {
					cancel(err)
				}
			}
		})
	}
	wait.Wait()
	return context.Cause(ctx)
}

func (s *simulation) fileOf(hour int) string {
	ending := map[record.Format]string{record.Parquet: ".parquet", record.JSONLines: ".jsonl", record.CSV: ".csv"}[s.Format]
	return "calls-" + s.from.Add(time.Duration(hour)*time.Hour).Format("20060102-15") + ending
}

// hour makes the calls that begin in an hour, and those that follow from them in
// the next one.
func (s *simulation) hour(n int) (now, late []call) {
	m := &maker{simulation: s, hour: n, rng: s.rng(ofHour, uint64(n), 0), from: int64(n) * int64(time.Hour)}
	for range int(s.hours[n]*float64(s.Calls)*.86 + .5) { // the rest are calls that follow from calls
		m.ordinary()
	}
	for i, g := range s.groups {
		m.rng = s.rng(ofLookalike, uint64(i)+1<<20, uint64(n))
		m.crowd(g)
	}
	m.calls = append(m.calls, s.planned[n]...)
	end := m.from + int64(time.Hour)
	for _, c := range m.calls {
		switch {
		case c.at < end:
			now = append(now, c)
		case c.at < end+int64(time.Hour) && n+1 < s.days*24:
			late = append(late, c)
		}
	}
	return now, late
}

// maker makes the calls of an hour.
type maker struct {
	*simulation
	hour  int
	from  int64 // ns since the beginning
	rng   *rand.Rand
	calls []call
}

// writer writes hours; it belongs to one goroutine.
type writer struct {
	s     *simulation
	batch []record.Record
}

func (w *writer) write(path string, calls []call) (err error) {
	slices.SortFunc(calls, compareCalls)
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if closing := f.Close(); err == nil {
			err = closing
		}
	}()
	to, err := record.NewWriter(f, w.s.Format)
	if err != nil {
		return err
	}
	const piece = 4096
	for i := 0; i < len(calls); i += piece {
		some := calls[i:min(i+piece, len(calls))]
		if err := to.Write(w.records(some)); err != nil {
			return err
		}
		if n := w.s.done.Add(int64(len(some))); w.s.Progress != nil {
			w.s.Progress(n, max(n, w.s.total))
		}
	}
	return to.Close()
}
