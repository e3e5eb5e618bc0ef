package record

import (
	"bytes"
	"context"
	"io"
	"testing"
)

// BenchmarkRead reads two million records, as the first pass of a hunt does.
func BenchmarkRead(b *testing.B) {
	const n = 2 << 20
	var out bytes.Buffer
	records := some(n)
	write(b, &out, Parquet, records)
	path := put(b, b.TempDir(), "a.parquet", out.Bytes())
	out.Reset()
	write(b, &out, JSONLines, records[:n/10])
	lines := put(b, b.TempDir(), "a.jsonl", out.Bytes())
	for _, one := range []struct {
		name, path string
		want       Columns
	}{
		{"hunt", path, ContactColumn | RingMS},
		{"all but texts", path, All &^ (Call | Caller | Callee)},
		{"all", path, All},
		{"lines", lines, All},
	} {
		b.Run(one.name, func(b *testing.B) {
			var read int64
			for b.Loop() {
				f, err := Open([]string{one.path}, Options{})
				if err != nil {
					b.Fatal(err)
				}
				stats, err := f.Read(context.Background(), Reading{Want: one.want, Visit: func(int, *Batch) error { return nil }})
				if err != nil || len(stats.Unread) > 0 {
					b.Fatal(stats, err)
				}
				read += stats.Records
			}
			b.ReportMetric(float64(read)/b.Elapsed().Seconds()/1e6, "Mrecords/s")
		})
	}
}

func BenchmarkWrite(b *testing.B) {
	records := some(groupSize)
	for name, format := range map[string]Format{"parquet": Parquet, "jsonl": JSONLines, "csv": CSV} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				write(b, io.Discard, format, records)
			}
			b.ReportMetric(float64(len(records))*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrecords/s")
		})
	}
}
