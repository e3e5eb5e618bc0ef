package hunt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/ringfence/ringfence/hunt/record"
)

// Options say how a hunt works.
type Options struct {
	Workers  int                  // 0: one a processor
	Memory   int64                // bytes for what is kept of the records; 0: 1.2 GB. Beyond it attempts go to files
	Dir      string               // of those files; "": the system's
	Progress func(read, of int64) // may be nil
	Phase    func(what string)    // says what is done now; may be nil
	Now      func() time.Time     // for Seconds; nil: time.Now
}

const (
	defaultMemory = 1_200 << 20
	accountBytes  = 16 * 2 // of one caller in the table, with room to grow
)

// hunting is one hunt.
type hunting struct {
	Options
	share     *Share // nil: all is read here
	source    record.Source
	accounts  *accounts
	attempts  *attempts
	suspects  []suspect
	doubles   int // attempts that other machines found twice among theirs
	result    Result
	explained map[string]int
}

// Find finds the campaigns in the records of a source, without a signature. It
// reads them twice: once to find groups, once more for what the groups did.
//
// The line of thought is that of CopyCatch (Beutel et al., 2013), SynchroTrap
// (Cao et al., 2014) and FRAUDAR (Hooi et al., 2016): accounts that act in
// lockstep, on infrastructure that few others have, are compared with what
// chance gives in the same population. docs/hunt.md says how.
func Find(ctx context.Context, source record.Source, o Options) (Result, error) {
	h := newHunting(source, o)
	began := h.Now()
	err := h.run(ctx)
	if closing := h.attempts.close(); err == nil {
		err = closing
	}
	h.result.Seconds = h.Now().Sub(began).Seconds()
	return h.result, err
}

