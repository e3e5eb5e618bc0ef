package ios

import (
	"strings"
	"time"

	"github.com/ringfence/ringfence/acquisition/plist"
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	var paths []string
	for _, name := range []string{
		"EffectiveUserSettings.plist", "UserSettings.plist", "PublicEffectiveUserSettings.plist", "ProfileTruth.plist", "Truth.plist",
		"PayloadManifest.plist", "CloudConfigurationDetails.plist", "MDM.plist", "MDMOptions.plist",
	} {
		paths = append(paths, "**/MCState/*/"+name, "**/ConfigurationProfiles/"+name)
	}
	artifact.Register(artifact.Artifact{
		Name:  "ios.mc_state",
		Title: "Settings and restrictions in force, and who manages the phone",
		Kinds: anywhere,
		Paths: paths,
		Refs:  []string{"https://github.com/EC-DIGIT-CSIRC/sysdiagnose", "https://developer.apple.com/documentation/devicemanagement/restrictions"},
		Fields: [][2]string{
			{"setting", "the setting's name, with those of its groups"}, {"value", "its value"},
		},
		Parse: managedState,
	})
}

func managedState(s *artifact.Source, to *artifact.Sink) error {
	d, err := dictionary(s)
	if err != nil {
		return err
	}
	walkDictionaries(d, nil, func(path []string, inner plist.Dict) bool {
		for _, k := range sortedKeys(inner) {
			if _, deeper := inner[k].(plist.Dict); !deeper {
				managedSetting(append(path[:len(path):len(path)], k), inner[k], to)
			}
		}
		return true
	})
	return nil
}

func managedSetting(path []string, v any, to *artifact.Sink) {
	list, is := v.([]any)
	if is && len(list) > 0 {
		if _, deeper := list[0].(plist.Dict); deeper {
			return // its dictionaries are settings by themselves
		}
	}
	r := to.Record(artifact.Configured, time.Time{})
	name := strings.TrimSuffix(strings.Join(path, "."), ".value")
	r.Set("setting", name)
	r.Set("value", shownValue(v))
	observeSetting(r, path[len(path)-1], v)
	if strings.HasSuffix(name, "Profiles") {
		for _, id := range list {
			r.Observe(indicator.Profile, textOf(id))
		}
	}
	to.Emit()
}
