package ios

import (
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.global_preferences",
		Title: "Settings of the whole phone, Lockdown Mode among them",
		Kinds: inPhone,
		Paths: []string{"**/Library/Preferences/.GlobalPreferences.plist"},
		Refs:  []string{"https://support.apple.com/en-us/105120", "https://docs.mvt.re/en/latest/ios/records/"},
		Fields: [][2]string{
			{"name", "the setting"}, {"value", "its value"}, {"lockdown_mode", "of the setting LDMGlobalEnabled: Lockdown Mode is on"},
		},
		Parse: globalPreferences,
	})
}

func globalPreferences(s *artifact.Source, to *artifact.Sink) error {
	d, err := dictionary(s)
	if err != nil {
		return err
	}
	for _, name := range sortedKeys(d) {
		r := to.Record(artifact.Configured, s.Modified)
		r.Set("name", name)
		r.Set("value", shownValue(d[name]))
		if name == "LDMGlobalEnabled" {
			r.Set("lockdown_mode", numberOf(d[name]) != 0)
		}
		to.Emit()
	}
	return nil
}
