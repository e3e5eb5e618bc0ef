package bench

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The hunt, on simulated records. RINGFENCE_RECORDS says how many, in millions
// ("10,100" unless set; "1000" is a billion and takes 20 GB); RINGFENCE_CALLS is a
// folder in which they are kept from one run to the next.

// truth is what simulate says of its campaigns.
type truth struct {
	Campaigns []struct {
		ID, Name string
		Accounts []string
		Targets  []struct{ ID string }
	}
	Lookalikes []struct {
		Kind     string
		Accounts []string
	}
}

type hunted struct {
	Campaigns []struct {
		Strength string
		Accounts []string
		Targets  []struct{ ID string }
	}
	Records int64
	Seconds float64
}

// simulated makes records, unless they are there.
func simulated(b *testing.B, name string, args ...string) string {
	b.Helper()
	root := os.Getenv("RINGFENCE_CALLS")
	if root == "" {
		root = b.TempDir()
	}
	dir := filepath.Join(root, name)
	if _, err := os.Stat(filepath.Join(dir, "truth.json")); err == nil {
		return dir
	}
	began := time.Now()
	if out, err := exec.Command(program(), append([]string{"simulate", "--out", dir}, args...)...).CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	b.Logf("%s: made in %s", name, time.Since(began).Round(time.Second))
	return dir
}

// sizes are the numbers of records, in millions.
func sizes(b *testing.B) (all []int) {
	list := os.Getenv("RINGFENCE_RECORDS")
	if list == "" {
		list = "10,100"
	}
	for _, s := range strings.Split(list, ",") {
		n, err := strconv.Atoi(s)
		if err != nil {
			b.Fatalf("RINGFENCE_RECORDS: %v", err)
		}
		all = append(all, n)
	}
	return all
}

// BenchmarkHunt is the whole hunt, by size, with the peer beside it: DuckDB
// counting the distinct callees of each caller, which is a part of it.
func BenchmarkHunt(b *testing.B) {
	for _, millions := range sizes(b) {
		b.Run(fmt.Sprintf("%d-million", millions), func(b *testing.B) {
			dir := simulated(b, fmt.Sprintf("speed-%d", millions), "--users", fmt.Sprint(millions*100_000), "--calls", fmt.Sprint(millions*1_000_000), "--days", "14", "--seed", "1", "--campaign", "missed-call-2019")
			for range b.N {
				r, wall, cpu, memory := huntIn(b, dir)
				s := scored(b, dir, r)
				b.ReportMetric(wall.Seconds(), "wall-s")
				b.ReportMetric(cpu.Seconds(), "cpu-s")
				b.ReportMetric(float64(memory>>20), "peak-MB")
				b.ReportMetric(s[0].recall, "recall")
				b.ReportMetric(s[0].precision, "precision")
				b.ReportMetric(float64(strongFalse(b, dir, r)), "strong-false")
				if peer := duckDB(b, dir); peer > 0 {
					b.ReportMetric(peer.Seconds(), "duckdb-s")
					b.ReportMetric(peer.Seconds()/wall.Seconds(), "times-faster")
				}
			}
		})
	}
}

// BenchmarkHuntQuality is how well each kind of campaign is found, over seeds
// that nobody has looked at while the hunt was made, with the spread.
func BenchmarkHuntQuality(b *testing.B) {
	const seeds = 5
	for _, kind := range []string{"missed-call-2019", "slow", "rotating", "blended", "mimic", "burst", "regional", "twin", "evade", "takeover", "none"} {
		b.Run(kind, func(b *testing.B) {
			var recall, precision, wrong []float64
			for seed := range seeds {
				dir := simulated(b, fmt.Sprintf("%s-%d", kind, seed), "--users", "300000", "--calls", "3000000", "--days", "14", "--seed", fmt.Sprint(90_001+seed), "--campaign", kind)
				r, _, _, _ := huntIn(b, dir)
				for _, s := range scored(b, dir, r) {
					recall, precision = append(recall, s.recall), append(precision, s.precision)
				}
				wrong = append(wrong, float64(strongFalse(b, dir, r)))
			}
			for name, all := range map[string][]float64{"recall": recall, "precision": precision, "strong-false": wrong} {
				if len(all) > 0 {
					b.ReportMetric(mean(all), name)
					b.ReportMetric(slices.Min(all), name+"-least")
					b.ReportMetric(slices.Max(all), name+"-most")
				}
			}
		})
	}
}

