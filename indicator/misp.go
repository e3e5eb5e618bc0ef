package indicator

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// mispTypes are the types of attributes that are indicators
// (https://www.misp-project.org/datamodels/). Of a pair "name|hash" the hash is
// the indicator; of "host|port" the host.
var mispTypes = map[string]Type{
	"domain": Domain, "hostname": Domain, "ip-src": IPv4, "ip-dst": IPv4, "url": URL, "uri": URL,
	"md5": MD5, "sha1": SHA1, "sha256": SHA256, "filename": FileName,
	"email": Email, "email-src": Email, "email-dst": Email, "email-reply-to": Email, "target-email": Email, "whois-registrant-email": Email,
	"mobile-application-id": App, "x509-fingerprint-md5": CertMD5, "x509-fingerprint-sha1": CertSHA1, "x509-fingerprint-sha256": CertSHA256,
}

// attribute is one of MISP's (https://www.misp-standard.org, core format).
type attribute struct {
	Type    string `json:"type"`
	Value   string `json:"value"`
	UUID    string `json:"uuid"`
	ToIDS   *bool  `json:"to_ids"`
	Deleted bool   `json:"deleted"`
}

// misp reads an event, a list of events or attributes, or what the API of a MISP
// server answers with.
func (l *List) misp(data []byte) {
	l.mispPart(data, "", 0)
}

const maxWrapping = 8

// mispPart reads one part: an object that wraps others, or a list of them.
func (l *List) mispPart(data []byte, info string, depth int) {
	if depth > maxWrapping {
		l.refuse("", "", fmt.Errorf("events are nested more than %d deep", maxWrapping))
		return
	}
	var many []json.RawMessage
	if json.Unmarshal(data, &many) == nil {
		for _, one := range many {
			l.mispPart(one, info, depth+1)
		}
		return
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		l.refuse("", string(data[:min(len(data), 100)]), err)
		return
	}
	if _, ok := members["value"]; ok {
		l.mispAttribute(data, info)
		return
	}
	var own string
	if json.Unmarshal(members["info"], &own) == nil && own != "" {
		info = own
	}
	isKnown := own != ""
	for _, name := range []string{"response", "Event", "Attribute", "Object"} {
		if part, ok := members[name]; ok {
			l.mispPart(part, info, depth+1)
			isKnown = true
		}
	}
	if !isKnown {
		l.refuse("", string(data[:min(len(data), 100)]), errors.New("neither an event nor an attribute"))
	}
}

func (l *List) mispAttribute(data []byte, info string) {
	var a attribute
	if err := json.Unmarshal(data, &a); err != nil {
		l.refuse(a.UUID, a.Value, err)
		return
	}
	switch {
	case a.Deleted:
		l.refuse(a.UUID, a.Value, errors.New("deleted by who published it"))
		return
	case a.ToIDS != nil && !*a.ToIDS:
		l.refuse(a.UUID, a.Value, errors.New("not meant for detection: its to_ids is false"))
		return
	}
	found, err := mispValue(a.Type, a.Value)
	if err != nil {
		l.refuse(a.UUID, a.Value, err)
	}
	for _, ind := range found {
		ind.ID, ind.Malware = a.UUID, info
		l.add(ind)
	}
}

// mispValue gives the indicators of an attribute: two of "domain|ip".
func mispValue(typ, value string) ([]Indicator, error) {
	if t, ok := mispTypes[typ]; ok {
		return []Indicator{{Type: t, Value: value}}, nil
	}
	first, second, pair := strings.Cut(value, "|")
	kind, of, _ := strings.Cut(typ, "|")
	switch {
	case !pair:
	case typ == "domain|ip":
		return []Indicator{{Type: Domain, Value: first}, {Type: IPv4, Value: second}}, nil
	case of == "port":
		if t := mispTypes[kind]; t != 0 {
			return []Indicator{{Type: t, Value: first}}, nil
		}
	case typ == "malware-sample":
		return []Indicator{{Type: MD5, Value: second}}, nil
	case kind == "filename" && mispTypes[of].hashSize() > 0:
		return []Indicator{{Type: mispTypes[of], Value: second}}, nil
	}
	return nil, fmt.Errorf("type %q is none that records have", typ)
}
