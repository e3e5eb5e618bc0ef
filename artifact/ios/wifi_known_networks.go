package ios

import (
	"strings"
	"time"

	"github.com/ringfence/ringfence/acquisition/plist"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.wifi_known_networks",
		Title: "Wireless networks that the phone knows",
		Kinds: anywhere,
		Paths: []string{"**/com.apple.wifi.known-networks.plist"},
		Refs:  []string{"https://github.com/EC-DIGIT-CSIRC/sysdiagnose", "https://github.com/abrignoni/iLEAPP"},
		Fields: [][2]string{
			{"network", "its name"}, {"added", "when it became known"}, {"joined_by_person", "when a person last chose it"},
			{"joined_by_phone", "when the phone last joined it by itself"}, {"updated", "when its entry last changed"}, {"reason", "why it was added"},
		},
		Parse: knownNetworks,
	})
}

func knownNetworks(s *artifact.Source, to *artifact.Sink) error {
	d, err := dictionary(s)
	if err != nil {
		return err
	}
	for _, key := range sortedKeys(d) {
		if network, ok := d[key].(plist.Dict); ok {
			knownNetwork(key, network, to)
		}
	}
	return nil
}

func knownNetwork(key string, network plist.Dict, to *artifact.Sink) {
	times := [][2]string{{"added", "AddedAt"}, {"joined_by_person", "JoinedByUserAt"}, {"joined_by_phone", "JoinedBySystemAt"}, {"updated", "UpdatedAt"}}
	var last time.Time
	for _, t := range times {
		if at := timeOf(network[t[1]]); at.After(last) {
			last = at
		}
	}
	r := to.Record(artifact.Configured, last)
	r.Set("network", firstNot(textOf(network["SSID"]), strings.TrimPrefix(key, "wifi.network.ssid.")))
	for _, t := range times {
		r.Set(t[0], timeOf(network[t[1]]))
	}
	r.Set("reason", textOf(network["AddReason"]))
	to.Emit()
}
