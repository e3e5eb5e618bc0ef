package indicator

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Set is a compiled set of indicators. It may be used from several goroutines.
// The zero Set, and nil, hold none.
//
// How it compares:
//   - A host matches itself and its sub-domains, in any case, with a port or
//     user-info, as Unicode or punycode. One that was published with "www."
//     matches only with and without it. A host with a path is a link.
//   - A link matches as a place: http, https and no scheme are the same, and so
//     are a scheme's own port and none, any case of the host, and any encoding of
//     a character. One that was published with a slash at its end, or without a
//     path, matches what is below it, too; any other only itself.
//   - An address matches in any form of it; a CIDR what it holds.
//   - A process matches by base name. A name that a system cut at 16 bytes
//     matches every longer name that begins so.
//   - A path matches itself and what is below it; /private/var is /var. A
//     relative one matches at the end of a path.
//   - Hashes, certificates, e-mail addresses and apps match in any case;
//     profiles, properties and names of files only as they are.
type Set struct {
	entries   *entries
	kinds     [256]bool // kinds of keys that there are
	bits4     []int     // lengths of the CIDRs
	bits6     []int
	compounds []*compound
	triggers  uint32 // types of observables for which some compounds must be judged
	count     int
}

// Len is the number of indicators.
func (s *Set) Len() int {
	if s == nil {
		return 0
	}
	return s.count
}

func (s *Set) addBits(is4 bool, n int) {
	list := &s.bits6
	if is4 {
		list = &s.bits4
	}
	if !slices.Contains(*list, n) {
		*list = append(*list, n)
	}
}

// Match appends to dst the indicators that are found among the observables of
// one record, each once. It allocates nothing when there is no match, but for
// hosts that are not in ASCII.
func (s *Set) Match(dst []Match, record []Observable) []Match {
	if s == nil || s.count == 0 {
		return dst
	}
	m := matcher{s: s, dst: dst, start: len(dst)}
	types := uint32(0)
	for i := range record {
		m.at = i
		types |= 1 << record[i].Type
		m.observable(record[i].Type, record[i].Value)
	}
	if len(m.hits) > 0 || types&s.triggers != 0 {
		m.judge(record, types)
	}
	return m.dst
}

// matcher is one call of Match.
type matcher struct {
	s     *Set
	dst   []Match
	start int
	at    int // which observable
	hits  []hit
}

func (m *matcher) observable(t Type, v string) {
	switch t {
	case Domain:
		m.host(splitURL(v).host, "the host itself")
	case IPv4, IPv6:
		if a, ok := parseAddress(strings.Trim(v, "[]")); ok {
			m.address(a)
		}
	case URL:
		m.link(v)
	case Email:
		m.email(v)
	case Process:
		m.process(v)
	case FilePath:
		m.path(v)
		m.try(keyName, baseName(v), "name of the file", "")
		m.try(keyTail, baseName(v), "end of the path", v)
	case FileName:
		m.try(keyName, baseName(v), "name of the file", "")
	case App:
		m.lower(keyApp, v, "app")
	case Profile:
		m.try(keyProfile, v, "profile", "")
	case Property:
		m.try(keyProperty, v, "property", "")
		if name, _, ok := strings.Cut(v, "="); ok {
			m.try(keyProperty, name, "property, whatever its value", "")
		}
	case MD5, SHA1, SHA256, CertMD5, CertSHA1, CertSHA256:
		var buf [32]byte
		if key, ok := appendHash(buf[:0], v, t.hashSize()); ok {
			m.tryBytes(keyHash+byte(t), key, "hash", "")
		}
	}
}

func (m *matcher) try(kind byte, key, how, context string) {
	if m.s.kinds[kind] && key != "" && len(key) <= maxValue {
		var buf [256]byte
		m.tryBytes(kind, append(buf[:0], key...), how, context)
	}
}

// tryBytes takes the indicators of a key. What context is depends on the kind:
// the labels before a host, the components after a path, the whole path.
func (m *matcher) tryBytes(kind byte, key []byte, how, context string) {
	if !m.s.kinds[kind] {
		return
	}
	e := m.s.entries
	for off := e.find(kind, key); off >= 0; {
		en := e.at(off)
		if off = en.prev; !fits(en, context) {
			continue
		}
		ind := e.indicator(en)
		if kind == keyTail && !hasTail(context, ind.Value) {
			continue
		}
		m.take(en, ind, how)
	}
}

// fits tells whether an entry of the right key matches what was around it.
func fits(en entry, context string) bool {
	switch {
	case en.flags&onlyWWW != 0:
		return context == "" || context == "www." || strings.HasSuffix(context, ".www.")
	case en.kind == keyPath && en.typ == Process: // a program, and no folder
		return context == ""
	}
	return true
}

// hasTail tells whether a path ends in the components of a relative one.
func hasTail(path, tail string) bool {
	tail = strings.TrimSuffix(strings.Trim(strings.TrimPrefix(tail, "~/"), "/"), "/")
	before, ok := strings.CutSuffix(strings.TrimRight(path, "/"), tail)
	return ok && (before == "" || strings.HasSuffix(before, "/"))
}

// take notes a match, once.
func (m *matcher) take(en entry, ind Indicator, how string) {
	if en.flags&isHidden != 0 {
		pattern, leaf, _ := strings.Cut(ind.Source, ":")
		p, _ := strconv.ParseUint(pattern, 10, 31)
		l, _ := strconv.ParseUint(leaf, 10, 31)
		if p < uint64(len(m.s.compounds)) && l < uint64(len(m.s.compounds[p].order)) { // else it is a mark
			m.hits = append(m.hits, hit{int(p), int(l), m.at})
		}
		return
	}
	m.give(Match{Indicator: ind, Observable: m.at, How: how})
}

