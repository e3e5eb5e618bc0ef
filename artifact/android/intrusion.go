package android

import (
	"bytes"
	"errors"
	"hash/maphash"
	"time"

	"github.com/ringfence/ringfence/artifact"
)

// Android's intrusion log is a text of one JSON object a line, each an event
// of one of three kinds. Three artifacts read the same file; each looks at a
// line's first name and goes into its own only.
const (
	dnsEvent      = "dns_event"
	connectEvent  = "connect_event"
	securityEvent = "security_event"
)

var intrusionRefs = []string{
	"https://developer.android.com/privacy-and-security/advanced-protection-mode",
	"https://developer.android.com/reference/android/app/admin/NetworkEvent",
}

// Names of logs may keep the folders of the archive that they came in.
var intrusionPaths = []string{"/intrusion_logs/*", "/intrusion_logs/*/*", "/intrusion_logs/*/*/*"}

// events reads the events of one kind in an intrusion log.
type events struct {
	*dump
	w      walk
	names  interned
	seed   maphash.Seed
	seen   map[uint64]struct{}
	double int64
	first  place
}

// maxSeen bounds what is remembered to tell repeated events. Behind it they are
// given again, not left out.
const maxSeen = 1_500_000

var errJSON = errors.New("no line of JSON")

// intrusionEvents makes a Parse of the events of one kind. The same event may
// stand in the log several times, for exports overlap: it is given once, and a
// last record says how many were left out.
func intrusionEvents(kind string, event func(*events)) func(*artifact.Source, *artifact.Sink) error {
	return func(src *artifact.Source, to *artifact.Sink) error {
		s := &events{dump: newDump(src, to), names: interned{}, seed: maphash.MakeSeed(), seen: map[uint64]struct{}{}}
		name := []byte(`"` + kind + `"`)
		for line := range s.raw() {
			if !concerns(line, name, kind) {
				continue
			}
			s.object(line, kind, event)
		}
		if s.double > 0 {
			r := s.recordAt(s.first, artifact.Named, moment{})
			r.Set("event", "duplicates")
			r.Set("duplicates", s.double)
			to.Emit()
		}
		return s.end()
	}
}

// concerns tells whether a line holds an event of this kind. What holds none
// that is known belongs to the security events.
func concerns(line, name []byte, kind string) bool {
	if len(line) > 2+len(name) && line[0] == '{' && bytes.Equal(line[1:1+len(name)], name) {
		return true
	}
	if bytes.Contains(line, name) {
		return true
	}
	return kind == securityEvent && len(bytes.TrimSpace(line)) > 0 &&
		!bytes.Contains(line, []byte(`"`+dnsEvent+`"`)) && !bytes.Contains(line, []byte(`"`+connectEvent+`"`))
}

// object reads the events of this kind in one line.
func (s *events) object(line []byte, kind string, event func(*events)) {
	hash := maphash.Bytes(s.seed, line)
	if _, again := s.seen[hash]; again {
		if s.double++; s.double == 1 {
			s.first = s.place()
		}
		return
	}
	if len(s.seen) < maxSeen {
		s.seen[hash] = struct{}{}
	}
	s.w = walk{b: line}
	known := false
	s.w.object(func(key []byte) {
		known = known || string(key) == dnsEvent || string(key) == connectEvent || string(key) == securityEvent
		if string(key) == kind {
			event(s)
		}
	})
	switch {
	case s.w.bad:
		s.faults.add(s.where(), errJSON)
	case !known:
		s.faults.add(s.where(), errors.New("an event of a kind that is not known"))
	}
}

// eventTime reads a time in seconds, milli-, micro- or nanoseconds: network
// events count in milliseconds, security events in nanoseconds.
func eventTime(n int64) time.Time {
	switch {
	case n <= 0:
		return time.Time{}
	case n >= 1e17:
		return time.Unix(0, n).UTC()
	case n >= 1e14:
		return time.UnixMicro(n).UTC()
	case n >= 1e11:
		return time.UnixMilli(n).UTC()
	}
	return time.Unix(n, 0).UTC()
}

// address takes the name off an address that Java writes, "host/192.0.2.1".
func address(b []byte) []byte { return b[bytes.LastIndexByte(b, '/')+1:] }
