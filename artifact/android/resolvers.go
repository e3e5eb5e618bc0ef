package android

import (
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

// resolvers reads one of the tables in which the package manager keeps what
// answers to which intent:
//
//	Receiver Resolver Table:
//	  Non-Data Actions:
//	      android.provider.Telephony.SMS_RECEIVED:
//	        a1b2c3 com.a/.SmsReceiver filter 12345
//	          Action: "android.provider.Telephony.SMS_RECEIVED"
//
// A table ends with the next line that is indented no deeper than its title.
func resolvers(table string, also func(r *artifact.Record, intent string)) func(*artifact.Source, *artifact.Sink) error {
	return func(src *artifact.Source, to *artifact.Sink) error {
		d := newDump(src, to)
		inside, depth := false, 0
		var kind, intent string
		for line := range d.lines() {
			text := strings.TrimSpace(line)
			switch {
			case text == table:
				inside, depth, kind, intent = true, indent(line), "", ""
			case !inside || text == "":
			case indent(line) <= depth:
				inside = false
			case indent(line) <= depth+2 && strings.HasSuffix(text, ":"):
				kind, intent = strings.TrimSuffix(text, ":"), ""
			default:
				component := resolved(text)
				if component == "" {
					if strings.HasSuffix(text, ":") && !strings.Contains(text, ": ") {
						intent = strings.TrimSuffix(text, ":")
					}
					continue
				}
				r := d.record(artifact.Configured, moment{})
				r.Set("intent", intent)
				r.Set("component", component)
				r.Set("package", packageOf(component))
				r.Set("kind", kind)
				also(r, intent)
				r.Observe(indicator.App, packageOf(component))
				to.Emit()
			}
		}
		return d.end()
	}
}

// resolved returns the component of a table's entry: an object's hash in hex,
// the component and how many filters it has.
func resolved(text string) string {
	hash, rest, found := strings.Cut(text, " ")
	if !found || strings.Trim(hash, "0123456789abcdef") != "" {
		return ""
	}
	component, _, _ := strings.Cut(rest, " ")
	if packageOf(component) == "" {
		return ""
	}
	return component
}
