package ios

import (
	"regexp"
	"strings"
	"time"

	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.security_sysdiagnose",
		Title: "Keychain and trusted devices of the account",
		Kinds: inSysdiagnose,
		Paths: []string{"/security-sysdiagnose.txt", "/*/security-sysdiagnose.txt"},
		Refs:  []string{"https://github.com/EC-DIGIT-CSIRC/sysdiagnose"},
		Fields: [][2]string{
			{"section", "part of the report: a client of the analytics, or the state of the account's devices"}, {"result", "success or how it went wrong"},
			{"type", "what was done"}, {"attributes", "more of it"}, {"text", "a line of the state, as it stands"},
		},
		Parse: securityState,
	})
}

// securityEvent is "2026-01-02 03:04:05 +0000 EventSoftFailure: Name -
// Attributes: {...".
var securityEvent = regexp.MustCompile(`^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}) (\w+): (.*?)(?: - Attributes: \{?(.*?)\}?)?$`)

// Sections whose lines are given as they stand.
var securityStates = []string{"ccstatus:", "Engine state:", "Analystics sysdiagnose", "Client:", "All keys and values", "All values in"}

func securityState(s *artifact.Source, to *artifact.Sink) error {
	section := ""
	for l, err := range s.Lines() {
		if err != nil {
			return err
		}
		text := strings.TrimSpace(string(l.Text))
		for _, begin := range securityStates {
			if strings.HasPrefix(text, begin) {
				section = strings.TrimSuffix(text, ":")
			}
		}
		if text == "" || strings.HasPrefix(text, "Client:") {
			continue
		}
		var at time.Time
		m := securityEvent.FindStringSubmatch(text)
		if m != nil {
			at = reportTime(m[1])
		}
		r := to.Record(artifact.Configured, at)
		r.Where.Row, r.Where.Offset = l.N, l.Offset
		r.Set("section", section)
		if m != nil {
			r.Set("result", m[2])
			r.Set("type", m[3])
			r.Set("attributes", m[4])
		} else {
			r.Set("text", text)
		}
		to.Emit()
	}
	return nil
}
