package bench

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/hunt"
	"github.com/ringfence/ringfence/hunt/live"
	"github.com/ringfence/ringfence/hunt/record"
)

// The live hunt, on simulated records in the order of their times.
// RINGFENCE_RECORDS says how many, in millions ("3" unless set); RINGFENCE_SEEDS which worlds, those
// that nobody looked at while the hunt was made unless it is set.

// BenchmarkHuntLive feeds a detector on one core, and says of each campaign how
// many of its targets it had reached when it was found, and of everything else
// what it was taken for.
func BenchmarkHuntLive(b *testing.B) {
	seeds := strings.Split(cmp.Or(os.Getenv("RINGFENCE_SEEDS"), "90001,90002,90003,90004,90005"), ",")
	kinds := map[string]string{"missed-call-2019": "missed-call-2019", "others": "slow,rotating,blended,mimic,burst,regional,twin,evade,takeover", "none": "none"}
	millions := []int{3}
	if os.Getenv("RINGFENCE_RECORDS") != "" {
		millions = sizes(b)
	}
	for _, millions := range millions {
		for _, name := range slices.Sorted(maps.Keys(kinds)) {
			for _, seed := range seeds {
				b.Run(fmt.Sprintf("%s/%d-million/seed-%s", name, millions, seed), func(b *testing.B) {
					dir := simulated(b, fmt.Sprintf("live-%s-%d-%s", name, millions, seed), "--users", fmt.Sprint(millions*100_000), "--calls", fmt.Sprint(millions*1_000_000), "--days", "14", "--seed", seed, "--campaign", kinds[name])
					for range b.N {
						watchLive(b, dir)
					}
				})
			}
		}
	}
}

// observed is what is known of a hunt that goes on.
type observed struct {
	truth   truth
	of      map[string]int           // account -> its campaign
	reached []map[string]bool        // by campaign, the targets so far
	opened  []int                    // by campaign, of how many targets it was found; 0: not
	held    []int                    // by campaign, of how many targets its calls were held back: moderate or strong
	worst   map[string]hunt.Strength // of what is none, by id: the most it was taken for
}

func watchLive(b *testing.B, dir string) {
	o := &observed{truth: readTruth(b, dir), of: map[string]int{}, worst: map[string]hunt.Strength{}}
	n := len(o.truth.Campaigns)
	o.reached, o.opened, o.held = make([]map[string]bool, n), make([]int, n), make([]int, n)
	targets := make([]map[string]bool, len(o.truth.Campaigns))
	for i, c := range o.truth.Campaigns {
		o.reached[i], targets[i] = map[string]bool{}, map[string]bool{}
		for _, a := range c.Accounts {
			o.of[a] = i
		}
		for _, t := range c.Targets {
			targets[i][t.ID] = true
		}
	}
	files, err := record.Open([]string{dir}, record.Options{})
	if err != nil {
		b.Fatal(err)
	}
	before := heap()
	d := live.New(live.Options{})
	wall, busy, some := time.Duration(0), time.Duration(0), []record.Record(nil)
	stats, err := files.Read(b.Context(), record.Reading{Want: record.All, Workers: 1, Visit: func(_ int, batch *record.Batch) error {
		some = some[:0]
		for i := range batch.N {
			some = append(some, batch.Record(i, files.Dictionary()))
		}
		began, used := time.Now(), processorTime()
		for i := range some {
			r := &some[i]
			if c, ok := o.of[r.Caller]; ok && targets[c][r.Callee] {
				o.reached[c][r.Callee] = true
			}
			for _, e := range d.Add(*r) {
				o.take(e)
			}
		}
		wall, busy = wall+time.Since(began), busy+processorTime()-used
		return nil
	}})
	if err != nil {
		b.Fatal(err)
	}
	some = nil
	b.ReportMetric(float64(heap()-before)/(1<<20), "state-MB")
	b.ReportMetric(float64(stats.Records)/wall.Seconds(), "records/s")
	b.ReportMetric(float64(stats.Records)/max(busy, 1).Seconds(), "records/cpu-s") // with the collector's part
	say("%d records, %+v", stats.Records, d.Counts())
	o.report(b, d.Campaigns())
}

