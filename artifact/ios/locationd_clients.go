package ios

import (
	"time"

	"github.com/ringfence/ringfence/acquisition/plist"
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.locationd_clients",
		Title: "Programs that asked for the phone's location",
		Kinds: inPhone,
		Paths: []string{"**/Library/Caches/locationd/clients.plist", "**/locationd/clients.plist"},
		Refs:  []string{"https://docs.mvt.re/en/latest/ios/records/", "https://securelist.com/operation-triangulation/109842/"},
		Fields: [][2]string{
			{"client", "as the location service names it"}, {"bundle", "the app's identifier"}, {"path", "of its bundle"}, {"executable", "path of its program"},
			{"registered", "path with which it registered"}, {"authorization", "2 never, 3 always, 4 while in use"}, {"started", "when it last began"}, {"stopped", "when it last ended"},
			{"last_used", "what the time of the record is: the key of the latest time"},
		},
		Parse: locationClients,
	})
}

// locationTimes are keys of times; in some versions of iOS only some are there.
var locationTimes = []string{
	"BeaconRegionTimeStarted", "BeaconRegionTimeStopped", "ConsumptionPeriodBegin", "FenceTimeStarted", "FenceTimeStopped", "LocationTimeStarted",
	"LocationTimeStopped", "ReceivingLocationInformationTimeStopped", "SignificantTimeStarted", "SignificantTimeStopped", "VisitTimeStarted", "VisitTimeStopped",
}

func locationClients(s *artifact.Source, to *artifact.Sink) error {
	d, err := dictionary(s)
	if err != nil {
		return err
	}
	for _, name := range sortedKeys(d) {
		if client, ok := d[name].(plist.Dict); ok {
			locationClient(name, client, to)
		}
	}
	return nil
}

func locationClient(name string, client plist.Dict, to *artifact.Sink) {
	var at time.Time
	last := ""
	for _, k := range locationTimes {
		if t := timeOf(client[k]); t.After(at) {
			at, last = t, k
		}
	}
	r := to.Record(artifact.Ran, at)
	bundle := textOf(client["BundleId"])
	r.Set("client", name)
	r.Set("bundle", bundle)
	for _, f := range [][2]string{{"path", "BundlePath"}, {"executable", "Executable"}, {"registered", "Registered"}} {
		path := textOf(client[f[1]])
		r.Set(f[0], path)
		observeProgram(r, path)
	}
	if v := client["Authorization"]; v != nil {
		r.Set("authorization", numberOf(v))
	}
	r.Set("started", timeOf(client["LocationTimeStarted"]))
	r.Set("stopped", timeOf(client["LocationTimeStopped"]))
	r.Set("last_used", last)
	r.Observe(indicator.Process, name)
	r.Observe(indicator.App, bundle)
	to.Emit()
}
