package heuristic

import (
	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	Register(Heuristic{
		Name:      "h.lockdown_mode",
		Title:     "Whether Lockdown Mode was on",
		Artifacts: []string{"ios.global_preferences"},
		Refs:      []string{"https://support.apple.com/en-us/105120"},
		New: func(acquisition.Device) Watcher {
			return bounded(func(r *artifact.Record) (Finding, bool) {
				on, told := lockdown(r)
				if !told {
					return Finding{}, false
				}
				f := Finding{Severity: artifact.Info, Title: "Lockdown Mode is on",
					Explanation: "The phone takes away what attacks use most, such as complex attachments and web technologies. Known attacks without a click failed against it."}
				if !on {
					f.Severity, f.Title = artifact.Low, "Lockdown Mode was set and is off"
					f.Explanation = "Somebody has switched it on and off again, or declined it. It is no sign of an attack. People at risk should switch it on."
					f.Next = "When the acquisition is safely kept and you may be a target, switch Lockdown Mode on (Settings, Privacy & Security)."
				}
				return f, true
			})
		},
	})
}

// lockdown reads the setting LDMGlobalEnabled.
func lockdown(r *artifact.Record) (on, told bool) {
	on, told = r.Get("lockdown_mode").(bool)
	return on, told
}