func newHunting(source record.Source, o Options) *hunting {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Memory <= 0 {
		o.Memory = defaultMemory
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Phase == nil {
		o.Phase = func(string) {}
	}
	if o.Dir == "" {
		o.Dir = os.TempDir()
	}
	return &hunting{
		Options: o, source: source, explained: map[string]int{},
		accounts: newAccounts(int(o.Memory / accountBytes)), attempts: &attempts{dir: o.Dir, budget: int(o.Memory / 2)},
	}
}

func (h *hunting) run(ctx context.Context) error {
	h.Phase("reading the records")
	stats, err := h.gather(ctx)
	if err != nil {
		return err
	}
	h.result = Result{Version: 1, Campaigns: []Campaign{}, Records: stats.Records, Rejected: stats.Rejected, Reasons: stats.Reasons, Unread: stats.Unread, Absent: absent(stats.Columns)}
	if n := h.accounts.lost(); n > 0 {
		h.result.Unread = append(h.result.Unread, fmt.Sprintf("%d calls are of accounts for which there was no memory: how rare things are is estimated without them; give the hunt more with --memory", n))
	}
	h.Phase("comparing callers")
	if err := h.compare(ctx); err != nil {
		return err
	}
	g := newGrouping(h.suspects, h.accounts)
	groups := h.plausible(g.groups())
	h.Phase("looking at the groups")
	found, err := h.details(ctx, groups)
	if err != nil {
		return err
	}
	h.judge(g, found)
	return nil
}

// gathered is what a first reading has found besides callers and attempts.
type gathered struct {
	stats record.Stats
	rare  []rarePrints
}

// gather reads all records, and takes what other machines have read of theirs.
func (h *hunting) gather(ctx context.Context) (record.Stats, error) {
	g, err := h.firstReading(ctx)
	if err == nil && h.share != nil {
		err = h.share.collect(ctx, h, &g)
	}
	if err != nil {
		return g.stats, err
	}
	last := gatherer{all: h.attempts}
	err = addRare(g.rare, g.stats.Records, last.add)
	if flushed := last.flush(); err == nil {
		err = flushed
	}
	return g.stats, err
}

// firstReading counts the callers, and keeps the attempts at strangers.
func (h *hunting) firstReading(ctx context.Context) (g gathered, err error) {
	workers := make([]struct {
		gatherer
		order shardOrder
	}, h.Workers)
	for i := range workers {
		workers[i].all = h.attempts
		g.rare = append(g.rare, rarePrints{})
	}
	g.stats, err = h.source.Read(ctx, record.Reading{
		Want:     record.CallerPrint | record.CallerNetwork | record.RingMS | record.TalkMS | record.ContactColumn | record.CallerAge,
		Workers:  h.Workers,
		Progress: h.Progress,
		Visit: func(worker int, b *record.Batch) error {
			w := &workers[worker]
			h.accounts.add(b, &w.order)
			return strangers(b, g.rare[worker], w.gatherer.add)
		},
	})
	for i := range workers {
		if flushed := workers[i].flush(); err == nil {
			err = flushed
		}
	}
	return g, err
}

// strangers visits the attempts at people who had not accepted the caller, and
// sets the calls to contacts aside by their print. In records that do not say
// who is a contact, everybody is a stranger.
func strangers(b *record.Batch, rare rarePrints, add func(attempt) error) error {
	for i := range b.N {
		if b.Contact != nil && b.Contact[i] == record.Accepted {
			if b.CallerPrint != nil && rare.wants(b.CallerPrint[i]) {
				rare.put(attemptOf(b, i))
			}
			continue
		}
		if err := add(attemptOf(b, i)); err != nil {
			return err
		}
	}
	return nil
}

func attemptOf(b *record.Batch, i int) attempt {
	a := attempt{caller: b.Caller[i], callee: b.Callee[i], time: b.Time[i], outcome: b.Outcome[i], age: record.NoAge}
	if b.Contact != nil {
		a.contact = b.Contact[i]
	}
	if b.CallerPrint != nil {
		a.print = b.CallerPrint[i]
	}
	if b.CallerNetwork != nil {
		a.network = b.CallerNetwork[i]
	}
	if b.RingMS != nil {
		a.ring = uint16(min(max(b.RingMS[i], 0)/10, 1<<16-1))
	}
	if b.CallerAge != nil {
		a.age = int16(min(b.CallerAge[i], 1<<15-1))
	}
	if a.outcome == record.Answered {
		a.talked = b.TalkMS == nil || b.TalkMS[i] >= talkMS
	}
	return a
}

// compare makes suspects of the attempts, part by part. They come in the order of
// their ids, for the parts are cut by id.
func (h *hunting) compare(ctx context.Context) error {
	var wait sync.WaitGroup
	var ofPart [parts][]suspect
	var doubles [parts]int
	var errs [parts]error
	next := make(chan int)
	for range h.Workers {
		wait.Go(func() {
			var s sorter
			for p := range next {
				var all []attempt
				all, doubles[p], errs[p] = h.attempts.part(p, &s)
				suspectsOf(all, h.accounts, func(s suspect) { ofPart[p] = append(ofPart[p], s) })
				ofPart[p] = slices.Clip(ofPart[p])
			}
		})
	}
	for p := range parts {
		if ctx.Err() != nil {
			break
		}
		next <- p
	}
	close(next)
	wait.Wait()
	h.suspects = slices.Concat(ofPart[:]...)
	for _, n := range doubles {
		h.doubles += n
	}
	if h.doubles > 0 {
		h.reject("the same attempt twice", int64(h.doubles))
	}
	return errors.Join(append(errs[:], ctx.Err())...)
}

func (h *hunting) reject(why string, n int64) {
	if h.result.Reasons == nil {
		h.result.Reasons = map[string]int64{}
	}
	h.result.Reasons[why] += n
	h.result.Rejected += n
}

// absent names the columns that would have said more.
func absent(have record.Columns) (names []string) {
	for _, c := range []struct {
		column record.Columns
		says   string
	}{
		{record.ContactColumn, "contact: who had accepted the caller is guessed from who answers"},
		{record.CallerPrint, "caller_print: client prints tie no accounts together"},
		{record.CallerNetwork, "caller_network: networks tie no accounts together"},
		{record.CallerAge, "caller_age_days: the age of accounts says nothing"},
		{record.RingMS, "ring_ms: the rhythm is known by its gaps only"},
		{record.TalkMS, "talk_ms: whoever answers is taken to have talked"},
		{record.CalleeCountry, "callee_country: where the targets are is not known"},
	} {
		if have&c.column == 0 {
			names = append(names, c.says)
		}
	}
	return names
}
