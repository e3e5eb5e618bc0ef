package archive

import (
	"context"
	"sync"
	"testing"
	"time"
)

// BenchmarkExport moves 100,000 records of one hour, and says how long the
// store's writer was busy with it at most at a time: so long a call's record
// waits.
func BenchmarkExport(b *testing.B) {
	const records = 100_000
	for b.Loop() {
		b.StopTimer()
		dir := b.TempDir()
		s := openStore(b, dir)
		var adding sync.WaitGroup
		for w := range 64 {
			adding.Go(func() {
				for i := w; i < records; i += 64 {
					if err := s.AddRecord(context.Background(), attempt(first.Add(time.Duration(i)*time.Millisecond))); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		adding.Wait()
		e := exporter(b, s, dir)
		done, longest := make(chan bool), time.Duration(0)
		var waiting sync.WaitGroup
		waiting.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				began := time.Now()
				if err := s.AddRecord(context.Background(), attempt(first.Add(5*time.Hour))); err != nil {
					b.Error(err)
				}
				longest = max(longest, time.Since(began))
			}
		})
		b.StartTimer()
		export(b, e, first.Add(time.Hour), records)
		b.StopTimer()
		close(done)
		waiting.Wait()
		must(b, s.Close())
		b.ReportMetric(longest.Seconds()*1000, "longest-wait-ms")
		b.StartTimer()
	}
}
