package record

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"
)

// parseJSON reads a line of JSON, and says which columns it has. It is strict: a
// key that is there twice, or a value of another type, makes it no record. Keys
// that we do not know are left out.
func parseJSON(line []byte) (r Record, have Columns, err error) {
	if !utf8.Valid(line) {
		return r, 0, errUTF8
	}
	r = newRecord()
	var unknown map[string]bool
	err = object(line, func(name string, value []byte) error {
		column, ok := names[name]
		if !ok && unknown == nil {
			unknown = map[string]bool{}
		}
		if have&column != 0 || unknown[name] {
			return errTwice
		}
		if !ok {
			unknown[name] = true
		}
		have |= column
		return r.setJSON(column, value)
	})
	return r, have, err
}

// object visits the members of a JSON object.
func object(line []byte, visit func(name string, value []byte) error) error {
	line = bytes.TrimSpace(line)
	if !json.Valid(line) || line[0] != '{' {
		return errJSON
	}
	for rest := skipSpace(line[1:]); rest[0] != '}'; {
		var key, value []byte
		key, rest = element(rest)
		value, rest = element(skipSpace(rest)[1:]) // after the colon
		if err := visit(text(key), value); err != nil {
			return err
		}
		if rest = skipSpace(rest); rest[0] == ',' {
			rest = skipSpace(rest[1:])
		}
	}
	return nil
}

func (r *Record) setJSON(column Columns, value []byte) error {
	if column == 0 || string(value) == "null" {
		return nil
	}
	first := value[0]
	number := first == '-' || first >= '0' && first <= '9'
	switch {
	case column == Rules && first == '[':
		if json.Unmarshal(value, &r.Rules) != nil {
			return errType
		}
		return nil
	case column == ContactColumn && (first == 't' || first == 'f'), (column&(RingMS|TalkMS|CallerAge|Time) != 0) && number:
		return r.set(column, string(value))
	case first == '"' && column&(RingMS|TalkMS|CallerAge|ContactColumn) == 0:
		return r.set(column, text(value))
	}
	return errType
}

func skipSpace(b []byte) []byte { return bytes.TrimLeft(b, " \t\r\n") }

// element takes the first value off valid JSON.
func element(b []byte) (value, rest []byte) {
	b = skipSpace(b)
	depth, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case depth == 0 && (c == ',' || c == ':' || c == '}' || c == ']' || c == ' ' || c == '\t' || c == '\r' || c == '\n'):
			return b[:i], b[i:]
		case c == '}' || c == ']':
			depth--
		}
	}
	return b, nil
}

// text takes a JSON string out of its quotes.
func text(quoted []byte) string {
	if !bytes.Contains(quoted, []byte{'\\'}) {
		return string(quoted[1 : len(quoted)-1])
	}
	var s string
	json.Unmarshal(quoted, &s) // valid: parseJSON has looked
	return s
}

// appendJSON appends a record as a line.
func appendJSON(to []byte, r *Record) []byte {
	to = append(to, `{"time":"`...)
	to = time.Unix(0, r.Time).UTC().AppendFormat(to, time.RFC3339Nano)
	to = append(to, '"')
	word := func(name, s string) {
		if s != "" {
			to = appendString(append(append(append(to, `,"`...), name...), `":`...), s)
		}
	}
	number := func(name string, n int32) {
		to = strconv.AppendInt(append(append(append(to, `,"`...), name...), `":`...), int64(n), 10)
	}
	word("call_id", r.Call)
	word("caller", r.Caller)
	word("callee", r.Callee)
	word("caller_print", r.CallerPrint)
	word("caller_version", r.CallerVersion)
	word("caller_network", r.CallerNetwork)
	word("caller_country", r.CallerCountry)
	word("callee_country", r.CalleeCountry)
	word("outcome", r.Outcome.String())
	number("ring_ms", r.RingMS)
	number("talk_ms", r.TalkMS)
	switch r.Contact {
	case Accepted:
		to = append(to, `,"contact":true`...)
	case Stranger:
		to = append(to, `,"contact":false`...)
	}
	if r.CallerAge != NoAge {
		number("caller_age_days", r.CallerAge)
	}
	to = append(to, `,"rules":[`...)
	for i, rule := range r.Rules {
		if i > 0 {
			to = append(to, ',')
		}
		to = appendString(to, rule)
	}
	return append(to, "]}\n"...)
}

// appendString appends a JSON string; what is plain, which nearly all is, as it
// stands.
func appendString(to []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(s)
			return append(to, quoted...)
		}
	}
	return append(append(append(to, '"'), s...), '"')
}
