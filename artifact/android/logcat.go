package android

import (
	"bytes"
	"strings"
	"time"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

var logFields = [][2]string{
	{"event", "proc_start, proc_died, proc_kill, crash, native_crash, anr, install, uninstall, avc_denied or adb"},
	{"process", "the process that it is about"},
	{"package", "the app"},
	{"pid", "of that process"},
	{"message", "the line's text; of a denial and of adb"},
	{"reason", "why a process was started or ended"},
	{"clock", "the line's own time, where the year is not known: logs are written without it"},
	{"times", "of a sum: how many more lines of the same event and process there are; the first 100 are given each"},
	{"last", "of a sum: time of the last one"},
}

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "android.logcat",
		Title:  "The system's log: processes that start and end, crashes, installations, denials, adb",
		Kinds:  bugreport,
		Paths:  dumpstate("SYSTEM LOG", "EVENT LOG", "LAST LOGCAT", "LOGCAT LOG", "LAST SYSTEM LOG"),
		Refs:   []string{"https://developer.android.com/tools/logcat", "https://source.android.com/docs/core/tests/debug/read-bug-reports", "https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/services/core/java/com/android/server/am/EventLogTags.logtags"},
		Fields: logFields,
		Parse:  parseLogcat,
	})
}

// maxSame is how many lines of one event and process are given each. A phone's
// log holds some thousand lines that matter; one that is filled with the same
// is summed up.
const maxSame = 100

// logcat is one log that is read.
type logcat struct {
	*dump
	names interned
	same  map[string]*same
	sums  []*same
	key   []byte
	stamp [12]byte // the time that when is of, without its seconds
	when  moment
}

// same counts the lines of one event and process.
type same struct {
	place
	event, process string
	n              int
	last           moment
}

// parseLogcat reads a log of any size in one pass: of each line only the tag
// is looked at, and of the tags that matter the rest.
func parseLogcat(src *artifact.Source, to *artifact.Sink) error {
	l := &logcat{dump: newDump(src, to), names: interned{}, same: map[string]*same{}}
	for line := range l.raw() {
		tag, pid, message := logLine(line)
		if tag == nil {
			continue
		}
		if read := logTags[string(tag)]; read != nil {
			read(l, line, pid, message)
		} else if i := bytes.Index(message, avc); i >= 0 && bytes.Contains(message[i:], denied) {
			l.denial(line, message)
		}
	}
	for _, s := range l.sums {
		r := l.recordAt(s.place, artifact.Ran, moment{})
		r.Set("event", s.event)
		r.Set("process", s.process)
		r.Set("times", s.n-maxSame)
		r.Set("last", s.last.Time)
		r.Local = s.last.local
		to.Emit()
	}
	return l.end()
}

var avc, denied = []byte("avc: "), []byte(" denied ")

// logLine takes a line of logcat's threadtime form apart,
// "01-02 03:04:05.678  1000  1234  1240 I ActivityManager: Start proc ...",
// with or without a user id before the process ids. Lines of another form give
// no tag.
func logLine(line []byte) (tag, pid, message []byte) {
	if len(line) < 24 || line[2] != '-' || line[5] != ' ' || line[8] != ':' {
		return nil, nil, nil
	}
	i := 18
	var fields [4][]byte
	for n := 0; n < 5; n++ {
		for i < len(line) && line[i] == ' ' {
			i++
		}
		from := i
		for i < len(line) && line[i] != ' ' {
			i++
		}
		token := line[from:i]
		if len(token) == 1 && token[0] >= 'A' && n > 0 {
			rest := bytes.TrimLeft(line[i:], " ")
			tag, message, _ = bytes.Cut(rest, []byte(":"))
			if n >= 2 {
				pid = fields[n-2]
			}
			return bytes.TrimRight(tag, " "), pid, bytes.TrimLeft(message, " ")
		}
		if n == 4 {
			break
		}
		fields[n] = token
	}
	return nil, nil, nil
}

// logTags are the tags that are read, and how. Event log tags are described in
// https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/services/core/java/com/android/server/am/EventLogTags.logtags
var logTags map[string]func(l *logcat, line, pid, message []byte)

func init() {
	logTags = map[string]func(l *logcat, line, pid, message []byte){
		"ActivityManager":     (*logcat).activityManager,
		"AndroidRuntime":      (*logcat).runtime,
		"am_proc_start":       fields("proc_start", 3, 1, 4),
		"am_proc_died":        fields("proc_died", 2, 1, 3),
		"am_kill":             fields("proc_kill", 2, 1, 4),
		"am_crash":            fields("crash", 2, 1, 4),
		"am_anr":              fields("anr", 2, 1, 4),
		"DEBUG":               (*logcat).tombstone,
		"PackageManager":      (*logcat).packageManager,
		"adbd":                adb,
		"AdbDebuggingManager": adb,
	}
}

func adb(l *logcat, line, pid, message []byte) { l.emit(line, "adb", nil, pid, nil, message) }

