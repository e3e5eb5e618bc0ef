package heuristic

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/artifact"
)

// bootArtifacts are logs that note when the phone was started.
var bootArtifacts = []string{"ios.container_manager", "ios.mobile_installation", "ios.lockdownd", "ios.mobile_activation", "ios.powerlog"}

// bootRefs compare the starts of a phone with its log of shutdowns.
var bootRefs = []string{
	"https://iverify.io/blog/key-iocs-for-pegasus-and-predator-spyware-cleaned-with-ios-26-update",
	"https://securelist.com/shutdown-log-lightweight-ios-malware-detection-method/111734/",
}

// starts gathers when the phone was started and when it was shut down.
type starts struct {
	boots     []time.Time
	shutdowns []time.Time
	boot      *artifact.Record // the first one
	shutdown  *artifact.Record
	clients   int // programs that the log of shutdowns names
	empty     *artifact.Record
}

func (s *starts) watch(r *artifact.Record) {
	switch {
	case r.Artifact == "ios.shutdown_log":
		s.clients++
		if text(r, "event") == "sigterm" && !r.Time.IsZero() && len(s.shutdowns) < maxEvents {
			s.shutdowns = append(s.shutdowns, r.Time)
			earlier(&s.shutdown, r)
		}
	case r.Artifact == "ios.file_system":
		if strings.HasSuffix(text(r, "path"), "/diagnostics/shutdown.log") && r.Get("size") != nil && r.Int("size") == 0 {
			s.empty = r.Clone()
		}
	case text(r, "event") == "boot" && !r.Time.IsZero() && len(s.boots) < maxEvents:
		s.boots = append(s.boots, r.Time)
		earlier(&s.boot, r)
	}
}

// earlier keeps the record with the earlier time.
func earlier(kept **artifact.Record, r *artifact.Record) {
	if *kept == nil || r.Time.Before((*kept).Time) {
		*kept = r.Clone()
	}
}

// times sorts the starts; several logs note the same one.
func (s *starts) times() (boots, shutdowns []time.Time) {
	once := func(all []time.Time) []time.Time {
		slices.SortFunc(all, time.Time.Compare)
		return slices.CompactFunc(all, func(a, b time.Time) bool { return b.Sub(a).Abs() < 5*time.Minute })
	}
	return once(s.boots), once(s.shutdowns)
}

// dayOf writes the day of a number of seconds since 1970.
func dayOf(unix int64) string { return day(time.Unix(unix, 0)) }

// span writes when something began and ended.
func span(all []time.Time) string {
	if len(all) == 0 {
		return "never"
	}
	return fmt.Sprintf("from %s to %s", day(all[0]), day(all[len(all)-1]))
}
