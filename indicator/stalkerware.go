package indicator

import (
	"fmt"

	"go.yaml.in/yaml/v4"
)

// family is one product of a list of stalkerware
// (https://github.com/AssoEchap/stalkerware-indicators, ioc.yaml).
type family struct {
	Name         string      `yaml:"name"`
	Packages     []yaml.Node `yaml:"packages"`
	Certificates []yaml.Node `yaml:"certificates"`
	Websites     []yaml.Node `yaml:"websites"`
	Distribution []yaml.Node `yaml:"distribution"`
	C2           struct {
		IPs     []yaml.Node `yaml:"ips"`
		Domains []yaml.Node `yaml:"domains"`
	} `yaml:"c2"`
}

// maxYAML bounds a YAML file, which is held as a tree, in bytes.
const maxYAML = 32 << 20

// stalkerware reads a list of families.
func (l *List) stalkerware(data []byte) {
	l.Format = "stalkerware"
	if len(data) > maxYAML {
		l.refuse("", "", fmt.Errorf("YAML of %d bytes, at most %d", len(data), maxYAML))
		return
	}
	var all []yaml.Node
	if err := yaml.Unmarshal(data, &all); err != nil {
		l.refuse("", "", err)
		return
	}
	for i := range all {
		var f family
		if err := all[i].Decode(&f); err != nil {
			l.refuse(fmt.Sprintf("line %d", all[i].Line), f.Name, err)
			continue
		}
		l.family(f)
	}
}

func (l *List) family(f family) {
	for _, part := range []struct {
		nodes []yaml.Node
		typ   Type
	}{{f.Packages, App}, {f.Certificates, 0}, {f.Websites, Domain}, {f.Distribution, Domain}, {f.C2.IPs, IPv4}, {f.C2.Domains, Domain}} {
		for _, n := range part.nodes {
			id, t := fmt.Sprintf("line %d", n.Line), part.typ
			if t == 0 {
				t = hashLength(n.Value, CertMD5, CertSHA1, CertSHA256)
			}
			if n.Kind != yaml.ScalarNode || n.Value == "" || t == 0 {
				l.refuse(id, n.Value, fmt.Errorf("no value of its kind under %s", f.Name))
				continue
			}
			l.add(Indicator{Type: t, Value: n.Value, Malware: f.Name, ID: id})
		}
	}
}
