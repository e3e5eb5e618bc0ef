package indicator

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// What a pattern may have at most.
const (
	maxPattern     = 64 << 10 // bytes
	maxDepth       = 64
	maxComparisons = 4096
)

// node is an expression of a pattern: of observations outside of brackets, of
// comparisons inside. STIX 2.1 §9.2-9.6.
type node struct {
	op        string // "AND", "OR", "FOLLOWEDBY", "[]" of an observation, "" of a comparison
	kids      []*node
	qualifier string // of an observation: "WITHIN 300 SECONDS", as written
	test      comparison
}

// comparison is one property that is tested (§9.6).
type comparison struct {
	path   string // in one form: "file:hashes.SHA-256"
	op     string // "=", "!=", "<", ">", "<=", ">=", "IN", "LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET", "EXISTS"
	not    bool
	values []string
}

// patternParser reads one pattern from left to right.
type patternParser struct {
	text        string
	at          int
	comparisons int
	depth       int
	err         error
}

// parsePattern reads a STIX 2.1 pattern.
func parsePattern(text string) (*node, error) {
	if len(text) > maxPattern {
		return nil, fmt.Errorf("pattern of %d bytes, at most %d", len(text), maxPattern)
	}
	if !utf8.ValidString(text) {
		return nil, errors.New("pattern is not UTF-8")
	}
	p := &patternParser{text: text}
	n := p.chain("FOLLOWEDBY", p.observationOr)
	if p.space(); p.err == nil && p.at < len(p.text) {
		p.fail("an operator or the end")
	}
	if p.err != nil {
		return nil, p.err
	}
	return n, nil
}

func (p *patternParser) fail(wanted string) {
	if p.err == nil {
		found := p.text[p.at:]
		if len(found) > 20 {
			found = strings.ToValidUTF8(found[:20], "") + "..."
		}
		p.err = fmt.Errorf("pattern at byte %d: %q where %s should stand", p.at, found, wanted)
	}
}

// space skips white space and comments (§9, grammar).
func (p *patternParser) space() {
	for p.at < len(p.text) {
		rest := p.text[p.at:]
		r, n := utf8.DecodeRuneInString(rest)
		switch {
		case strings.ContainsRune(" \t\r\n\v\f\u0085\u00a0\u2028\u2029\u3000", r):
			p.at += n
		case strings.HasPrefix(rest, "/*") && strings.Contains(rest, "*/"):
			p.at += strings.Index(rest, "*/") + 2
		case strings.HasPrefix(rest, "//"):
			if n = strings.IndexByte(rest, '\n'); n < 0 {
				n = len(rest)
			}
			p.at += n
		default:
			return
		}
	}
}

// take reads a keyword or sign when it comes next.
func (p *patternParser) take(word string) bool {
	p.space()
	rest, ok := strings.CutPrefix(p.text[p.at:], word)
	if !ok || is(word[0], isScheme) && word[0] > '9' && rest != "" && is(rest[0], isLabel) {
		return false
	}
	p.at += len(word)
	return true
}

func (p *patternParser) want(word string) {
	if !p.take(word) {
		p.fail(word)
	}
}

// chain reads operands with one operator between.
func (p *patternParser) chain(op string, operand func() *node) *node {
	first := operand()
	if p.err != nil || !p.take(op) {
		return first
	}
	n := &node{op: op, kids: []*node{first, operand()}}
	for p.err == nil && p.take(op) {
		n.kids = append(n.kids, operand())
	}
	return n
}

func (p *patternParser) enter() bool {
	if p.depth++; p.depth > maxDepth {
		p.fail("less nesting")
	}
	return p.err == nil
}

func (p *patternParser) observationOr() *node {
	return p.chain("OR", func() *node { return p.chain("AND", p.observation) })
}

// observation reads [...] or (...), with qualifiers.
func (p *patternParser) observation() *node {
	if !p.enter() {
		return nil
	}
	defer func() { p.depth-- }()
	var n *node
	switch {
	case p.take("["):
		n = &node{op: "[]", kids: []*node{p.comparisonOr()}}
		p.want("]")
	case p.take("("):
		n = p.chain("FOLLOWEDBY", p.observationOr)
		p.want(")")
	default:
		p.fail("[ or (")
	}
	for p.err == nil {
		from := p.at
		if !p.qualifier() {
			break
		}
		n = &node{op: n.op, kids: n.kids, qualifier: strings.TrimSpace(n.qualifier + " " + strings.TrimSpace(p.text[from:p.at]))}
	}
	return n
}

// qualifier reads WITHIN, REPEATS or START and STOP (§9.5).
func (p *patternParser) qualifier() bool {
	switch {
	case p.take("WITHIN"):
		p.number()
		p.want("SECONDS")
	case p.take("REPEATS"):
		p.number()
		p.want("TIMES")
	case p.take("START"):
		p.literal()
		p.want("STOP")
		p.literal()
	default:
		return false
	}
	return p.err == nil
}

