package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/ringfence/ringfence/check"
	"github.com/ringfence/ringfence/internal/visible"
)

// maxValue is how many characters of one value a page shows; the whole stands
// in findings.json.
const maxValue = 600

// shown is a value from a phone as it may stand on a page or a terminal: what
// is hidden is seen, what could be followed cannot be.
func shown(v any) string {
	var s string
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		s = v
	case time.Time:
		return v.UTC().Format("2006-01-02 15:04:05 UTC")
	case float64:
		if v == float64(int64(v)) {
			return fmt.Sprint(int64(v))
		}
		return fmt.Sprint(v)
	default:
		return fmt.Sprint(v)
	}
	return text(defang(s))
}

// defang takes from links what makes them links, so that nobody taps one: the
// way researchers write them.
func defang(s string) string {
	for _, scheme := range []struct{ from, to string }{{"https://", "hxxps://"}, {"http://", "hxxp://"}} {
		s = foldReplace(s, scheme.from, scheme.to)
	}
	i := strings.Index(s, "://")
	if i < 0 {
		return s
	}
	var b strings.Builder
	for i >= 0 {
		end := i + 3
		for end < len(s) && !strings.ContainsRune("/?# \t\r\n", rune(s[end])) {
			end++
		}
		b.WriteString(s[:i+3])
		b.WriteString(strings.ReplaceAll(s[i+3:end], ".", "[.]"))
		s = s[end:]
		i = strings.Index(s, "://")
	}
	return b.String() + s
}

// foldReplace replaces a text in any case.
func foldReplace(s, from, to string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		if len(s)-i >= len(from) && strings.EqualFold(s[i:i+len(from)], from) {
			b.WriteString(to)
			i += len(from)
			continue
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

// host is a name on the network that stands alone, defanged.
func host(s string) string {
	if strings.ContainsAny(s, "/@: ") {
		return s
	}
	return strings.ReplaceAll(s, ".", "[.]")
}

// signed is an indicator's value; the name of a site defanged.
func signed(s *check.Sign) string {
	switch s.Type {
	case "domain-name", "ipv4-addr", "ipv6-addr", "url":
		return text(host(defang(s.Value)))
	}
	return shown(s.Value)
}

// titled is a finding's title, with the site that it names defanged.
func titled(f check.Finding) string {
	if f.Indicator != nil && f.Indicator.Value != "" {
		return strings.ReplaceAll(shown(f.Title), shown(f.Indicator.Value), signed(f.Indicator))
	}
	return shown(f.Title)
}

// alike are findings of one sign in one source: the first, and the others.
type alike struct {
	check.Finding
	Others []check.Finding
}

// grouped puts findings of one sign in one source together, where the first
// stands.
func grouped(fs []check.Finding) (groups []alike) {
	at := map[string]int{}
	for _, f := range fs {
		if f.Indicator == nil {
			groups = append(groups, alike{Finding: f})
			continue
		}
		key := fmt.Sprint(f.Acquisition, f.Artifact, f.Act, f.Indicator.Type, f.Indicator.Value)
		if i, ok := at[key]; ok {
			groups[i].Others = append(groups[i].Others, f)
			groups[i].Repeats += f.Repeats
			continue
		}
		at[key] = len(groups)
		groups = append(groups, alike{Finding: f})
	}
	return groups
}

// text is a text from a phone as it may stand on a page or a terminal.
func text(s string) string { return visible.Text(s, maxValue, '\n', '\t', '\u00a0') }