func (m *matcher) give(found Match) {
	for i := m.start; i < len(m.dst); i++ {
		if m.dst[i].Indicator == found.Indicator {
			return
		}
	}
	m.dst = append(m.dst, found)
}

// judge evaluates the compound patterns that this record may satisfy.
func (m *matcher) judge(record []Observable, types uint32) {
	for i, c := range m.s.compounds {
		var hits []hit
		for _, h := range m.hits {
			if h.compound == i {
				hits = append(hits, h)
			}
		}
		if len(hits) == 0 && c.types&types == 0 {
			continue
		}
		if ok, at := c.holds(c.root, record, hits); ok {
			m.give(Match{Indicator: c.indicator, Observable: max(at, 0), How: "compound pattern"})
		}
	}
}

// host looks up a host and all that it is a sub-domain of.
func (m *matcher) host(host, how string) {
	if host == "" {
		return
	}
	if a, ok := parseAddress(host); ok {
		m.address(a)
		return
	}
	if !m.s.kinds[keyHost] {
		return
	}
	var buf [256]byte
	h := appendHost(buf[:0], host)
	if len(h) > 253 { // no name is longer; its end may still be one
		h = h[len(h)-253:]
		h = h[max(0, indexDot(h)+1):]
	}
	for i := 0; ; {
		if off := m.s.entries.find(keyHost, h[i:]); off >= 0 {
			if i > 0 {
				how = "sub-domain of the indicator"
			}
			m.tryBytes(keyHost, h[i:], how, string(h[:i]))
		}
		dot := indexDot(h[i:])
		if dot < 0 {
			return
		}
		i += dot + 1
	}
}

func (m *matcher) address(a netip.Addr) {
	key := a.As16()
	m.tryBytes(keyAddress, key[:], "the address itself", "")
	if !m.s.kinds[keyNetwork] {
		return
	}
	lengths := m.s.bits6
	if a.Is4() {
		lengths = m.s.bits4
	}
	for _, n := range lengths {
		if p, err := a.Prefix(n); err == nil {
			var buf [17]byte
			key := p.Addr().As16()
			m.tryBytes(keyNetwork, append(append(buf[:0], key[:]...), byte(n)), "address of the network", "")
		}
	}
}

// link looks up the host of a link, and the place.
func (m *matcher) link(v string) {
	a := splitURL(v)
	if a.user != "" && a.rest == "" {
		m.mailbox(v)
	}
	m.host(a.host, "host of the link")
	if !m.s.kinds[keyURLHost] || a.host == "" {
		return
	}
	var buf [256]byte
	if m.s.entries.find(keyURLHost, appendMarkHost(buf[:0], a.host)) < 0 {
		return
	}
	if len(a.rest) > maxValue {
		a.rest = a.rest[:maxValue]
	}
	var space [1024]byte
	place := appendPlace(space[:0], a)
	m.tryBytes(keyURL, place, "the link itself", "")
	m.tryBytes(keyUnder, place, "the link itself", "")
	parts := 0
	for i := 0; i < len(place) && parts < 64; i++ {
		if place[i] == '/' || place[i] == '?' {
			m.tryBytes(keyUnder, place[:i], "below the published link", "")
			parts++
		}
		if place[i] == '?' {
			return
		}
	}
}

// mailbox looks up an e-mail address that stands where a link is.
func (m *matcher) mailbox(v string) {
	if e, ok := emailOf(v); ok {
		m.lower(keyEmail, e, "the address itself")
	}
}

func (m *matcher) email(v string) {
	e, ok := emailOf(v)
	if !ok {
		return
	}
	m.lower(keyEmail, e, "the address itself")
	m.host(e[strings.LastIndexByte(e, '@')+1:], "domain of the e-mail address")
}

// lower looks up what has no case.
func (m *matcher) lower(kind byte, v, how string) {
	if !m.s.kinds[kind] || len(v) > maxValue {
		return
	}
	var buf [256]byte
	key := buf[:0]
	changed := false
	for i := range len(v) {
		b := lowerByte(v[i])
		changed = changed || b != v[i]
		key = append(key, b)
	}
	if changed && kind == keyApp {
		how = "app, written in another case"
	}
	m.tryBytes(kind, key, how, "")
}

func (m *matcher) process(v string) {
	name := baseName(v)
	m.try(keyProcess, name, "name of the process", "")
	if len(name) == cutLength {
		m.try(keyCut, name, "name cut at 16 bytes", "")
	}
	if len(name) != len(v) {
		m.path(v)
	}
}

// path looks up a path and the folders that it is in.
func (m *matcher) path(v string) {
	if !m.s.kinds[keyPath] || v == "" || v[0] != '/' {
		return
	}
	p := plainPath(v)
	if len(p) <= maxValue {
		m.try(keyPath, p, "the path itself", "")
	}
	parts := 0
	for i := 1; i < min(len(p), 4096) && parts < 128; i++ {
		if p[i] == '/' {
			m.try(keyPath, p[:i], "below the published path", p[i:])
			parts++
		}
	}
}

// size is the memory that the indicators take, in bytes.
func (s *Set) size() int {
	if s == nil || s.entries == nil {
		return 0
	}
	return len(s.entries.blob) + 8*len(s.entries.slots)
}
