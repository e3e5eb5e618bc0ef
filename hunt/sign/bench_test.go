package sign

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ringfence/ringfence/hunt/record"
)

// BenchmarkExpand expands from fifty accounts, by an index that it makes first.
// RINGFENCE_EXPAND is a folder that ringfence simulate has made, with truth.json.
func BenchmarkExpand(b *testing.B) {
	dir := os.Getenv("RINGFENCE_EXPAND")
	if dir == "" {
		b.Skip("MISSING: records; make some with ringfence simulate and name their folder in RINGFENCE_EXPAND")
	}
	var truth struct {
		Campaigns []struct {
			Accounts []string
			Targets  []struct{ ID string }
		}
	}
	raw, err := os.ReadFile(filepath.Join(dir, "truth.json"))
	if err == nil {
		err = json.Unmarshal(raw, &truth)
	}
	if err != nil {
		b.Fatal(err)
	}
	accounts, targets := map[string]bool{}, map[string]bool{}
	var signs []Sign
	for _, c := range truth.Campaigns {
		for _, a := range c.Accounts {
			accounts[a] = true
			if len(signs) < 50 {
				signs = append(signs, Sign{Account, a})
			}
		}
		for _, t := range c.Targets {
			targets[t.ID] = true
		}
	}
	source, err := record.Open([]string{dir}, record.Options{})
	if err != nil {
		b.Fatal(err)
	}
	folder := b.TempDir()
	began := time.Now()
	built, err := Index(b.Context(), source, source.Paths(), Options{Folder: folder, Key: testKey})
	if err != nil {
		b.Fatal(err)
	}
	made := time.Since(began)
	for name, some := range map[string][]Sign{"50-accounts": signs, "1-account": signs[:1]} {
		b.Run(name, func(b *testing.B) {
			var r Expansion
			for b.Loop() {
				if r, err = Expand(b.Context(), source, source.Paths(), some, Options{Folder: folder, Key: testKey}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(built.Records)/1e6, "million-records")
			b.ReportMetric(made.Seconds(), "index-s")
			b.ReportMetric(float64(built.Bytes>>20), "index-MB")
			score(b, r, accounts, targets)
		})
	}
}

// score reports how much of the truth was found, and how much is of it.
func score(b *testing.B, r Expansion, accounts, targets map[string]bool) {
	share := func(name string, found []string, want map[string]bool) {
		hits := 0
		for _, id := range found {
			if want[id] {
				hits++
			}
		}
		b.ReportMetric(float64(hits)/float64(max(len(want), 1)), name+"-recall")
		b.ReportMetric(float64(hits)/float64(max(len(found), 1)), name+"-precision")
	}
	a, t := found(r)
	share("accounts", a, accounts)
	share("targets", t, targets)
}
