package sqlite

import (
	"encoding/hex"
	"strconv"
	"strings"
)

// column is one column as it was declared.
type column struct {
	name     string
	affinity byte // 't' text, 'i' integer, 'r' real, 'n' numeric, 'b' none
	integer  bool // declared exactly INTEGER
	alias    bool // INTEGER PRIMARY KEY: the rowid stands for it
	virtual  bool // generated when it is read: not stored
	value    any  // DEFAULT, for rows from before it was added; nil: NULL
}

// declared is what CREATE TABLE says.
type declared struct {
	columns      []column // in the order of the record
	stored       []column // those that a record has
	names        []string // as declared
	key          []string // of the table's PRIMARY KEY
	apart        bool     // the key was declared apart from its column
	withoutRowID bool
}

// tokens splits SQL: words, quoted names without their quotes (marked), texts
// and single characters. Comments are left out.
type token struct {
	text   string
	quoted bool // a name in quotes, never a keyword
	text1  bool // a literal in single quotes
}

func (t token) is(words ...string) bool {
	if t.quoted || t.text1 {
		return false
	}
	for _, w := range words {
		if strings.EqualFold(t.text, w) {
			return true
		}
	}
	return false
}

func tokens(s string) (all []token) {
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f':
			i++
		case strings.HasPrefix(s[i:], "--"):
			if n := strings.IndexByte(s[i:], '\n'); n >= 0 {
				i += n
			} else {
				i = len(s)
			}
		case strings.HasPrefix(s[i:], "/*"):
			if n := strings.Index(s[i+2:], "*/"); n >= 0 {
				i += n + 4
			} else {
				i = len(s)
			}
		case c == '"' || c == '`' || c == '\'' || c == '[':
			t, n := quotedToken(s[i:])
			all = append(all, token{text: t, quoted: c != '\'', text1: c == '\''})
			i += n
		case word(c):
			n := i
			for n < len(s) && word(s[n]) {
				n++
			}
			all = append(all, token{text: s[i:n]})
			i = n
		default:
			all = append(all, token{text: s[i : i+1]})
			i++
		}
	}
	return all
}

func word(c byte) bool {
	return c == '_' || c == '$' || c == '.' || c >= 0x80 || (c >= '0' && c <= '9') || (c|0x20 >= 'a' && c|0x20 <= 'z')
}

func quotedToken(s string) (text string, n int) {
	end := s[0]
	if end == '[' {
		end = ']'
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != end {
			b.WriteByte(s[i])
			continue
		}
		if end != ']' && i+1 < len(s) && s[i+1] == end {
			b.WriteByte(end)
			i++
			continue
		}
		return b.String(), i + 1
	}
	return b.String(), len(s)
}

// parseCreate reads CREATE TABLE as far as the columns need it. It is lenient:
// what it cannot read is no column.
func parseCreate(sql string) declared {
	ts := tokens(sql)
	depth, begin := 0, -1
	var d declared
	var parts [][]token
	end := len(ts)
	for i, t := range ts {
		switch {
		case t.is("("):
			if depth++; depth == 1 && begin < 0 {
				begin = i + 1
			}
		case t.is(")"):
			if depth--; depth == 0 && begin >= 0 {
				parts = append(parts, ts[begin:i])
				end = i + 1
			}
		case t.is(",") && depth == 1 && begin >= 0:
			parts = append(parts, ts[begin:i])
			begin = i + 1
		}
		if end < len(ts) {
			break
		}
	}
	for _, p := range parts {
		d.part(p)
	}
	for i := end; i+1 < len(ts); i++ {
		d.withoutRowID = d.withoutRowID || ts[i].is("WITHOUT") && ts[i+1].is("ROWID")
	}
	d.finish()
	return d
}

// part reads a column or a constraint of the table.
func (d *declared) part(ts []token) {
	if len(ts) == 0 {
		return
	}
	if ts[0].is("CONSTRAINT") && len(ts) > 2 {
		ts = ts[2:]
	}
	switch {
	case ts[0].is("PRIMARY"):
		d.key, d.apart = names(ts), true
		return
	case ts[0].is("UNIQUE", "CHECK", "FOREIGN"):
		return
	}
	d.column(ts)
}