// activityManager reads "Start proc 12345:com.a/u0a123 for broadcast {com.a/.B}",
// "Process com.a (pid 12345) has died: fg", "Killing 12345:com.a/u0a123 (adj 900): why".
func (l *logcat) activityManager(line, _, message []byte) {
	if rest, found := bytes.CutPrefix(message, []byte("Start proc ")); found {
		pid, rest, _ := bytes.Cut(rest, []byte(":"))
		process, reason, _ := bytes.Cut(rest, []byte("/"))
		_, reason, _ = bytes.Cut(reason, []byte(" for "))
		l.emit(line, "proc_start", process, pid, reason, nil)
	} else if rest, found := bytes.CutPrefix(message, []byte("Killing ")); found {
		pid, rest, _ := bytes.Cut(rest, []byte(":"))
		process, reason, _ := bytes.Cut(rest, []byte("/"))
		_, reason, _ = bytes.Cut(reason, []byte(" "))
		l.emit(line, "proc_kill", process, pid, reason, nil)
	} else if rest, found := bytes.CutPrefix(message, []byte("Process ")); found {
		process, rest, _ := bytes.Cut(rest, []byte(" (pid "))
		if pid, reason, found := bytes.Cut(rest, []byte(") has died")); found {
			l.emit(line, "proc_died", process, pid, bytes.TrimLeft(reason, ": "), nil)
		}
	} else if rest, found := bytes.CutPrefix(message, []byte("ANR in ")); found {
		process, _, _ := bytes.Cut(rest, []byte(" "))
		l.emit(line, "anr", process, nil, nil, nil)
	}
}

// runtime reads "Process: com.a, PID: 12345", the second line of a crash.
func (l *logcat) runtime(line, _, message []byte) {
	if rest, found := bytes.CutPrefix(message, []byte("Process: ")); found {
		process, pid, _ := bytes.Cut(rest, []byte(", PID: "))
		l.emit(line, "crash", process, pid, nil, nil)
	} else if bytes.Contains(message, []byte("FATAL EXCEPTION IN SYSTEM PROCESS")) {
		l.emit(line, "crash", []byte("system_server"), nil, nil, nil)
	}
}

// tombstone reads "pid: 9850, tid: 9893, name: x  >>> /system/bin/y <<<".
func (l *logcat) tombstone(line, _, message []byte) {
	rest, found := bytes.CutPrefix(message, []byte("pid: "))
	pid, rest, ok := bytes.Cut(rest, []byte(","))
	_, process, named := bytes.Cut(rest, []byte(">>> "))
	if found && ok && named {
		process, _, _ = bytes.Cut(process, []byte(" <<<"))
		l.emit(line, "native_crash", process, pid, nil, nil)
	}
}

// packageManager reads what it says of installations and removals.
func (l *logcat) packageManager(line, _, message []byte) {
	text := string(message)
	lower := strings.ToLower(text)
	switch {
	case strings.Contains(lower, "uninstall"), strings.Contains(lower, "removing package"), strings.Contains(lower, "deletepackage"):
		l.emit(line, "uninstall", []byte(packageIn(text)), nil, nil, message)
	case strings.Contains(lower, "install"):
		l.emit(line, "install", []byte(packageIn(text)), nil, nil, message)
	}
}

// fields reads an event "[0,1234,10085,com.a,activity,...]" by the positions of
// the process's name, its id and the reason.
func fields(event string, process, pid, reason int) func(*logcat, []byte, []byte, []byte) {
	return func(l *logcat, line, _, message []byte) {
		values := bytes.SplitN(bytes.Trim(message, "[]"), []byte(","), 8)
		get := func(i int) []byte {
			if i < len(values) {
				return values[i]
			}
			return nil
		}
		l.emit(line, event, get(process), get(pid), get(reason), nil)
	}
}

// denial reads what SELinux refused: `type=1400 audit(0.0:1): avc:  denied
// { read } for comm="x" ...`.
func (l *logcat) denial(line, message []byte) {
	_, rest, found := bytes.Cut(message, []byte(`comm="`))
	process, _, _ := bytes.Cut(rest, []byte(`"`))
	if !found {
		process = nil
	}
	l.emit(line, "avc_denied", process, nil, nil, message)
}

// emit gives one line, or counts it when there were many of its kind.
func (l *logcat) emit(line []byte, event string, process, pid, reason, message []byte) {
	l.key = append(append(append(l.key[:0], event...), 0), process...)
	s := l.same[string(l.key)]
	if s == nil {
		s = &same{place: l.place(), event: event, process: string(process)}
		if len(l.same) < maxInterned && len(l.key) <= maxName {
			l.same[string(l.key)] = s
		}
	}
	if s.n++; s.n > maxSame {
		if s.n == maxSame+1 {
			s.place = l.place()
			l.sums = append(l.sums, s)
		}
		s.last = l.clock(line)
		return
	}
	when := l.clock(line)
	act := artifact.Ran
	if strings.HasSuffix(event, "install") {
		act = artifact.Installed
	}
	r := l.record(act, when)
	r.Set("event", event)
	if len(process) > 0 && !strings.HasSuffix(event, "install") {
		name := l.names.text(process)
		r.Set("process", l.names.value(process))
		observeProcess(r, name)
	}
	r.Set("package", l.names.value([]byte(packageIn(string(process)))))
	if act == artifact.Installed {
		r.Observe(indicator.App, packageIn(string(process)))
	}
	if n, ok := digits(pid); ok {
		r.Set("pid", n)
	}
	r.Set("reason", l.names.value(reason))
	r.Set("message", string(message))
	if when.IsZero() {
		r.Set("clock", string(line[:18]))
	}
	l.to.Emit()
}

// clock reads a line's "01-02 03:04:05.678"; lines of one minute stand together.
func (l *logcat) clock(line []byte) moment {
	if !bytes.Equal(line[:12], l.stamp[:]) {
		copy(l.stamp[:], line)
		l.when = l.yearless(string(line[:12]) + "00")
	}
	if l.when.IsZero() || line[12] < '0' || line[12] > '6' || line[13] < '0' || line[13] > '9' {
		return l.when
	}
	seconds := time.Duration(line[12]-'0')*10 + time.Duration(line[13]-'0')
	nanos, _ := fraction(string(line[14:18]))
	return moment{l.when.Add(seconds*time.Second + time.Duration(nanos)), l.when.local}
}
