package ios

import (
	"bytes"
	"strings"
	"time"

	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.log_statistics",
		Title: "Processes that wrote into the unified logs",
		Kinds: inLogs,
		Paths: []string{"**/system_logs.logarchive/Extra/logdata.statistics.*.txt", "**/db/diagnostics/logdata.statistics.*.txt"},
		Refs:  []string{"https://github.com/EC-DIGIT-CSIRC/sysdiagnose"},
		Fields: [][2]string{
			{"process", "the program's name"}, {"path", "the program, or its name alone"}, {"bytes", "how much it wrote"}, {"file", "part of the unified logs"},
		},
		Parse: logStatistics,
	})
}

// logStatistics reads blocks that begin with "--- !logd statistics record" and
// list, under "procs", "- [ bytes, percent, program ]".
func logStatistics(s *artifact.Source, to *artifact.Sink) error {
	var at time.Time
	var file string
	inside := false
	for l, err := range s.Lines() {
		if err != nil {
			return err
		}
		text := bytes.TrimSpace(l.Text)
		key, value, _ := strings.Cut(string(text), ":")
		switch {
		case bytes.HasPrefix(text, []byte("--- !")):
			inside = bytes.Contains(text, []byte("statistics record"))
			at, file = time.Time{}, ""
		case !inside:
		case strings.TrimSpace(key) == "time":
			at, _ = time.Parse("2006-01-02 15:04:05-0700", strings.TrimSpace(value))
		case strings.TrimSpace(key) == "file":
			file = strings.TrimSpace(value)
		case bytes.HasPrefix(text, []byte("- [")):
			parts := strings.SplitN(strings.Trim(string(text), "-[] "), ",", 3)
			if len(parts) < 3 {
				continue
			}
			r := to.Record(artifact.Ran, at.UTC())
			r.Where.Row, r.Where.Offset = l.N, l.Offset
			program := strings.TrimSpace(parts[2])
			r.Set("process", lastOf(program))
			r.Set("path", program)
			r.Set("bytes", whole(strings.TrimSpace(parts[0])))
			r.Set("file", file)
			observeProgram(r, program)
			to.Emit()
		}
	}
	return nil
}
