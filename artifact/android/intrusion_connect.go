package android

import (
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "android.intrusion_connect",
		Title: "Intrusion log: addresses that apps connected to",
		Kinds: intrusion,
		Paths: intrusionPaths,
		Refs:  intrusionRefs,
		Since: "Android 16",
		Fields: [][2]string{
			{"event", "connect; duplicates: how many events were left out because they stand in the log before"},
			{"id", "the event's number"},
			{"address", "the other end"},
			{"port", "its TCP port"},
			{"package", "the app"},
			{"duplicates", "of duplicates: how many"},
		},
		Parse: intrusionEvents(connectEvent, (*events).connect),
	})
}

func (s *events) connect() {
	r := s.record(artifact.Contacted, moment{})
	r.Set("event", "connect")
	s.w.object(func(key []byte) {
		switch string(key) {
		case "event_id":
			r.Set("id", s.w.number())
		case "event_time":
			r.Time = eventTime(s.w.number())
		case "ip_address":
			a := s.names.value(address(s.w.text()))
			r.Set("address", a)
			r.Host(a.(string))
		case "port":
			r.Set("port", s.w.number())
		case "package_name":
			pkg := s.names.value(s.w.text())
			r.Set("package", pkg)
			r.Observe(indicator.App, pkg.(string))
		}
	})
	if !s.w.bad {
		s.to.Emit()
	}
}
