package heuristic

import (
	"fmt"
	"time"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

// oldPatch is how old security patches may be before it is said.
const oldPatch = 183 * 24 * time.Hour

func init() {
	Register(Heuristic{
		Name:      "h.patch_level",
		Title:     "Security patches that are more than half a year old",
		Artifacts: []string{"android.getprop", "android.aqf_getprop", "android.aqf_acquisition", "android.dumpstate_header"},
		Refs:      []string{"https://source.android.com/docs/security/bulletin", "https://docs.mvt.re/en/latest/android/methodology/"},
		New: func(d acquisition.Device) Watcher {
			var taken time.Time
			if d.Taken != nil {
				taken = *d.Taken
			}
			var patched *artifact.Record
			return Rule{
				OnRecord: func(r *artifact.Record, _ Report) {
					// The system clock of the examiner is not asked: a report must
					// come out the same next year.
					if r.Time.After(taken) {
						taken = r.Time
					}
					if text(r, "name") == "ro.build.version.security_patch" {
						patched = r.Clone()
					}
				},
				OnEnd: func(report Report) { patchAge(patched, taken, report) },
			}
		},
	})
}

func patchAge(patched *artifact.Record, taken time.Time, report Report) {
	if patched == nil {
		return
	}
	at, err := time.Parse("2006-01-02", text(patched, "value"))
	if err != nil || (!taken.IsZero() && taken.Sub(at) < oldPatch) {
		return
	}
	f := Finding{Severity: artifact.Low, Record: patched,
		Title:       fmt.Sprintf("The phone's security patches are of %s, %d months before the acquisition", day(at), int(taken.Sub(at).Hours()/24/30)),
		Explanation: "Holes that were closed since then are open on this phone, and attacks that use them are known. It is no sign of an attack: many phones get no updates any more.",
		Next:        "After this acquisition is safely kept, update the phone. If no updates come any more, think of replacing it."}
	if taken.IsZero() {
		f.Severity, f.Title = artifact.Info, fmt.Sprintf("The phone's security patches are of %s; when the acquisition was made is not known", day(at))
	}
	report(f)
}
