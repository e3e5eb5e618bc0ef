package ios

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

// Fields of an entry of a daemon's log.
var entryFields = [][2]string{
	{"event", "what happened, where the entry is of a kind that is known: boot, startup, installed, updated, uninstalled, container_made, container_removed"},
	{"level", "of the log: notice, err, debug"}, {"pid", "number of the process that wrote it"}, {"message", "the entry, without its head"},
	{"bundle", "the app that it names first"}, {"path", "the path that it names first"}, {"client", "program that asked for it"},
}

// entryHead is how installd, containermanagerd and mobileactivationd begin an
// entry: "Fri Jan  2 03:04:05 2026 [72] <notice> (0x16bdcb000) ...". The time
// is the phone's own, without a zone.
var entryHead = regexp.MustCompile(`^(\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}) \[(\d+)\] (?:<(\w+)> )?(?:\(0x[0-9a-f]+\) )?`)

const entryTime = "Mon Jan _2 15:04:05 2006"

// maxEntry is how many bytes of an entry of several lines are kept.
const maxEntry = 16 << 10

var errNoEntries = errors.New("no entry of the form of this log")

// logEntry is one entry, with the lines that follow its first one.
type logEntry struct {
	line    artifact.Line
	at      time.Time
	local   bool
	pid     int64
	level   string
	message []byte
}

// daemonLog gives the entries of a log. event names the kinds that are known.
func daemonLog(s *artifact.Source, to *artifact.Sink, event func(message string) string) error {
	var e *logEntry
	lines := 0
	for l, err := range s.Lines() {
		if err != nil {
			e.emit(to, event)
			return err
		}
		m := entryHead.FindSubmatchIndex(l.Text)
		if m == nil {
			if lines++; e != nil && len(e.message)+len(l.Text) < maxEntry {
				e.message = append(append(e.message, '\n'), l.Text...)
			} else if e == nil && len(l.Text) > 0 {
				e = &logEntry{line: l, message: bytes.Clone(l.Text)} // its beginning is in an older file
			}
			continue
		}
		e.emit(to, event)
		e = &logEntry{line: l, pid: whole(string(l.Text[m[4]:m[5]])), message: bytes.Clone(l.Text[m[1]:])}
		if m[6] >= 0 {
			e.level = string(l.Text[m[6]:m[7]])
		}
		e.at, e.local = clock(s, entryTime, string(l.Text[m[2]:m[3]]))
	}
	e.emit(to, event)
	return e.known(lines)
}

// known tells whether a log whose last entry this is had any of its form.
func (e *logEntry) known(lines int) error {
	if lines > 0 && (e == nil || e.pid == 0 && e.at.IsZero()) {
		return errNoEntries
	}
	return nil
}

// asker is how entries name the program that asked: "installcoordinationd (pid
// 127 ...)", "client appstored".
var asker = regexp.MustCompile(`(?:requested by|client(?: is)?:?|for client) ([A-Za-z][\w.-]*)`)

func (e *logEntry) emit(to *artifact.Sink, event func(string) string) {
	if e == nil {
		return
	}
	message := string(bytes.TrimSpace(e.message))
	r := to.Record(artifact.Configured, e.at)
	r.Local = e.local
	r.Where.Row, r.Where.Offset = e.line.N, e.line.Offset
	if kind := event(message); kind != "" {
		r.Set("event", kind)
		if strings.HasSuffix(kind, "installed") || kind == "updated" {
			r.Act = artifact.Installed
		}
	}
	r.Set("level", e.level)
	if e.pid != 0 {
		r.Set("pid", e.pid)
	}
	r.Set("message", message)
	if m := asker.FindStringSubmatch(message); m != nil {
		r.Set("client", m[1])
		r.Observe(indicator.Process, m[1])
	}
	observeWords(r, message)
	to.Emit()
}

// maxWords is how many names of one entry are observed.
const maxWords = 200

// observeWords observes the identifiers of apps and the paths that a message
// names, and sets the first of each.
func observeWords(r *artifact.Record, message string) {
	var bundle, path string
	n := 0
	for word := range strings.FieldsFuncSeq(message, betweenWords) {
		word = strings.TrimRight(word, ".:")
		switch {
		case len(word) > 4 && word[0] == '/' && strings.IndexByte(word[1:], '/') > 0:
			r.Observe(indicator.FilePath, word)
			path = firstNot(path, word)
		case isIdentifier(word):
			r.Observe(indicator.App, word)
			bundle = firstNot(bundle, word)
		default:
			continue
		}
		if n++; n == maxWords {
			break
		}
	}
	r.Set("bundle", bundle)
	r.Set("path", path)
}

func betweenWords(c rune) bool {
	return c <= ' ' || strings.ContainsRune(`()[]<>{};:,="'`+"`", c)
}

// isIdentifier tells whether a word is written as the identifier of an app:
// three or more names with dots between.
func isIdentifier(word string) bool {
	if strings.Count(word, ".") < 2 || len(word) > 255 || word[0] == '.' || word[0] >= '0' && word[0] <= '9' {
		return false
	}
	letters := false
	for i := range len(word) {
		c := word[i]
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			letters = true
		case c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_':
		default:
			return false
		}
	}
	return letters && !strings.Contains(word, "..")
}
