package live

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ringfence/ringfence/bus"
	"github.com/ringfence/ringfence/hunt/record"
)

// BenchmarkLive is what one core takes in: a campaign among people.
func BenchmarkLive(b *testing.B) {
	w := newWorld(1)
	w.people(200_000, 600_000)
	w.group(attack, 200_000)
	all := w.sort()
	d := New(Options{})
	b.ReportAllocs()
	b.ResetTimer()
	round := int64(0)
	for i := 0; b.Loop(); i++ {
		if i == len(all) {
			i, round = 0, round+int64(span)
		}
		r := all[i]
		r.Time += round
		d.Add(r)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkRunner is the same through JetStream on one machine, its server in the
// process and its files on the disk, from the first record until all are counted.
func BenchmarkRunner(b *testing.B) {
	w := newWorld(1)
	w.people(200_000, 600_000)
	w.group(attack, 200_000)
	all := w.sort()
	for b.Loop() {
		one, err := bus.Open(bus.Options{Name: "bench", Dir: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		r, err := Start(b.Context(), one, Spread{Encode: record.AppendJSON, Decode: record.ParseJSON})
		if err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		for some := range slices.Chunk(all, 10_000) {
			if err := r.Add(b.Context(), some...); err != nil {
				b.Fatal(err)
			}
		}
		added := time.Since(began)
		for {
			_, complete, err := r.Counts(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			if complete {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		b.ReportMetric(float64(len(all))/added.Seconds(), "added/s")
		b.ReportMetric(float64(len(all))/time.Since(began).Seconds(), "records/s")
		r.Stop()
		one.Close()
	}
}

// BenchmarkFlood is what one core takes in of an attacker who makes up a new
// account, print and network for each call.
func BenchmarkFlood(b *testing.B) {
	d, at := New(Options{}), start
	for i := 0; b.Loop(); i++ {
		at += int64(time.Millisecond)
		d.Add(record.Record{
			Time: at, Call: fmt.Sprint("c", i), Caller: fmt.Sprint("made up ", i), Callee: fmt.Sprint("nobody ", i%50_000), CallerPrint: fmt.Sprint("p", i), CallerVersion: "1",
			CallerNetwork: fmt.Sprint("AS", i), Outcome: record.Missed, Contact: record.Stranger, CallerAge: record.NoAge,
		})
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
