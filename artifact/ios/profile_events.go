package ios

import (
	"fmt"

	"github.com/ringfence/ringfence/acquisition/plist"
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.profile_events",
		Title: "Configuration profiles that were installed or removed",
		Kinds: anywhere,
		Paths: []string{"**/ConfigurationProfiles/MCProfileEvents.plist", "**/MCState/*/MCProfileEvents.plist"},
		Refs:  []string{"https://docs.mvt.re/en/latest/ios/records/"},
		Fields: [][2]string{
			{"profile", "the profile's identifier"}, {"operation", "what was done: install, remove, update"}, {"process", "program that did it"},
			{"*", "what else the event says"},
		},
		Parse: profileEvents,
	})
}

func profileEvents(s *artifact.Source, to *artifact.Sink) error {
	d, err := dictionary(s)
	if err != nil {
		return err
	}
	events, _ := d["ProfileEvents"].([]any)
	for i, v := range events {
		event, ok := v.(plist.Dict)
		if !ok {
			to.Damage(fmt.Sprintf("ProfileEvents %d", i), errNoDictionary)
			continue
		}
		for _, id := range sortedKeys(event) {
			profileEvent(id, within(event, id), to)
		}
	}
	return nil
}

func profileEvent(id string, what plist.Dict, to *artifact.Sink) {
	r := to.Record(artifact.Installed, timeOf(what["timestamp"]))
	r.Set("profile", id)
	r.Set("operation", textOf(what["operation"]))
	r.Set("process", textOf(what["process"]))
	r.Observe(indicator.Profile, id)
	r.Observe(indicator.Process, textOf(what["process"]))
	for _, k := range sortedKeys(what) {
		if k != "timestamp" && k != "operation" && k != "process" {
			r.Set(k, shownValue(what[k]))
		}
	}
	to.Emit()
}
