package indicator

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// objectTypes are the object paths that a record can be compared with, in lower
// case and without hyphens and underscores: lists spell them in many ways.
var objectTypes = map[string]Type{
	"domainname:value": Domain, "hostname:value": Domain, "ipv4addr:value": IPv4, "ipv6addr:value": IPv6, "url:value": URL,
	"networktraffic:dstref.value": Domain, "networktraffic:srcref.value": Domain,
	"emailaddr:value": Email, "emailmessage:fromref.value": Email, "emailmessage:senderref.value": Email,
	"process:name": Process, "process:binaryref.name": Process, "process:imageref.name": Process,
	"file:name": FileName, "file:path": FilePath, "directory:path": FilePath, "file:parentdirectoryref.path": FilePath,
	"file:hashes.md5": MD5, "file:hashes.sha1": SHA1, "file:hashes.sha256": SHA256,
	"app:id": App, "app:cert.md5": CertMD5, "app:cert.sha1": CertSHA1, "app:cert.sha256": CertSHA256,
	"x509certificate:hashes.md5": CertMD5, "x509certificate:hashes.sha1": CertSHA1, "x509certificate:hashes.sha256": CertSHA256,
	"configurationprofile:id": Profile, "androidproperty:name": Property, "androidproperty:value": propertyValue,
}

// propertyValue is the part of a Property after the equals sign.
const propertyValue = Property + 1

var plainPathName = strings.NewReplacer("-", "", "_", "")

func objectType(path string) (Type, error) {
	if t := objectTypes[strings.ToLower(plainPathName.Replace(path))]; t != 0 {
		return t, nil
	}
	return 0, fmt.Errorf("no record holds %s", path)
}

// leaf is a comparison that is judged on one record.
type leaf struct {
	comparison
	typ Type
	re  *regexp.Regexp // of LIKE and MATCHES
}

// compound is a pattern that takes more than one equality.
type compound struct {
	indicator Indicator
	root      *node
	leaves    map[*node]*leaf
	order     []*node // the leaves, numbered
	part      int     // which compound part of the pattern
	types     uint32  // of a pattern without an equality that must hold: what it is about
}

// split takes a pattern apart: equalities of which any one is enough, compound
// expressions, and what cannot be judged on one record.
func split(root *node, text string) (plain []Indicator, compounds []*node, refused []error) {
	switch {
	case root.qualifier != "":
		return nil, nil, []error{fmt.Errorf("%s cannot be judged on one record", root.qualifier)}
	case root.op == "AND" || root.op == "FOLLOWEDBY":
		return nil, nil, []error{fmt.Errorf("observations joined by %s cannot be judged on one record", root.op)}
	case root.op == "OR":
		for _, k := range root.kids {
			p, c, r := split(k, text)
			plain, compounds, refused = append(plain, p...), append(compounds, c...), append(refused, r...)
		}
		return plain, compounds, refused
	}
	return splitComparison(root.kids[0], text)
}

// splitComparison is split for what stands in brackets.
func splitComparison(n *node, text string) (plain []Indicator, compounds []*node, refused []error) {
	switch {
	case n.op == "OR":
		for _, k := range n.kids {
			p, c, r := splitComparison(k, text)
			plain, compounds, refused = append(plain, p...), append(compounds, c...), append(refused, r...)
		}
		return plain, compounds, refused
	case n.op == "" && n.test.isEquality() && !n.test.not:
		t, err := objectType(n.test.path)
		if err == nil && n.test.op == "ISSUBSET" && t != IPv4 && t != IPv6 {
			err = fmt.Errorf("%s of %s", n.test.op, n.test.path)
		}
		if err != nil {
			return nil, nil, []error{err}
		}
		if t == propertyValue {
			return nil, []*node{n}, nil
		}
		for _, v := range n.test.values {
			plain = append(plain, Indicator{Type: t, Value: v, Pattern: text})
		}
		return plain, nil, nil
	}
	return nil, []*node{n}, nil
}

// isEquality tells whether a set's table can answer the comparison.
func (c *comparison) isEquality() bool {
	return c.op == "=" || c.op == "IN" || c.op == "ISSUBSET"
}

// maxExpression bounds a LIKE or MATCHES value, in bytes.
const maxExpression = 4096

