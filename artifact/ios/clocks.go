package ios

import (
	"math"
	"time"
)

// Clocks of the databases of a phone.
var (
	macEpoch    = time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	webKitEpoch = time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
)

// macTime is a time in seconds since 2001 (Core Foundation), or in nanoseconds
// since then where the number is that large; zero for 0 and for what no time is.
func macTime(n float64) time.Time {
	if math.Abs(n) > 1e14 {
		n /= 1e9
	}
	return since(macEpoch, n)
}

// macNanos is macTime for a whole number, to its last nanosecond.
func macNanos(n int64) time.Time {
	if n > 1e14 || n < -1e14 {
		return time.Unix(macEpoch+n/1e9, n%1e9).UTC()
	}
	return macTime(float64(n))
}

// unixTime is a time in seconds since 1970.
func unixTime(n float64) time.Time { return since(0, n) }

// webKitTime is a time in microseconds since 1601, as Chromium keeps it.
func webKitTime(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(webKitEpoch+n/1e6, n%1e6*1e3).UTC()
}

// unixMicros is a time in microseconds since 1970, as Firefox keeps it.
func unixMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

func since(epoch int64, n float64) time.Time {
	if n == 0 || math.IsNaN(n) || math.Abs(n) > 1e11 {
		return time.Time{}
	}
	whole, part := math.Modf(n)
	return time.Unix(epoch+int64(whole), int64(math.Round(part*1e6))*1e3).UTC()
}
