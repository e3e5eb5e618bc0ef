package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// BenchmarkHuntExpand is what is tied to fifty known accounts, by size: the time
// that the query itself takes, that of the whole command, and the index that is
// made on first use.
func BenchmarkHuntExpand(b *testing.B) {
	for _, millions := range sizes(b) {
		b.Run(fmt.Sprintf("%d-million", millions), func(b *testing.B) {
			dir := simulated(b, fmt.Sprintf("speed-%d", millions), "--users", fmt.Sprint(millions*100_000), "--calls", fmt.Sprint(millions*1_000_000), "--days", "14", "--seed", "1", "--campaign", "missed-call-2019")
			t := readTruth(b, dir)
			known := filepath.Join(b.TempDir(), "known")
			accounts := t.Campaigns[0].Accounts
			if err := os.WriteFile(known, []byte(strings.Join(accounts[:min(50, len(accounts))], "\n")), 0o600); err != nil {
				b.Fatal(err)
			}
			var index struct{ Bytes int64 }
			answer(b, nil, "hunt", "index", dir, "--forget")
			b.ReportMetric(answer(b, &index, "hunt", "index", dir, "--json").Seconds(), "index-s")
			b.ReportMetric(float64(index.Bytes>>20), "index-MB")
			for range b.N {
				var r struct {
					Seconds float64
					Targets []struct{ ID string }
				}
				b.ReportMetric(answer(b, &r, "hunt", dir, "--json", "--from", "account:@"+known).Seconds(), "wall-s")
				b.ReportMetric(r.Seconds, "query-s")
				want, hits := map[string]bool{}, 0
				for _, t := range t.Campaigns[0].Targets {
					want[t.ID] = true
				}
				for _, t := range r.Targets {
					if want[t.ID] {
						hits++
					}
				}
				b.ReportMetric(float64(hits)/float64(len(want)), "recall")
				b.ReportMetric(float64(hits)/float64(len(r.Targets)), "precision")
			}
			answer(b, nil, "hunt", "index", dir, "--forget")
		})
	}
}

// answer runs a command and reads what it says into a value.
func answer(b *testing.B, to any, args ...string) time.Duration {
	b.Helper()
	c := exec.Command(program(), args...)
	began := time.Now()
	out, err := c.Output()
	took := time.Since(began)
	if code := c.ProcessState.ExitCode(); code != 0 && code != 3 {
		b.Fatalf("%v: %v\n%s", args, err, out)
	}
	if to != nil {
		if err := json.Unmarshal(out, to); err != nil {
			b.Fatal(err)
		}
	}
	return took
}