func huntIn(b *testing.B, dir string) (r hunted, wall, cpu time.Duration, memory int64) {
	b.Helper()
	c := exec.Command(program(), "hunt", dir, "--json", "--no-keep")
	var out, errs strings.Builder
	c.Stdout, c.Stderr = &out, &errs
	began := time.Now()
	err := c.Run()
	wall = time.Since(began)
	if code := c.ProcessState.ExitCode(); code != 0 && code != 3 {
		b.Fatalf("%v\n%s", err, errs.String())
	}
	if err := json.Unmarshal([]byte(out.String()), &r); err != nil {
		b.Fatal(err)
	}
	return r, wall, c.ProcessState.UserTime() + c.ProcessState.SystemTime(), peak(c.ProcessState)
}

type score struct{ recall, precision float64 }

// scored compares each true campaign with the found one that has most of it.
func scored(b *testing.B, dir string, r hunted) (all []score) {
	for _, c := range readTruth(b, dir).Campaigns {
		want := map[string]bool{}
		for _, t := range c.Targets {
			want[t.ID] = true
		}
		best := score{}
		for _, g := range r.Campaigns {
			hits := 0
			for _, t := range g.Targets {
				if want[t.ID] {
					hits++
				}
			}
			if got := float64(hits) / float64(len(want)); got > best.recall {
				best = score{got, float64(hits) / float64(len(g.Targets))}
			}
		}
		all = append(all, best)
	}
	return all
}

// strongFalse counts the strong campaigns most of whose accounts belong to none.
func strongFalse(b *testing.B, dir string, r hunted) (n int) {
	guilty := map[string]bool{}
	for _, c := range readTruth(b, dir).Campaigns {
		for _, a := range c.Accounts {
			guilty[a] = true
		}
	}
	for _, g := range r.Campaigns {
		hits := 0
		for _, a := range g.Accounts {
			if guilty[a] {
				hits++
			}
		}
		if g.Strength == "strong" && 2*hits < len(g.Accounts) {
			n++
		}
	}
	return n
}

func readTruth(b *testing.B, dir string) (t truth) {
	b.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "truth.json"))
	if err == nil {
		err = json.Unmarshal(raw, &t)
	}
	if err != nil {
		b.Fatal(err)
	}
	return t
}

func mean(all []float64) float64 {
	sum := 0.0
	for _, v := range all {
		sum += v
	}
	return sum / math.Max(1, float64(len(all)))
}

// duckDB runs the peer, when RINGFENCE_DUCKDB is a folder in which npm has put
// @duckdb/node-api; 0 when it is not there.
func duckDB(b *testing.B, dir string) time.Duration {
	home := os.Getenv("RINGFENCE_DUCKDB")
	if home == "" {
		b.Log("MISSING: the peer; install @duckdb/node-api with npm in a folder and name it in RINGFENCE_DUCKDB")
		return 0
	}
	files, err := filepath.Abs(filepath.Join(dir, "*.parquet"))
	if err != nil {
		b.Fatal(err)
	}
	c := exec.Command("node", "--input-type=module", "-e", `
import { DuckDBInstance } from '@duckdb/node-api';
const c = await (await DuckDBInstance.create(':memory:', { threads: '2' })).connect();
const began = performance.now();
const r = await c.runAndReadAll("SELECT count(*), max(n) FROM (SELECT caller, count(DISTINCT callee) n FROM read_parquet('`+filepath.ToSlash(files)+`') GROUP BY caller)");
r.getRows();
console.log((performance.now() - began) / 1000);`)
	c.Dir = home
	out, err := c.Output()
	if err != nil {
		b.Fatalf("DuckDB: %v", err)
	}
	seconds, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		b.Fatalf("DuckDB said %q", out)
	}
	return time.Duration(seconds * float64(time.Second))
}
