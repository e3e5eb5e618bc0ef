package ios

import (
	"strings"

	"github.com/ringfence/ringfence/acquisition/plist"
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.mc_settings_events",
		Title: "Settings that were changed, when and by which program",
		Kinds: anywhere,
		Paths: []string{"**/MCState/*/MCSettingsEvents.plist", "**/ConfigurationProfiles/MCSettingsEvents.plist"},
		Refs:  []string{"https://github.com/EC-DIGIT-CSIRC/sysdiagnose"},
		Fields: [][2]string{
			{"setting", "the setting's name, with those of its groups"}, {"event", "what was done to it"}, {"process", "program that did it"},
			{"sender", "what it did it for"}, {"value", "the setting's new value"},
		},
		Parse: settingsEvents,
	})
}

func settingsEvents(s *artifact.Source, to *artifact.Sink) error {
	d, err := dictionary(s)
	if err != nil {
		return err
	}
	walkDictionaries(d, nil, func(path []string, event plist.Dict) bool {
		if event["timestamp"] == nil {
			return true
		}
		r := to.Record(artifact.Configured, timeOf(event["timestamp"]))
		r.Set("setting", strings.Join(path, "."))
		r.Set("event", textOf(event["event"]))
		r.Set("process", textOf(event["process"]))
		r.Set("sender", textOf(event["sender"]))
		if v := event["value"]; v != nil {
			r.Set("value", shownValue(v))
		}
		r.Observe(indicator.Process, textOf(event["process"]))
		to.Emit()
		return false
	})
	return nil
}