// say writes a line; of what a benchmark logs, ten are shown.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, "    "+format+"\n", args...) }

// heap is what is in use, in bytes.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// whose is the campaign that most accounts are of; -1: none.
func (o *observed) whose(accounts []string) int {
	n := map[int]int{}
	for _, a := range accounts {
		if c, ok := o.of[a]; ok {
			n[c]++
		}
	}
	for c, k := range n {
		if 2*k >= len(accounts) {
			return c
		}
	}
	return -1
}

func (o *observed) take(e live.Event) {
	if e.Kind == live.Closed {
		return
	}
	switch c := o.whose(e.Campaign.Accounts); {
	case c < 0:
		if order[e.Campaign.Strength] > order[o.worst[e.Campaign.ID]] {
			o.worst[e.Campaign.ID] = e.Campaign.Strength
		}
	default:
		if o.opened[c] == 0 {
			o.opened[c] = len(o.reached[c])
		}
		if o.held[c] == 0 && e.Campaign.Strength != hunt.Weak {
			o.held[c] = len(o.reached[c])
		}
	}
}

var order = map[hunt.Strength]int{hunt.Weak: 1, hunt.Moderate: 2, hunt.Strong: 3}

// report says how each campaign was found in the end, and what else was.
func (o *observed) report(b *testing.B, found []hunt.Campaign) {
	kindOf := map[string]string{}
	for _, l := range o.truth.Lookalikes {
		for _, a := range l.Accounts {
			kindOf[a] = l.Kind
		}
	}
	for i, c := range o.truth.Campaigns {
		accounts, right, targets, strengths := map[string]bool{}, map[string]bool{}, map[string]bool{}, []string{}
		for _, f := range found {
			if o.whose(f.Accounts) != i {
				continue
			}
			strengths = append(strengths, string(f.Strength))
			for _, a := range f.Accounts {
				accounts[a] = true
			}
			for _, t := range f.Targets {
				targets[t.ID] = true
			}
		}
		for _, a := range c.Accounts {
			if accounts[a] {
				right[a] = true
			}
		}
		hits := 0
		for _, t := range c.Targets {
			if targets[t.ID] {
				hits++
			}
		}
		say("%s %s: opened at target %d, held back from %d; %d of %d accounts and %d that are none; %d of %d targets and %d that are none; %v", c.ID, c.Name, o.opened[i], o.held[i],
			len(right), len(c.Accounts), len(accounts)-len(right), hits, len(c.Targets), len(targets)-hits, strengths)
		if c.Name == "missed-call-2019" {
			b.ReportMetric(float64(o.held[i]), "held-from-target")
			b.ReportMetric(float64(o.opened[i]), "opened-at-target")
			b.ReportMetric(float64(hits)/float64(len(c.Targets)), "recall")
			b.ReportMetric(float64(hits)/float64(max(len(targets), 1)), "precision")
		}
	}
	strong, ever := 0, 0
	for _, f := range found {
		if o.whose(f.Accounts) >= 0 {
			continue
		}
		kinds := map[string]int{}
		for _, a := range f.Accounts {
			kinds[cmp.Or(kindOf[a], "people")]++
		}
		if f.Strength == hunt.Strong {
			strong++
		}
		say("%s is none: %s, %v, %d targets; %s; against: %s", f.ID, f.Strength, kinds, len(f.Targets), f.Features[0].Name, strings.Join(f.Against, "; "))
	}
	for _, s := range o.worst {
		if s == hunt.Strong {
			ever++
		}
	}
	b.ReportMetric(float64(strong), "strong-false")
	b.ReportMetric(float64(ever), "strong-false-ever")
	say("%d that are none were opened at some time, %d of them strong", len(o.worst), ever)
}
