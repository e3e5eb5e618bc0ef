package artifact

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/ringfence/ringfence/indicator"
)

// Act is what a record says happened. A link that was received, a site that was
// visited and a process that ran are three different things, and a finding
// says which.
type Act string

// The acts.
const (
	Received   Act = "received"   // a message, mail or call came in
	Sent       Act = "sent"       // or went out
	Visited    Act = "visited"    // a page was opened by a browser, or loaded by one
	Contacted  Act = "contacted"  // the network was used: a name resolved, an address connected to
	Ran        Act = "ran"        // a process was running, crashed, or used the network
	Present    Act = "present"    // a file is or was there
	Installed  Act = "installed"  // an app or profile was installed, updated or removed
	Configured Act = "configured" // a setting, permission or grant
	Named      Act = "named"      // something was named in passing: a contact, a look-up, a calendar
)

// Where is the place a record was read from.
type Where struct {
	File   string `json:"file"`             // stored path in the acquisition
	Device string `json:"device,omitempty"` // where that file stood on the phone
	Table  string `json:"table,omitempty"`  // of a database; section of a dump
	Row    int64  `json:"row,omitempty"`    // rowid, or line from 1
	Offset int64  `json:"offset,omitempty"` // bytes from the file's beginning; 0 when not known
}

// Field is one named value of a record: nil, bool, int64, float64, string or
// time.Time.
type Field struct {
	Name  string
	Value any
}

// Record is one thing an artifact says.
type Record struct {
	Artifact string
	Act      Act
	Time     time.Time // when it happened, UTC; zero when not known
	// Local says that the device wrote Time without a zone and none is known:
	// it is then the device's own clock, set down as if it were UTC.
	Local bool
	Where Where
	// Recovered says where a deleted row was still found ("free page", "older
	// WAL frame", "unused part of a page"); empty for a live one.
	Recovered   string
	Fields      []Field
	Observables []indicator.Observable
	Unresolved  []string // short links, whose target nobody asked for
}

// Clone returns a copy that may be kept.
func (r *Record) Clone() *Record {
	c := *r
	c.Fields = append([]Field(nil), r.Fields...)
	c.Observables = append([]indicator.Observable(nil), r.Observables...)
	c.Unresolved = append([]string(nil), r.Unresolved...)
	return &c
}

// Set adds a field. A zero time and an empty string are left out.
func (r *Record) Set(name string, value any) {
	switch v := value.(type) {
	case nil:
		return
	case string:
		if v == "" {
			return
		}
	case time.Time:
		if v.IsZero() {
			return
		}
	case int:
		value = int64(v)
	}
	r.Fields = append(r.Fields, Field{name, value})
}

// Get returns a field's value; nil when there is none.
func (r *Record) Get(name string) any {
	for i := range r.Fields {
		if r.Fields[i].Name == name {
			return r.Fields[i].Value
		}
	}
	return nil
}

// Text returns a field as text; empty when there is none.
func (r *Record) Text(name string) string {
	switch v := r.Get(name).(type) {
	case nil:
		return ""
	case string:
		return v
	default:
		return fmt.Sprint(v)
	}
}

// Int returns a field as a number; 0 when it is none.
func (r *Record) Int(name string) int64 {
	switch v := r.Get(name).(type) {
	case int64:
		return v
	case float64:
		return int64(v)
	}
	return 0
}

// Observe adds a typed value that indicators are compared with; empty ones are
// left out.
func (r *Record) Observe(t indicator.Type, value string) {
	if value != "" {
		r.Observables = append(r.Observables, indicator.Observable{Type: t, Value: value})
	}
}

// Link observes one web address that stands alone: a history's entry, a tab.
func (r *Record) Link(url string) { r.Observe(indicator.URL, url) }

// Links observes every link in free text: with a scheme, without one, and
// defanged. Short links are listed as unresolved.
func (r *Record) Links(text string) {
	for link := range indicator.Links(text) {
		r.Observe(indicator.URL, link)
		if indicator.IsShortened(link) {
			r.Unresolved = append(r.Unresolved, link)
		}
	}
}

// Host observes a host name or an address.
func (r *Record) Host(host string) {
	host = strings.Trim(host, "[]")
	switch a, err := netip.ParseAddr(host); {
	case err != nil:
		r.Observe(indicator.Domain, host)
	case a.Unmap().Is4():
		r.Observe(indicator.IPv4, a.Unmap().String())
	default:
		r.Observe(indicator.IPv6, a.WithZone("").String())
	}
}