// names reads the names of a key's columns.
func names(ts []token) (all []string) {
	depth, next := 0, false
	for _, t := range ts {
		switch {
		case t.is("("):
			depth++
			next = depth == 1
		case t.is(")"):
			depth--
		case t.is(","):
			next = depth == 1
		case next:
			all = append(all, t.text)
			next = false
		}
	}
	return all
}

func (d *declared) column(ts []token) {
	c := column{name: ts[0].text}
	var kind []string
	i := 1
	for ; i < len(ts) && !ts[i].is("CONSTRAINT", "PRIMARY", "NOT", "NULL", "UNIQUE", "CHECK", "DEFAULT", "COLLATE", "REFERENCES", "GENERATED", "AS", "("); i++ {
		kind = append(kind, strings.ToUpper(ts[i].text))
	}
	c.affinity = affinity(strings.Join(kind, " "))
	c.integer = len(kind) == 1 && kind[0] == "INTEGER"
	depth := 0
	for ; i < len(ts); i++ {
		switch t := ts[i]; {
		case t.is("("):
			depth++
		case t.is(")"):
			depth--
		case depth > 0:
		case t.is("PRIMARY"):
			d.key = []string{c.name}
			descending := i+2 < len(ts) && ts[i+2].is("DESC")
			c.alias = c.integer && !descending
		case t.is("AS"):
			c.virtual = true
		case t.is("STORED"):
			c.virtual = false
		case t.is("DEFAULT") && i+1 < len(ts):
			c.value = literal(ts[i+1:])
			if n, is := c.value.(int64); is && c.affinity == 't' {
				c.value = strconv.FormatInt(n, 10)
			}
		}
	}
	d.columns = append(d.columns, c)
}

// literal reads the value behind DEFAULT; nil for NULL and for what is no
// literal.
func literal(ts []token) any {
	sign := ""
	if len(ts) > 1 && ts[0].is("-", "+") {
		sign, ts = ts[0].text, ts[1:]
	}
	t := ts[0]
	if t.text1 {
		return t.text
	}
	if len(ts) > 1 && t.is("x") && ts[1].text1 {
		b, err := hex.DecodeString(ts[1].text)
		if err != nil {
			return nil
		}
		return b
	}
	if n, err := strconv.ParseInt(sign+t.text, 0, 64); err == nil {
		return n
	}
	if f, err := strconv.ParseFloat(sign+t.text, 64); err == nil {
		return f
	}
	switch {
	case t.is("true"):
		return int64(1)
	case t.is("false"):
		return int64(0)
	case t.quoted:
		return t.text
	}
	return nil
}

// affinity is that of a declared type (https://www.sqlite.org/datatype3.html
// §3.1).
func affinity(kind string) byte {
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(kind, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("INT"):
		return 'i'
	case has("CHAR", "CLOB", "TEXT"):
		return 't'
	case kind == "" || has("BLOB"):
		return 'b'
	case has("REAL", "FLOA", "DOUB"):
		return 'r'
	}
	return 'n'
}

// finish settles the rowid's alias and the order in which a table without
// rowid stores its columns: those of its key first.
func (d *declared) finish() {
	d.settle()
	for _, c := range d.columns {
		if !c.virtual {
			d.stored = append(d.stored, c)
		}
	}
}

func (d *declared) settle() {
	for _, c := range d.columns {
		d.names = append(d.names, c.name)
	}
	if d.withoutRowID {
		d.keyFirst()
		return
	}
	for i := range d.columns {
		c := &d.columns[i]
		if len(d.key) != 1 {
			c.alias = false
		} else if c.integer && d.apart && strings.EqualFold(c.name, d.key[0]) {
			c.alias = true // "PRIMARY KEY(id)" as a constraint of the table
		}
	}
}

// keyFirst puts the columns of the key before the others (file format §2.4).
func (d *declared) keyFirst() {
	index := map[string]int{}
	for i := range d.columns {
		d.columns[i].alias = false
		index[strings.ToLower(d.columns[i].name)] = i
	}
	var ordered, rest []column
	taken := map[int]bool{}
	for _, name := range d.key {
		if i, ok := index[strings.ToLower(name)]; ok && !taken[i] {
			taken[i] = true
			ordered = append(ordered, d.columns[i])
		}
	}
	for i, c := range d.columns {
		if !taken[i] {
			rest = append(rest, c)
		}
	}
	d.columns = append(ordered, rest...)
}
