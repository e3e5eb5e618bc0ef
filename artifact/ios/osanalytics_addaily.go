package ios

import (
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.osanalytics_addaily",
		Title: "Processes and their use of the network, as analytics counts it",
		Kinds: anywhere,
		Paths: []string{"**/com.apple.osanalytics.addaily.plist"},
		Refs:  []string{"https://docs.mvt.re/en/latest/ios/records/", "https://github.com/KasperskyLab/triangle_check"},
		Fields: [][2]string{
			{"process", "name of the process"}, {"wifi_in", "bytes"}, {"wifi_out", "bytes"}, {"wwan_in", "bytes over the mobile network"}, {"wwan_out", "bytes over the mobile network"},
		},
		Parse: analyticsDaily,
	})
}

func analyticsDaily(s *artifact.Source, to *artifact.Sink) error {
	d, err := dictionary(s)
	if err != nil {
		return err
	}
	baseline := within(d, "netUsageBaseline")
	for _, process := range sortedKeys(baseline) {
		v, _ := baseline[process].([]any)
		if len(v) == 0 {
			to.Damage("netUsageBaseline: "+process, errNoList)
			continue
		}
		r := to.Record(artifact.Ran, timeOf(v[0]))
		r.Set("process", process)
		for i, name := range []string{"wifi_in", "wifi_out", "wwan_in", "wwan_out"} {
			if i+1 < len(v) {
				r.Set(name, numberOf(v[i+1]))
			}
		}
		r.Observe(indicator.Process, process)
		to.Emit()
	}
	return nil
}
