package ios

import (
	"bytes"
	"compress/gzip"
	"errors"
	"testing"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

// A packed log beyond the limit is read up to there, and the rest is told.
func TestPackedPowerlogTooLarge(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	zeros := make([]byte, 1<<20)
	for range maxUnpacked>>20 + 1 {
		if _, err := z.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	of := named(t, "ios.powerlog")
	var told []error
	to := artifact.NewSink(of, "log", func(*artifact.Record) { t.Error("a record") }, func(_ string, why error) { told = append(told, why) })
	err := of.Parse(&artifact.Source{File: acquisition.File{Path: "/logs/powerlogs/a.PLSQL.gz"}, Content: memory{bytes.NewReader(packed.Bytes())}}, to)
	if len(told) != 1 || !errors.Is(told[0], errUnpacked) || err == nil {
		t.Errorf("told %v, stopped by %v", told, err)
	}
}

func TestPowerClock(t *testing.T) {
	c := powerClock{{100, 5}, {200, -7.5}}
	for n, want := range map[float64]float64{50: 55, 100: 105, 199: 204, 200: 192.5, 900: 892.5} {
		if got := c.at(n); !got.Equal(unixTime(want)) {
			t.Errorf("%v: %v, want %v", n, got, unixTime(want))
		}
	}
	if !c.at(0).IsZero() || !powerClock(nil).at(7).Equal(unixTime(7)) {
		t.Error("no time, or no clock")
	}
}
