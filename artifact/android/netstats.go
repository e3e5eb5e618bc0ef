package android

import (
	"strconv"
	"strings"
	"time"

	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "android.netstats",
		Title: "Traffic of each app's user id",
		Kinds: dumps,
		Paths: dumpsys("netstats"),
		Refs:  []string{"https://developer.android.com/reference/android/app/usage/NetworkStats.Bucket", "https://android.googlesource.com/platform/frameworks/base/+/refs/heads/android11-release/core/java/android/net/NetworkStatsHistory.java"},
		Fields: [][2]string{
			{"uid", "the app's user id"},
			{"set", "DEFAULT (in the background), FOREGROUND or another"},
			{"tag", "what the app marked the traffic as; 0x0: nothing"},
			{"received", "bytes"},
			{"sent", "bytes"},
			{"last", "beginning of the last interval with traffic; the record's time is the first's"},
		},
		Parse: parseNetStats,
	})
}

// flow is one history's sum.
type flow struct {
	place
	uid, set, tag  string
	received, sent int64
	first, last    int64 // seconds
}

// parseNetStats sums up histories,
//
//	ident=[{...}] uid=10085 set=DEFAULT tag=0x0
//	  NetworkStatsHistory: bucketDuration=7200
//	    st=1562000000 rb=100 rp=1 tb=50 tp=1 op=0
func parseNetStats(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	var f *flow
	flush := func() {
		if f != nil && f.first > 0 {
			f.emit(d)
		}
		f = nil
	}
	for line := range d.lines() {
		text := strings.TrimSpace(line)
		if strings.HasPrefix(text, "ident=") {
			flush()
			if uid := value(text, "uid="); uid != "" && uid != "-1" {
				f = &flow{place: d.place(), uid: uid, set: value(text, "set="), tag: value(text, "tag=")}
			}
			continue
		}
		if f != nil && strings.HasPrefix(text, "st=") {
			f.add(text)
		}
	}
	flush()
	return d.end()
}

func (f *flow) add(text string) {
	number := func(key string) int64 {
		n, _ := strconv.ParseInt(value(text, key), 10, 64)
		return n
	}
	st := number("st=")
	if f.first == 0 || st < f.first {
		f.first = st
	}
	f.last = max(f.last, st)
	f.received += number("rb=")
	f.sent += number("tb=")
}

func (f *flow) emit(d *dump) {
	r := d.recordAt(f.place, artifact.Contacted, at(netTime(f.first)))
	r.Set("uid", whole(f.uid))
	r.Set("set", f.set)
	r.Set("tag", f.tag)
	r.Set("received", f.received)
	r.Set("sent", f.sent)
	r.Set("last", netTime(f.last))
	d.to.Emit()
}

// netTime reads an interval's beginning: seconds, in old versions milliseconds.
func netTime(n int64) time.Time {
	if n > 1e11 {
		return unixMilli(n)
	}
	return unix(n)
}
