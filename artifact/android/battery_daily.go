package android

import (
	"slices"
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "android.battery_daily",
		Title: "Updates and removals of apps, by day, from the battery's statistics",
		Kinds: dumps,
		Paths: dumpsys("batterystats"),
		Refs:  []string{"https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/core/java/android/os/BatteryStats.java", "https://developer.android.com/topic/performance/power/setup-battery-historian"},
		Fields: [][2]string{
			{"action", "update, uninstall (version 0) or downgrade"},
			{"package", "the app"},
			{"version_code", "its version afterwards; 0: removed"},
			{"previous_version_code", "of a downgrade: the version before"},
			{"to", "end of the day; the record's time is its beginning"},
			{"times", "how often the day has the same change"},
		},
		Parse: parseBatteryDaily,
	})
}

// change is one app's change on one day.
type change struct {
	place
	from, to moment
	pkg      string
	version  int64
	before   int64 // the version that was higher; 0: none
	times    int
}

const maxChanges = 200_000

// parseBatteryDaily reads the days' "Package changes:". The days stand newest
// first, so a downgrade shows only when all were read.
func parseBatteryDaily(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	var changes []*change
	same := map[change]*change{}
	var from, until moment
	for line := range d.lines() {
		text := strings.TrimSpace(line)
		if days, found := strings.CutPrefix(text, "Daily from "); found {
			a, b, _ := strings.Cut(strings.TrimSuffix(days, ":"), " to ")
			from, until = d.local(a), d.local(b)
			continue
		}
		if t, found := strings.CutPrefix(text, "Current start time: "); found {
			from, until = d.local(t), moment{}
			continue
		}
		update, found := strings.CutPrefix(text, "Update ")
		pkg, version, ok := strings.Cut(update, " vers=")
		n, isNumber := digits([]byte(version))
		if !found || !ok || !isNumber {
			continue
		}
		key := change{from: from, to: until, pkg: pkg, version: n}
		if c := same[key]; c != nil {
			c.times++
			continue
		}
		if len(changes) == maxChanges {
			d.to.Damage(d.section, errMany)
			break
		}
		c := key
		c.place, c.times = d.place(), 1
		same[key] = &c
		changes = append(changes, &c)
	}
	downgrades(changes)
	for _, c := range changes {
		c.emit(d)
	}
	return d.end()
}

// downgrades marks the changes to a lower version than the app had before.
func downgrades(changes []*change) {
	byDay := slices.Clone(changes)
	slices.SortStableFunc(byDay, func(a, b *change) int { return a.from.Compare(b.from.Time) })
	last := map[string]int64{}
	for _, c := range byDay {
		if before := last[c.pkg]; c.version != 0 && before > c.version {
			c.before = before
		}
		last[c.pkg] = c.version
	}
}

func (c *change) emit(d *dump) {
	action := "update"
	switch {
	case c.version == 0:
		action = "uninstall"
	case c.before > 0:
		action = "downgrade"
	}
	r := d.recordAt(c.place, artifact.Installed, c.from)
	r.Set("action", action)
	r.Set("package", c.pkg)
	r.Set("version_code", c.version)
	if c.before > 0 {
		r.Set("previous_version_code", c.before)
	}
	r.Set("to", c.to.Time)
	r.Set("times", c.times)
	r.Observe(indicator.App, c.pkg)
	d.to.Emit()
}