func (p *patternParser) comparisonOr() *node {
	return p.chain("OR", func() *node { return p.chain("AND", p.comparison) })
}

// comparison reads one test, or several in parentheses.
func (p *patternParser) comparison() *node {
	if !p.enter() {
		return nil
	}
	defer func() { p.depth-- }()
	if p.comparisons++; p.comparisons > maxComparisons {
		p.fail("fewer comparisons")
		return nil
	}
	if p.take("(") {
		n := p.comparisonOr()
		p.want(")")
		return n
	}
	c := comparison{not: p.take("NOT")}
	if p.take("EXISTS") {
		c.op, c.path = "EXISTS", p.path()
		return &node{test: c}
	}
	c.path = p.path()
	c.not = p.take("NOT") != c.not
	for _, op := range []string{"==", "=", "!=", "<>", "<=", ">=", "<", ">", "IN", "LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET"} {
		if p.err == nil && p.take(op) {
			c.op = op
			break
		}
	}
	switch c.op {
	case "":
		p.fail("a comparison operator")
	case "==":
		c.op = "="
	case "<>":
		c.op = "!="
	}
	if c.op == "IN" {
		c.values = p.set()
	} else {
		c.values = []string{p.literal()}
	}
	return &node{test: c}
}

// path reads an object path (§9.7) into one form: without quotes, and list
// indexes as [n].
func (p *patternParser) path() string {
	p.space()
	var b strings.Builder
	b.WriteString(p.name("an object type"))
	p.want(":")
	b.WriteByte(':')
	b.WriteString(p.step())
	for p.err == nil {
		switch {
		case p.take("."):
			b.WriteByte('.')
			b.WriteString(p.step())
		case p.take("["):
			end := strings.IndexByte(p.text[p.at:], ']')
			if end < 0 {
				p.fail("]")
				break
			}
			b.WriteString("[" + strings.TrimSpace(p.text[p.at:p.at+end]) + "]")
			p.at += end + 1
		default:
			return b.String()
		}
	}
	return ""
}

func (p *patternParser) step() string {
	if p.space(); strings.HasPrefix(p.text[p.at:], "'") {
		return p.quoted()
	}
	return p.name("a property")
}

func (p *patternParser) name(wanted string) string {
	p.space()
	from := p.at
	for p.at < len(p.text) && p.text[p.at] < utf8.RuneSelf && is(p.text[p.at], isLabel) {
		p.at++
	}
	if p.at == from {
		p.fail(wanted)
	}
	return p.text[from:p.at]
}

// quoted reads a string; only the quote and the backslash are escaped.
func (p *patternParser) quoted() string {
	p.space()
	if p.at >= len(p.text) || p.text[p.at] != '\'' {
		p.fail("a quoted value")
		return ""
	}
	var b strings.Builder
	for i := p.at + 1; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == '\\' && i+1 < len(p.text) && (p.text[i+1] == '\'' || p.text[i+1] == '\\'):
			i++
			b.WriteByte(p.text[i])
		case c == '\'':
			p.at = i + 1
			return b.String()
		default:
			b.WriteByte(c)
		}
	}
	p.fail("a value that ends")
	return ""
}

func (p *patternParser) set() (values []string) {
	p.want("(")
	for p.err == nil {
		values = append(values, p.literal())
		if p.comparisons++; p.comparisons > maxComparisons {
			p.fail("fewer values")
		}
		if !p.take(",") {
			p.want(")")
			break
		}
	}
	return values
}

// literal reads a value (§9.3) as text: binary as its bytes in hex, timestamps,
// numbers and true or false as written.
func (p *patternParser) literal() string {
	p.space()
	if p.err != nil || p.at+1 >= len(p.text) {
		p.fail("a value")
		return ""
	}
	kind := p.text[p.at]
	if kind == '\'' {
		return p.quoted()
	}
	if p.text[p.at+1] != '\'' || strings.IndexByte("hbt", kind) < 0 {
		return p.bare()
	}
	from := p.at
	p.at++
	s := p.quoted()
	var err error
	switch kind {
	case 'h':
		_, err = hex.DecodeString(s)
		s = strings.ToLower(s)
	case 'b':
		var b []byte
		b, err = base64.StdEncoding.DecodeString(s)
		s = hex.EncodeToString(b)
	case 't':
		_, err = time.Parse(time.RFC3339Nano, s)
	}
	if err != nil {
		p.at = from
		p.fail("a value of its kind")
	}
	return s
}

// bare reads true, false or a number.
func (p *patternParser) bare() string {
	for _, word := range []string{"true", "false"} {
		if p.take(word) {
			return word
		}
	}
	return p.number()
}

func (p *patternParser) number() string {
	p.space()
	from := p.at
	for p.at < len(p.text) && strings.IndexByte("+-.0123456789eE", p.text[p.at]) >= 0 {
		p.at++
	}
	s := p.text[from:p.at]
	if _, err := strconv.ParseFloat(s, 64); err != nil {
		p.at = from
		p.fail("a value")
	}
	return s
}