// newCompound makes the leaves of an expression.
func newCompound(root *node, ind Indicator) (*compound, error) {
	c := &compound{indicator: ind, root: root, leaves: map[*node]*leaf{}}
	if err := c.addLeaves(root); err != nil {
		return nil, err
	}
	if len(c.order) > 256 {
		return nil, errors.New("a compound pattern of more than 256 comparisons")
	}
	c.indicator.Type = c.leaves[c.order[0]].typ
	if c.indicator.Type == propertyValue {
		c.indicator.Type = Property
	}
	c.indicator.Value = ind.Pattern
	if !c.triggered(root) {
		for _, l := range c.leaves {
			c.types |= seenIn(l.typ)
		}
	}
	return c, nil
}

func (c *compound) addLeaves(n *node) error {
	for _, k := range n.kids {
		if err := c.addLeaves(k); err != nil {
			return err
		}
	}
	if n.op != "" {
		return nil
	}
	t, err := objectType(n.test.path)
	if err != nil {
		return err
	}
	l := &leaf{comparison: n.test, typ: t}
	if l.op != "IN" && len(l.values) == 1 && len(l.values[0]) > maxExpression && (l.op == "LIKE" || l.op == "MATCHES") {
		return fmt.Errorf("%s with %d bytes, at most %d", l.op, len(l.values[0]), maxExpression)
	}
	if l.op == "!=" {
		l.op, l.not = "=", !l.not
	}
	switch l.op {
	case "LIKE":
		l.re, err = likeRegexp(l.text(0))
	case "MATCHES":
		if l.re, err = regexp.Compile(l.values[0]); err == nil && (t == Domain || t == Email) {
			l.re, err = regexp.Compile("(?i:" + l.values[0] + ")")
		}
	case "ISSUBSET", "ISSUPERSET":
		if t != IPv4 && t != IPv6 {
			err = fmt.Errorf("%s of %s", l.op, n.test.path)
		}
	}
	c.leaves[n] = l
	c.order = append(c.order, n)
	return err
}

// text is a value in the form in which what was observed is compared with it.
func (l *leaf) text(i int) string {
	if l.typ == Domain || l.typ == Email || l.typ == App || l.typ.hashSize() > 0 {
		return strings.ToLower(l.values[i])
	}
	return l.values[i]
}

