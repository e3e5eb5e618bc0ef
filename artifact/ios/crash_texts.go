package ios

import (
	"regexp"
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

// namePID is how reports name a process: "imagent [123]".
var namePID = regexp.MustCompile(`^(.*?)\s*\[(\d+)\]`)

// textReport reads a report in plain text, as before iOS 15: lines "Key: value"
// up to the first stack.
//
// Errors: errNoReport when it has none of them.
func textReport(head *reportHead, text string, to *artifact.Sink) error {
	keys := map[string]string{}
	for line := range strings.Lines(text) {
		key, value, found := strings.Cut(strings.TrimSpace(line), ":")
		if strings.HasPrefix(line, "Thread 0") || strings.HasPrefix(line, "Binary Images") {
			break
		}
		if _, before := keys[key]; found && !before && len(key) < 40 {
			keys[key] = strings.TrimSpace(value)
		}
	}
	if keys["Process"] == "" && keys["Incident Identifier"] == "" && head.BugType == nil {
		return errNoReport
	}
	var body reportBody
	body.ProcName = keys["Process"]
	if m := namePID.FindStringSubmatch(keys["Process"]); m != nil {
		body.ProcName, body.PID = m[1], whole(m[2])
	}
	if m := namePID.FindStringSubmatch(keys["Parent Process"]); m != nil {
		body.Parent, body.PPID = m[1], whole(m[2])
	}
	body.ProcPath, body.Captured, body.Launched = keys["Path"], keys["Date/Time"], keys["Launch Time"]
	body.Bundle.ID, body.Coalition = keys["Identifier"], keys["Coalition"]
	body.Exception.Type, body.Exception.Subtype = keys["Exception Type"], keys["Exception Subtype"]
	body.Exception.Codes, body.Termination.Namespace = keys["Exception Codes"], keys["Termination Reason"]
	if head.OSVersion == "" {
		head.OSVersion = keys["OS Version"]
	}
	if head.Incident == "" {
		head.Incident = keys["Incident Identifier"]
	}
	if head.Version == "" {
		head.Version = keys["Version"]
	}
	at := reportRecord(head, &body, to)
	to.Emit()
	for line := range strings.Lines(text) { // a hang's report has many processes
		m := processLine.FindStringSubmatch(line)
		if m == nil || (m[1] == body.ProcName && whole(m[2]) == body.PID) {
			continue
		}
		r := to.Record(artifact.Ran, at)
		r.Set("event", "process")
		r.Set("process", m[1])
		r.Set("pid", whole(m[2]))
		r.Observe(indicator.Process, m[1])
		to.Emit()
	}
	return nil
}

var processLine = regexp.MustCompile(`^Process:\s+(.*?)\s+\[(\d+)\]`)
