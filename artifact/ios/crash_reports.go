package ios

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.crash_reports",
		Title: "Crashes, and lists of processes in reports of memory and hangs",
		Kinds: inLogs,
		Paths: []string{
			"/crashes_and_spins/*.ips", "/crashes_and_spins/*.crash", "/crashes_and_spins/*/*.ips", "/crashes_and_spins/*/*.crash",
			"/*/crashes_and_spins/*.ips", "/*/crashes_and_spins/*/*.ips",
			"/private/var/*/Library/Logs/CrashReporter/*.ips", "/private/var/*/Library/Logs/CrashReporter/*.crash",
			"/private/var/*/Library/Logs/CrashReporter/*/*.ips", "/private/var/*/Library/Logs/CrashReporter/*/*.crash",
			"/private/var/*/Library/Logs/CrashReporter/*/*/*.ips", "/private/var/logs/CrashReporter/*.ips",
		},
		Refs: []string{
			"https://developer.apple.com/documentation/xcode/interpreting-the-json-format-of-a-crash-report",
			"https://developer.apple.com/documentation/xcode/examining-the-fields-in-a-crash-report",
			"https://developer.apple.com/documentation/xcode/identifying-high-memory-use-with-jetsam-event-reports",
		},
		Fields: [][2]string{
			{"event", "report: the report itself; process: one that was running when a report of the whole phone was made; jetsam: one that was ended for want of memory"},
			{"bug_type", "kind of report: 309 and 109 crash, 298 memory, 288 hang, 210 the whole phone"}, {"process", "the program's name"}, {"path", "the program"}, {"pid", "number of the process"},
			{"bundle", "the app's identifier"}, {"version", "the program's version"}, {"parent", "program that started it"}, {"ppid", "number of that process"},
			{"responsible", "program on whose behalf it ran"}, {"coalition", "group of processes that it belongs to"}, {"exception", "what made it stop"}, {"signal", "signal that ended it"},
			{"codes", "of the exception: what and where"}, {"termination", "who ended it, and why"}, {"launched", "when it was started"}, {"system", "version of iOS"},
			{"incident", "identifier of the report"}, {"reason", "of the kernel, or why it was ended"}, {"uid", "account that it ran as"},
			{"foreign_images", "libraries in it that belong neither to the system nor to an app, with commas"},
		},
		Parse: crashReport,
	})
}

var (
	errNoReport = errors.New("no report of a form that is known")
	errNoBody   = errors.New("the report has a head and no body that can be read")
)

// reportHead is the first line of a report.
type reportHead struct {
	AppName   string `json:"app_name"`
	Name      string `json:"name"`
	Timestamp string `json:"timestamp"`
	Version   string `json:"app_version"`
	BundleID  string `json:"bundleID"`
	BugType   any    `json:"bug_type"`
	OSVersion string `json:"os_version"`
	Incident  string `json:"incident_id"`
}

// reportBody is what follows, of a crash (309), of memory (298), of a hang
// (288) or of the whole phone (210).
type reportBody struct {
	ProcName    string `json:"procName"`
	ProcPath    string `json:"procPath"`
	PID         int64  `json:"pid"`
	UserID      *int64 `json:"userID"`
	Parent      string `json:"parentProc"`
	PPID        int64  `json:"parentPid"`
	Responsible string `json:"responsibleProc"`
	Coalition   string `json:"coalitionName"`
	Captured    string `json:"captureTime"`
	Launched    string `json:"procLaunch"`
	Bundle      struct {
		ID string `json:"CFBundleIdentifier"`
	} `json:"bundleInfo"`
	Exception struct {
		Type, Signal, Codes, Subtype string
	} `json:"exception"`
	Termination struct {
		Namespace, Indicator, ByProc string
		Code                         json.Number
	} `json:"termination"`
	Images []struct {
		Path string `json:"path"`
	} `json:"usedImages"`

	Date      string          `json:"date"`
	Reason    string          `json:"reason"`
	Panic     string          `json:"panicString"`
	Processes json.RawMessage `json:"processes"`
	ByPID     json.RawMessage `json:"processByPid"`
}

// maxReport is how many bytes a report may have; those of hangs have some
// millions.
const maxReport = 48 << 20

func crashReport(s *artifact.Source, to *artifact.Sink) error {
	if s.Content.Size() > maxReport {
		return fmt.Errorf("%w: a report of %d bytes", artifact.ErrLong, s.Content.Size())
	}
	b, err := s.Bytes()
	if err != nil {
		return err
	}
	first, rest, _ := bytes.Cut(b, []byte("\n"))
	var head reportHead
	if json.Unmarshal(first, &head) != nil {
		head, rest = reportHead{}, b
	}
	rest = bytes.TrimSpace(rest)
	if !bytes.HasPrefix(rest, []byte("{")) {
		return textReport(&head, string(rest), to)
	}
	var body reportBody
	err = json.Unmarshal(rest, &body)
	var odd *json.UnmarshalTypeError
	if err != nil && !errors.As(err, &odd) {
		reportRecord(&head, &reportBody{}, to)
		to.Emit()
		return fmt.Errorf("%w: %w", errNoBody, err)
	}
	if odd != nil { // the rest of it was read
		to.Damage(odd.Field, errOddValue)
	}
	at := reportRecord(&head, &body, to)
	to.Emit()
	return errors.Join(reportProcesses(body.Processes, at, to), reportByPID(body.ByPID, at, to))
}

