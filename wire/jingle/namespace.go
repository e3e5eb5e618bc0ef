package jingle

import "strings"

// bind takes the declarations of namespaces among the attributes into scope,
// Namespaces in XML §3.
func (s *scanner) bind(list []declared) error {
	for _, a := range list {
		prefix, ok := declares(a.raw)
		if !ok {
			continue
		}
		n := a.end - a.at
		switch {
		case prefix == "xmlns", a.value == nsXMLNS, (prefix == "xml") != (a.value == nsXML):
			return refuse("R18", a.from, len(a.raw), "Namespaces in XML §3", "a declaration of what is bound for good")
		case prefix != "" && a.value == "":
			return refuse("R18", a.from, len(a.raw), "Namespaces in XML §5", "a prefix that is taken out of scope")
		case len(a.value) > maxNamespace:
			return decline("R5", a.at, n, "RFC 6120 §13.12", "the name of a namespace of more than 256 bytes")
		case strings.ContainsFunc(a.value, func(r rune) bool { return !isToken(r) }):
			return decline("R17", a.at, n, "Namespaces in XML §2.2", "the name of a namespace with characters that no URI has")
		}
		s.scope = append(s.scope, binding{prefix, a.value})
	}
	return nil
}

// declares returns the prefix that an attribute declares, "" for the default
// namespace.
func declares(raw string) (prefix string, ok bool) {
	if raw == "xmlns" {
		return "", true
	}
	return strings.CutPrefix(raw, "xmlns:")
}

// resolve expands a name. The default namespace holds for elements and not for
// attributes, Namespaces in XML §6.2.
func (s *scanner) resolve(raw string, at int, element bool) (name, error) {
	prefix, local, ok := strings.Cut(raw, ":")
	if !ok {
		prefix, local = "", raw
	}
	switch {
	case prefix == "xml":
		return name{nsXML, local}, nil
	case prefix == "" && !element:
		return name{"", local}, nil
	}
	for i := len(s.scope) - 1; i >= 0; i-- {
		if s.scope[i].prefix == prefix {
			return name{s.scope[i].space, local}, nil
		}
	}
	if prefix == "" {
		return name{"", local}, nil
	}
	return name{}, refuse("R18", at, len(raw), "Namespaces in XML §5", "a prefix that is not declared")
}

// qualify expands the names of the attributes that declare nothing. No two may
// be the same, Namespaces in XML §6.3.
func (s *scanner) qualify(list []declared) (attributes []attribute, err error) {
	for _, d := range list {
		if _, ok := declares(d.raw); ok {
			continue
		}
		a := attribute{value: d.value, at: d.at, end: d.end}
		if a.name, err = s.resolve(d.raw, d.from, false); err != nil {
			return nil, err
		}
		for _, b := range attributes {
			if b.name == a.name {
				return nil, refuse("R18", d.from, len(d.raw), "Namespaces in XML §6.3", "an attribute that is there already under another prefix")
			}
		}
		attributes = append(attributes, a)
	}
	return attributes, nil
}