// likeRegexp makes a LIKE value, in which % is any text and _ any character, a
// regular expression.
func likeRegexp(like string) (*regexp.Regexp, error) {
	var b strings.Builder
	b.WriteString("(?s)^")
	for _, r := range like {
		switch r {
		case '%':
			b.WriteString(".*")
		case '_':
			b.WriteByte('.')
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	return regexp.Compile(b.String() + "$")
}

// triggered tells whether an equality must hold for the expression to hold, so
// that the set's table finds the records it is worth judging on.
func (c *compound) triggered(n *node) bool {
	switch n.op {
	case "":
		l := c.leaves[n]
		return l.isEquality() && !l.not && l.typ != propertyValue
	case "OR":
		for _, k := range n.kids {
			if !c.triggered(k) {
				return false
			}
		}
		return true
	}
	for _, k := range n.kids {
		if c.triggered(k) {
			return true
		}
	}
	return false
}

// hit says that an observable answers an equality of a compound pattern.
type hit struct {
	compound, leaf, observable int
}

// holds judges an expression on a record, and gives the first observable that
// took part.
func (c *compound) holds(n *node, record []Observable, hits []hit) (bool, int) {
	first := -1
	switch n.op {
	case "":
		return c.leafHolds(n, record, hits)
	case "OR":
		for _, k := range n.kids {
			if ok, at := c.holds(k, record, hits); ok {
				return true, at
			}
		}
		return false, -1
	}
	for _, k := range n.kids {
		ok, at := c.holds(k, record, hits)
		if !ok {
			return false, -1
		}
		if first < 0 || at < first {
			first = at
		}
	}
	return true, first
}

func (c *compound) leafHolds(n *node, record []Observable, hits []hit) (bool, int) {
	l := c.leaves[n]
	if l.isEquality() && !l.not && l.typ != propertyValue {
		for _, h := range hits {
			if c.order[h.leaf] == n {
				return true, h.observable
			}
		}
		return false, -1
	}
	for i, o := range record {
		texts, count := textsOf(l.typ, o)
		if count == 0 {
			continue
		}
		yes := l.op == "EXISTS"
		if l.isEquality() && l.typ != propertyValue {
			yes = isHit(hits, c.order, n, i)
		}
		for _, t := range texts[:count] {
			yes = yes || l.answers(t)
		}
		if yes != l.not {
			return true, i
		}
	}
	return l.op == "EXISTS" && l.not, 0
}

func isHit(hits []hit, order []*node, n *node, observable int) bool {
	for _, h := range hits {
		if h.observable == observable && order[h.leaf] == n {
			return true
		}
	}
	return false
}

// answers compares one text where the table cannot.
func (l *leaf) answers(text string) bool {
	switch l.op {
	case "LIKE", "MATCHES":
		return l.re.MatchString(text)
	case "ISSUPERSET":
		a, err := netip.ParseAddr(text)
		p, err2 := netip.ParsePrefix(l.values[0])
		return err == nil && err2 == nil && p.IsSingleIP() && p.Addr() == a
	case "=", "IN":
		return l.typ == propertyValue && slices.Contains(l.values, text)
	case "<", ">", "<=", ">=":
		return ordered(l.op, text, l.text(0))
	}
	return false
}

// ordered compares as numbers when both are, else as text (§9.6.1).
func ordered(op, a, b string) bool {
	order := strings.Compare(a, b)
	x, err := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	if err == nil && err2 == nil {
		order = 0
		if x < y {
			order = -1
		} else if x > y {
			order = 1
		}
	}
	switch op {
	case "<":
		return order < 0
	case ">":
		return order > 0
	case "<=":
		return order <= 0
	}
	return order >= 0
}

// seenIn are the types of observables, as bits, that hold a value of a type.
func seenIn(t Type) uint32 {
	bits := func(types ...Type) (b uint32) {
		for _, t := range types {
			b |= 1 << t
		}
		return b
	}
	switch t {
	case Domain:
		return bits(Domain, URL, Email)
	case IPv4, IPv6:
		return bits(IPv4, IPv6, URL, Domain)
	case Email:
		return bits(Email, URL)
	case FileName:
		return bits(FileName, FilePath)
	case FilePath:
		return bits(FilePath, Process)
	case propertyValue:
		return bits(Property)
	}
	return bits(t)
}

// textsOf gives the texts of a type that an observable holds.
func textsOf(t Type, o Observable) (texts [2]string, n int) {
	give := func(s string) {
		if s != "" {
			texts[n] = s
			n++
		}
	}
	if seenIn(t)&(1<<o.Type) == 0 {
		return texts, 0
	}
	switch t {
	case Domain:
		if host := splitURL(o.Value).host; host != "" {
			give(string(appendHost(nil, host)))
		}
	case IPv4, IPv6:
		a, ok := parseAddress(hostOf(o))
		if ok && a.Is4() == (t == IPv4) {
			give(a.String())
		}
	case Email:
		if e, ok := emailOf(o.Value); ok {
			give(strings.ToLower(e))
		}
	case Process:
		give(baseName(o.Value))
		if baseName(o.Value) != o.Value {
			give(o.Value)
		}
	case FileName:
		give(baseName(o.Value))
	case FilePath:
		if strings.HasPrefix(o.Value, "/") {
			give(o.Value)
		}
	case Property, propertyValue:
		name, value, _ := strings.Cut(o.Value, "=")
		if t == propertyValue {
			name = value
		}
		give(name)
	case App:
		give(strings.ToLower(o.Value))
	case MD5, SHA1, SHA256, CertMD5, CertSHA1, CertSHA256:
		if b, ok := appendHash(nil, o.Value, t.hashSize()); ok {
			give(plainValue(keyHash, b))
		}
	default:
		give(o.Value)
	}
	return texts, n
}

// hostOf is the host of a link or name, or the address itself.
func hostOf(o Observable) string {
	if o.Type == IPv4 || o.Type == IPv6 {
		return strings.Trim(o.Value, "[]")
	}
	return splitURL(o.Value).host
}

// emailOf gives the address of "mailto:a@b?subject=c", and of a link that is
// nothing but an address.
func emailOf(s string) (string, bool) {
	if len(s) > 7 && strings.EqualFold(s[:7], "mailto:") {
		s = s[7:]
	}
	if i := strings.IndexAny(s, "?#"); i >= 0 {
		s = s[:i]
	}
	s = strings.Trim(s, "<> \t")
	at := strings.LastIndexByte(s, '@')
	return s, at > 0 && at < len(s)-1 && !strings.ContainsAny(s, "/: ")
}
