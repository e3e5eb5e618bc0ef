package artifact

import (
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/ringfence/ringfence/indicator"
)

// AppendJSON appends the record as one JSON object, without a line's end:
//
//	{"artifact":"ios.sms","act":"received","time":"2026-01-02T03:04:05.6Z",
//	"where":{"file":"3d/3d0d","table":"message","row":7,"offset":4096},
//	"fields":{"text":"..."},"observables":[{"type":"url","value":"..."}]}
//
// Fields stand in the artifact's order. Times are RFC 3339 in UTC with
// nanoseconds where known, null where not; "local", "recovered" and
// "unresolved" are there when they say something.
func (r *Record) AppendJSON(b []byte) []byte {
	b = appendText(append(b, `{"artifact":`...), r.Artifact)
	b = appendText(append(b, `,"act":`...), string(r.Act))
	b = appendTime(append(b, `,"time":`...), r.Time)
	if r.Local {
		b = append(b, `,"local":true`...)
	}
	b = r.Where.appendJSON(append(b, `,"where":`...))
	if r.Recovered != "" {
		b = appendText(append(b, `,"recovered":`...), r.Recovered)
	}
	b = append(b, `,"fields":{`...)
	for i := range r.Fields {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendText(b, r.Fields[i].Name), ':')
		b = appendValue(b, r.Fields[i].Value)
	}
	b = append(b, `},"observables":[`...)
	for i, o := range r.Observables {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(append(b, `{"type":`...), typeName(o.Type))
		b = append(appendText(append(b, `,"value":`...), o.Value), '}')
	}
	b = append(b, ']')
	if len(r.Unresolved) > 0 {
		b = append(b, `,"unresolved":[`...)
		for i, u := range r.Unresolved {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendText(b, u)
		}
		b = append(b, ']')
	}
	return append(b, '}')
}

func (w *Where) appendJSON(b []byte) []byte {
	b = appendText(append(b, `{"file":`...), w.File)
	if w.Table != "" {
		b = appendText(append(b, `,"table":`...), w.Table)
	}
	if w.Row != 0 {
		b = strconv.AppendInt(append(b, `,"row":`...), w.Row, 10)
	}
	if w.Offset != 0 {
		b = strconv.AppendInt(append(b, `,"offset":`...), w.Offset, 10)
	}
	return append(b, '}')
}

func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, "null"...)
	}
	b = t.UTC().AppendFormat(append(b, '"'), time.RFC3339Nano)
	return append(b, '"')
}

func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case string:
		return appendText(b, v)
	case bool:
		return strconv.AppendBool(b, v)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return append(b, "null"...) // JSON has no such number
		}
		return strconv.AppendFloat(b, v, 'g', -1, 64)
	case time.Time:
		return appendTime(b, v)
	default:
		return appendText(b, fmt.Sprint(v))
	}
}

const hexDigits = "0123456789abcdef"

// appendText appends a JSON string (RFC 8259 section 7). What is no UTF-8
// becomes U+FFFD.
func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	done := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(append(b, s[done:i]...), `\ufffd`...)
				done = i + 1
			}
			i += size
			continue
		}
		if c < ' ' || c == '"' || c == '\\' || c == 0x7f {
			b = appendEscape(append(b, s[done:i]...), c)
			done = i + 1
		}
		i++
	}
	return append(append(b, s[done:]...), '"')
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// typeNames are the names of indicator types, as package indicator documents
// them.
var typeNames = [...]string{
	indicator.Domain: "domain-name", indicator.IPv4: "ipv4-addr", indicator.IPv6: "ipv6-addr", indicator.URL: "url",
	indicator.Email: "email-addr", indicator.Process: "process", indicator.FileName: "file-name", indicator.FilePath: "file-path",
	indicator.MD5: "file-md5", indicator.SHA1: "file-sha1", indicator.SHA256: "file-sha256", indicator.App: "app-id",
	indicator.CertMD5: "app-cert-md5", indicator.CertSHA1: "app-cert-sha1", indicator.CertSHA256: "app-cert-sha256",
	indicator.Profile: "configuration-profile-id", indicator.Property: "android-property",
}

func typeName(t indicator.Type) string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return ""
}
