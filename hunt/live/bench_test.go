package live

import "testing"

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