var errOddValue = errors.New("a value of another kind than expected")

// reportRecord begins the record of the report itself.
func reportRecord(head *reportHead, body *reportBody, to *artifact.Sink) (at time.Time) {
	for _, text := range []string{body.Captured, head.Timestamp, body.Date} {
		if at.IsZero() {
			at = reportTime(text)
		}
	}
	r := to.Record(artifact.Ran, at)
	r.Set("event", "report")
	if head.BugType != nil {
		r.Set("bug_type", fmt.Sprint(head.BugType))
	}
	name := body.ProcName
	for _, other := range []string{lastOf(body.ProcPath), head.AppName, head.Name} {
		if name == "" {
			name = other
		}
	}
	bundle := body.Bundle.ID
	if bundle == "" {
		bundle = head.BundleID
	}
	r.Set("process", name)
	r.Set("path", body.ProcPath)
	if body.PID != 0 {
		r.Set("pid", body.PID)
	}
	r.Set("bundle", bundle)
	r.Set("version", head.Version)
	r.Set("parent", body.Parent)
	if body.PPID != 0 {
		r.Set("ppid", body.PPID)
	}
	r.Set("responsible", body.Responsible)
	r.Set("coalition", body.Coalition)
	r.Set("exception", strings.TrimSpace(body.Exception.Type+" "+body.Exception.Subtype))
	r.Set("signal", body.Exception.Signal)
	r.Set("codes", body.Exception.Codes)
	r.Set("termination", strings.TrimSpace(strings.Join([]string{body.Termination.Namespace, body.Termination.Code.String(), body.Termination.Indicator, body.Termination.ByProc}, " ")))
	r.Set("launched", reportTime(body.Launched))
	r.Set("system", head.OSVersion)
	r.Set("incident", head.Incident)
	r.Set("reason", firstNot(body.Reason, firstLine(body.Panic)))
	if body.UserID != nil {
		r.Set("uid", *body.UserID)
	}
	r.Observe(indicator.Process, name)
	observeProgram(r, body.ProcPath)
	r.Observe(indicator.Process, body.Parent)
	r.Observe(indicator.Process, body.Responsible)
	observeApp(r, bundle, "")
	foreignImages(r, body)
	return at
}

func firstNot(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// maxForeign is how many libraries a record lists; the rest is observed only.
const maxForeign = 20

// foreignImages observes libraries that were loaded from elsewhere than the
// system's folders, and lists those that are not of an app either.
func foreignImages(r *artifact.Record, body *reportBody) {
	var foreign []string
	for _, image := range body.Images {
		p := image.Path
		if !strings.HasPrefix(p, "/") || strings.HasPrefix(p, "/System/") || strings.HasPrefix(p, "/usr/lib/") || p == body.ProcPath {
			continue
		}
		r.Observe(indicator.FilePath, p)
		if !strings.Contains(p, "/containers/Bundle/") && !strings.HasPrefix(p, "/Applications/") && !strings.HasPrefix(p, "/usr/") && !strings.HasPrefix(p, "/sbin/") && len(foreign) < maxForeign {
			foreign = append(foreign, p)
		}
	}
	r.Set("foreign_images", strings.Join(foreign, ", "))
}

// reportProcesses gives the processes of a report of memory (JetsamEvent).
func reportProcesses(raw json.RawMessage, at time.Time, to *artifact.Sink) error {
	if len(raw) == 0 {
		return nil
	}
	var all []struct {
		Name      string `json:"name"`
		PID       int64  `json:"pid"`
		Reason    string `json:"reason"`
		Coalition any    `json:"coalition"`
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		return fmt.Errorf("processes: %w", err)
	}
	for _, p := range all {
		r := to.Record(artifact.Ran, at)
		r.Set("event", "process")
		if p.Reason != "" {
			r.Fields[0].Value = "jetsam"
		}
		r.Set("bug_type", "298")
		r.Set("process", p.Name)
		r.Set("pid", p.PID)
		r.Set("reason", p.Reason)
		r.Observe(indicator.Process, p.Name)
		to.Emit()
	}
	return nil
}

// reportByPID gives the processes of a report of a hang or of the whole phone.
func reportByPID(raw json.RawMessage, at time.Time, to *artifact.Sink) error {
	if len(raw) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("processByPid: %w", errNoReport)
	}
	for d.More() {
		pid, err := d.Token()
		if err != nil {
			return fmt.Errorf("processByPid: %w", err)
		}
		var p struct {
			Name string `json:"procname"`
			PID  int64  `json:"pid"`
		}
		if err := d.Decode(&p); err != nil {
			return fmt.Errorf("processByPid: %w", err)
		}
		r := to.Record(artifact.Ran, at)
		r.Set("event", "process")
		r.Set("process", p.Name)
		r.Set("pid", whole(fmt.Sprint(pid)))
		r.Observe(indicator.Process, p.Name)
		to.Emit()
	}
	return nil
}
