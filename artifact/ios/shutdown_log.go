package ios

import (
	"bytes"
	"errors"
	"regexp"
	"strconv"
	"time"

	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.shutdown_log",
		Title: "Processes that were still running when the phone was shut down",
		Kinds: inLogs,
		Paths: []string{
			"**/system_logs.logarchive/Extra/shutdown.log", "**/system_logs.logarchive/Extra/shutdown.*.log",
			"**/db/diagnostics/shutdown.log", "**/db/diagnostics/shutdown.*.log", "**/logs/shutdown.log", "/shutdown.log",
		},
		Refs: []string{
			"https://securelist.com/shutdown-log-lightweight-ios-malware-detection-method/111734/",
			"https://github.com/KasperskyLab/iShutdown",
			"https://github.com/mvt-project/mvt/issues/830",
		},
		Fields: [][2]string{
			{"event", "client: a process that was still there; sigterm: the end of a shutdown"}, {"boot_index", "which shutdown of this file, from 1"},
			{"pid", "number of the process"}, {"process", "the program's name"}, {"path", "the program"}, {"uuid", "of the program's build, from iOS 26 on"},
			{"delay", "seconds that the phone had waited"}, {"times_delayed", "which wait of this shutdown it was, from 1; of the end: how many there were"},
			{"clients", "of the end: how many lines of processes there were"}, {"sigterm", "when the shutdown ended; the record's time, too"},
			{"complete", "false: the log ends before the shutdown does"},
		},
		Parse: shutdownLog,
	})
}

var (
	stillHere = regexp.MustCompile(`After ([0-9.]+)s, these clients are still here`)
	remaining = regexp.MustCompile(`remaining client pid: (-?\d+) \((.*)\)`)
	sigterm   = regexp.MustCompile(`SIGTERM: \[(\d+)(?:\.\d+)?\]`)

	errCutShutdown = errors.New("the log ends in the middle of a shutdown")
	errOddLine     = errors.New("a line of another form")
)

// shutdown is one shutdown, whose time is only known at its end.
type shutdown struct {
	index   int
	waits   int
	delay   float64
	lines   int // of clients
	clients []remainingClient
}

type remainingClient struct {
	line, offset int64
	pid          int64
	path         string
	delay        float64
	wait         int
}

// maxClients is how many lines of one shutdown are kept until its end.
const maxClients = 100_000

func shutdownLog(s *artifact.Source, to *artifact.Sink) error {
	at := shutdown{index: 1}
	for l, err := range s.Lines() {
		if err != nil {
			at.end(time.Time{}, false, to)
			return err
		}
		if m := stillHere.FindSubmatch(l.Text); m != nil {
			at.waits++
			at.delay, _ = strconv.ParseFloat(string(m[1]), 64)
		} else if m := remaining.FindSubmatch(l.Text); m != nil {
			at.lines++
			at.clients = append(at.clients, remainingClient{l.N, l.Offset, whole(string(m[1])), string(m[2]), at.delay, at.waits})
			if len(at.clients) == maxClients {
				at.end(time.Time{}, false, to)
				at.clients = nil
			}
		} else if m := sigterm.FindSubmatch(l.Text); m != nil {
			ended := unixTime(float64(whole(string(m[1]))))
			at.end(ended, true, to)
			at.sigterm(l, ended, to)
			at = shutdown{index: at.index + 1}
		} else if bytes.Contains(l.Text, []byte("client pid")) || bytes.Contains(l.Text, []byte("SIGTERM")) {
			to.Damage("line "+strconv.FormatInt(l.N, 10), errOddLine)
		}
	}
	if at.waits > 0 || len(at.clients) > 0 {
		at.end(time.Time{}, false, to)
		to.Damage("the last shutdown", errCutShutdown)
	}
	return nil
}

// end gives the clients of a shutdown.
func (d *shutdown) end(ended time.Time, complete bool, to *artifact.Sink) {
	for _, c := range d.clients {
		r := to.Record(artifact.Ran, ended)
		r.Where.Row, r.Where.Offset = c.line, c.offset
		program, uuid := withoutUUID(c.path)
		r.Set("event", "client")
		r.Set("boot_index", d.index)
		r.Set("pid", c.pid)
		r.Set("process", lastOf(program))
		r.Set("path", program)
		r.Set("uuid", uuid)
		r.Set("delay", c.delay)
		r.Set("times_delayed", c.wait)
		r.Set("sigterm", ended)
		if !complete {
			r.Set("complete", false)
		}
		observeProgram(r, program)
		to.Emit()
	}
}

func (d *shutdown) sigterm(l artifact.Line, ended time.Time, to *artifact.Sink) {
	r := to.Record(artifact.Ran, ended)
	r.Where.Row, r.Where.Offset = l.N, l.Offset
	r.Set("event", "sigterm")
	r.Set("boot_index", d.index)
	r.Set("delay", d.delay)
	r.Set("times_delayed", d.waits)
	r.Set("clients", d.lines)
	r.Set("sigterm", ended)
	to.Emit()
}
