// Package indicator reads published signs of attacks - STIX 2.1, MISP, the YAML
// of stalkerware lists, plain lists - and finds them in what an examination
// observed. Matching costs the same for ten indicators and for ten million.
package indicator

import (
	"slices"
	"time"
)

// Type is what an indicator, or a value that was observed, is.
type Type uint8

// The types; in text they are named as in STIX 2.1 where it has a name.
const (
	Domain     Type = iota + 1 // "domain-name"; a host, with or without its sub-domains
	IPv4                       // "ipv4-addr"; an address or a CIDR
	IPv6                       // "ipv6-addr"
	URL                        // "url"
	Email                      // "email-addr"
	Process                    // "process"; a name, or the path it was started from
	FileName                   // "file-name"
	FilePath                   // "file-path"; absolute on the device
	MD5                        // "file-md5", hex
	SHA1                       // "file-sha1"
	SHA256                     // "file-sha256"
	App                        // "app-id"; bundle id or package name
	CertMD5                    // "app-cert-md5", hex of the signing certificate
	CertSHA1                   // "app-cert-sha1"
	CertSHA256                 // "app-cert-sha256"
	Profile                    // "configuration-profile-id"
	Property                   // "android-property"; "name" or "name=value"
)

// Indicator is one published sign.
type Indicator struct {
	Type    Type
	Value   string // as published; of a compound pattern: the whole pattern
	Pattern string // the STIX pattern it came from; empty when it came from a list
	Malware string // what it is a sign of: "Pegasus"
	Source  string // the collection it came from: "pegasus.stix2"
	ID      string // of the published object
	// ValidFrom and ValidUntil are as published; zero when not. A match outside
	// is still a match and says so.
	ValidFrom, ValidUntil time.Time
}

// Observable is a typed value that a record holds.
type Observable struct {
	Type  Type   `json:"type"`
	Value string `json:"value"`
}

// Match is an indicator that was found among observables.
type Match struct {
	Indicator  Indicator
	Observable int    // index of what matched; of a compound pattern the first that took part
	How        string // what kind of match it was, for people: "sub-domain of the indicator"
}

var typeNames = [...]string{"", "domain-name", "ipv4-addr", "ipv6-addr", "url", "email-addr", "process", "file-name", "file-path",
	"file-md5", "file-sha1", "file-sha256", "app-id", "app-cert-md5", "app-cert-sha1", "app-cert-sha256", "configuration-profile-id", "android-property"}

// String names the type as in JSON, "domain-name"; "" when it is none.
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return ""
}

// ParseType reads a type's name; 0 when there is none of that name.
func ParseType(name string) Type {
	if i := slices.Index(typeNames[:], name); i > 0 {
		return Type(i)
	}
	return 0
}
