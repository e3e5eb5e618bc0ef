package android

import (
	"hash/maphash"
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "android.usage_stats",
		Title: "Apps that were used, and events of the last day",
		Kinds: dumps,
		Paths: dumpsys("usagestats"),
		Refs:  []string{"https://developer.android.com/reference/android/app/usage/UsageEvents.Event", "https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/services/usage/java/com/android/server/usage/UserUsageStatsService.java"},
		Fields: [][2]string{
			{"event", "ACTIVITY_RESUMED, NOTIFICATION_INTERRUPTION, DEVICE_STARTUP, ...; usage: the sum of an interval"},
			{"package", "the app"},
			{"class", "its component"},
			{"total", "of usage: time in front, as written"},
			{"launches", "of usage: how often it was started"},
			{"reason", "of a change of its standby bucket: why"},
			{"clock", "the time as written, where its form is not known"},
			{"user", "the Android user"},
		},
		Parse: parseUsageStats,
	})
}

// parseUsageStats reads events,
// `time="2026-03-01 14:22:10" type=ACTIVITY_RESUMED package=com.a class=com.a.B`,
// and sums, `package=com.a totalTime="02:15" lastTime="2026-03-01 14:00:00"`.
// The same event may stand in several intervals; it is given once.
func parseUsageStats(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	seen, seed := map[uint64]bool{}, maphash.MakeSeed()
	user := ""
	for line := range d.lines() {
		text := strings.TrimSpace(line)
		if u, found := strings.CutPrefix(text, "user="); found {
			user = u
			continue
		}
		event := strings.HasPrefix(text, `time="`)
		if !event && !(strings.HasPrefix(text, "package=") && strings.Contains(text, ` lastTime`)) {
			continue
		}
		if key := maphash.String(seed, user+" "+text); !seen[key] {
			if len(seen) < maxChanges {
				seen[key] = true
			}
			emitUsage(d, text, user, event)
		}
	}
	return d.end()
}

func emitUsage(d *dump, text, user string, event bool) {
	when := quoted(text, `time="`)
	name := value(text, "type=")
	if !event {
		name, when = "usage", quoted(text, `lastTime="`)
		if when == "" {
			when = quoted(text, `lastTimeUsed="`)
		}
	}
	pkg := value(text, "package=")
	at := d.local(when)
	r := d.record(artifact.Ran, at)
	r.Set("event", name)
	r.Set("package", pkg)
	r.Set("class", value(text, "class="))
	if !event {
		r.Set("total", quoted(text, `totalTime="`)+quoted(text, `totalTimeUsed="`))
		if n := value(text, "appLaunchCount="); n != "" {
			r.Set("launches", whole(n))
		}
	}
	r.Set("reason", value(text, "reason="))
	if at.IsZero() {
		r.Set("clock", when)
	}
	r.Set("user", user)
	r.Observe(indicator.App, pkg)
	d.to.Emit()
}

// quoted returns what follows a key up to the next quote; key has the first.
func quoted(text, key string) string {
	_, after, found := strings.Cut(" "+text, " "+key)
	v, _, ended := strings.Cut(after, `"`)
	if !found || !ended {
		return ""
	}
	return v
}
