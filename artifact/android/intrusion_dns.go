package android

import (
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "android.intrusion_dns",
		Title: "Intrusion log: names that apps looked up",
		Kinds: intrusion,
		Paths: intrusionPaths,
		Refs:  intrusionRefs,
		Since: "Android 16",
		Fields: [][2]string{
			{"event", "dns; duplicates: how many events were left out because they stand in the log before"},
			{"id", "the event's number"},
			{"host", "the name"},
			{"addresses", "what it stood for"},
			{"package", "the app"},
			{"duplicates", "of duplicates: how many"},
		},
		Parse: intrusionEvents(dnsEvent, (*events).dns),
	})
}

func (s *events) dns() {
	r := s.record(artifact.Contacted, moment{})
	r.Set("event", "dns")
	var addresses list
	s.w.object(func(key []byte) {
		switch string(key) {
		case "event_id":
			r.Set("id", s.w.number())
		case "event_time":
			r.Time = eventTime(s.w.number())
		case "hostname":
			host := s.names.value(s.w.text())
			r.Set("host", host)
			r.Observe(indicator.Domain, host.(string))
		case "ip_addresses":
			s.w.list(func() {
				a := s.names.text(address(s.w.text()))
				addresses.add(a)
				r.Host(a)
			})
		case "package_name":
			pkg := s.names.value(s.w.text())
			r.Set("package", pkg)
			r.Observe(indicator.App, pkg.(string))
		}
	})
	r.Set("addresses", s.names.value([]byte(addresses.String())))
	if !s.w.bad {
		s.to.Emit()
	}
}
