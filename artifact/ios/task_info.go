package ios

import (
	"regexp"
	"strings"
	"time"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "ios.task_info",
		Title:  "Processes as the kernel lists its tasks (taskinfo)",
		Kinds:  inSysdiagnose,
		Paths:  []string{"/taskinfo.txt", "/*/taskinfo.txt"},
		Refs:   []string{"https://github.com/EC-DIGIT-CSIRC/sysdiagnose"},
		Fields: append([][2]string{{"run_time", "seconds that it had been running"}}, processFields...),
		Parse:  taskInfo,
	})
}

// taskName is the first line of a task: `process: "imagent" [123] [unique ID: 456]`.
var (
	taskName  = regexp.MustCompile(`^\s*process: "?(.*?)"? \[(\d+)\]`)
	taskCount = regexp.MustCompile(`^\s*num tasks: (\d+)`)
)

// task is one task while its lines are read.
type task struct {
	line             artifact.Line
	name             string
	pid              int64
	parent, uid, ran string
	threads          int
}

func taskInfo(s *artifact.Source, to *artifact.Sink) error {
	var t *task
	for l, err := range s.Lines() {
		if err != nil {
			t.emit(s, to)
			return err
		}
		if m := taskName.FindSubmatch(l.Text); m != nil {
			t.emit(s, to)
			t = &task{line: l, name: string(m[1]), pid: whole(string(m[2]))}
			continue
		}
		if t == nil || taskCount.Match(l.Text) {
			continue
		}
		key, value, _ := strings.Cut(strings.TrimSpace(string(l.Text)), ":")
		switch value = strings.TrimSpace(value); key {
		case "run time":
			t.ran, _, _ = strings.Cut(value, " ")
		case "parent", "parent process":
			t.parent = value
		case "uid", "user id":
			t.uid = value
		case "thread ID":
			t.threads++
		}
	}
	if t == nil {
		return errNoTasks
	}
	t.emit(s, to)
	return nil
}

func (t *task) emit(s *artifact.Source, to *artifact.Sink) {
	if t == nil {
		return
	}
	at := taken(s)
	if seconds := whole(t.ran); seconds > 0 && seconds < 1<<32 && !at.IsZero() {
		at = at.Add(-time.Duration(seconds) * time.Second)
	}
	r := to.Record(artifact.Ran, at)
	r.Where.Row, r.Where.Offset = t.line.N, t.line.Offset
	r.Set("process", t.name)
	r.Set("pid", t.pid)
	if m := namePID.FindStringSubmatch(t.parent); m != nil {
		r.Set("parent", strings.Trim(m[1], `"`))
		r.Set("ppid", whole(m[2]))
	}
	if t.uid != "" {
		r.Set("uid", whole(t.uid))
	}
	if t.ran != "" {
		r.Set("run_time", whole(t.ran))
	}
	if t.threads > 0 {
		r.Set("threads", t.threads)
	}
	r.Observe(indicator.Process, t.name)
	to.Emit()
}
