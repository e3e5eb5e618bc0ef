package android

import (
	"strings"
	"time"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "android.battery_history",
		Title: "Jobs, wakelocks, apps in front and installations, from the battery's history",
		Kinds: dumps,
		Paths: dumpsys("batterystats"),
		Refs:  []string{"https://developer.android.com/topic/performance/power/setup-battery-historian", "https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/core/java/android/os/BatteryStats.java"},
		Fields: [][2]string{
			{"event", "job, sync, alarm, wake_lock, longwake, top, fg, proc, pkginst, pkgunin, pkgactive, pkginactive or tmpwhitelist"},
			{"on", "it began; false: it ended; absent: it has no end"},
			{"package", "the app that it names"},
			{"text", "what was noted, as written"},
			{"uid", "user id that it was done for"},
			{"after", "time since the history's beginning, or the clock, as written"},
		},
		Parse: parseBatteryHistory,
	})
}

// https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/core/java/android/os/BatteryStats.java HISTORY_EVENT_NAMES
var historyEvents = map[string]bool{
	"job": true, "sync": true, "alarm": true, "wake_lock": true, "longwake": true, "top": true, "fg": true, "proc": true,
	"pkginst": true, "pkgunin": true, "pkgactive": true, "pkginactive": true, "tmpwhitelist": true,
}

// parseBatteryHistory reads lines of
//
//	+1h26m18s315ms (2) 095 +top=u0a280:"com.a" -job=u0a94:"com.b/.Job"
//
// which count from the line "0 (19) RESET:TIME: 2022-01-04-17-30-01", or newer
// ones that begin with a clock, "01-04 18:56:19.315 095 +top=...".
func parseBatteryHistory(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	var begin moment
	inside := false
	names := interned{}
	for line := range d.raw() {
		text := string(line)
		if strings.HasPrefix(strings.TrimSpace(text), "Battery History") {
			inside, begin = true, moment{}
			continue
		}
		if inside && text == "" || !inside {
			inside = false
			continue
		}
		text = strings.TrimLeft(text, " ")
		after, rest, _ := strings.Cut(text, " ")
		passed := sinceReset(after)
		if _, clock, found := strings.Cut(rest, "TIME: "); found {
			if t := d.local(clock); !t.IsZero() {
				begin = moment{t.Add(-passed), t.local}
			}
			continue
		}
		when := begin
		if !begin.IsZero() {
			when.Time = begin.Add(passed)
		}
		if len(after) == len("01-02") && after[2] == '-' {
			clock, events, _ := strings.Cut(rest, " ")
			after, rest = after+" "+clock, events
			when = d.yearless(after)
		}
		for rest != "" {
			rest = historyEvent(d, rest, after, when, names)
		}
	}
	return d.end()
}

// historyEvent reads the next event of a line, `+job=u0a94:"com.b/.Job"`, and
// returns what follows it.
func historyEvent(d *dump, rest, after string, when moment, names interned) string {
	quote := strings.IndexByte(rest, '"')
	if quote < 0 {
		return ""
	}
	head, tail := rest[:quote], rest[quote+1:]
	text, tail, found := strings.Cut(tail, `"`)
	if !found {
		tail = ""
	}
	event := head[strings.LastIndexByte(head, ' ')+1:]
	event, uid, _ := strings.Cut(strings.TrimSuffix(event, ":"), "=")
	name := strings.TrimLeft(event, "+-")
	if !historyEvents[name] {
		return tail
	}
	r := d.record(artifact.Ran, when)
	if strings.HasPrefix(name, "pkginst") || strings.HasPrefix(name, "pkgunin") {
		r.Act = artifact.Installed
	}
	r.Set("event", names.value([]byte(name)))
	if event != name {
		r.Set("on", event[0] == '+')
	}
	pkg := packageIn(text)
	r.Set("package", names.value([]byte(pkg)))
	r.Set("text", names.value([]byte(text)))
	r.Set("uid", names.value([]byte(uid)))
	r.Set("after", after)
	r.Observe(indicator.App, pkg)
	d.to.Emit()
	return tail
}

// sinceReset reads "+2d3h26m18s315ms"; what is none is 0.
func sinceReset(text string) time.Duration {
	var total time.Duration
	n := 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		unit := time.Duration(0)
		switch {
		case c >= '0' && c <= '9':
			if n = n*10 + int(c-'0'); n > 1e9 {
				return 0
			}
			continue
		case c == '+' && i == 0:
			continue
		case c == 'd':
			unit = 24 * time.Hour
		case c == 'h':
			unit = time.Hour
		case c == 'm' && strings.HasPrefix(text[i:], "ms"):
			unit = time.Millisecond
			i++
		case c == 'm':
			unit = time.Minute
		case c == 's':
			unit = time.Second
		default:
			return 0
		}
		if n > 100_000 {
			return 0
		}
		total += time.Duration(n) * unit
		n = 0
	}
	return total
}
