package ios

import (
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "ios.launchctl",
		Title:  "Services that are loaded (launchctl)",
		Kinds:  inSysdiagnose,
		Paths:  []string{"/launchctl-list*.txt", "/launchctl_list*.txt", "/*/launchctl-list*.txt", "/*/launchctl_list*.txt"},
		Refs:   []string{"https://keith.github.io/xcode-man-pages/launchctl.1.html"},
		Fields: [][2]string{{"label", "the service's name"}, {"pid", "number of its process, when it is running"}, {"status", "how it last ended: negative is a signal"}},
		Parse:  services,
	})
}

// services reads lines "PID Status Label"; a "-" stands for not running.
func services(s *artifact.Source, to *artifact.Sink) error {
	for l, err := range s.Lines() {
		if err != nil {
			return err
		}
		fields := strings.Fields(string(l.Text))
		if len(fields) == 0 || fields[0] == "PID" {
			continue
		}
		if len(fields) < 3 || fields[0] != "-" && whole(fields[0]) == 0 {
			to.Damage("line "+strconv.FormatInt(l.N, 10), errOddLine)
			continue
		}
		r := to.Record(artifact.Ran, taken(s))
		if fields[0] == "-" {
			r.Act = artifact.Configured
		}
		r.Where.Row, r.Where.Offset = l.N, l.Offset
		label := strings.Join(fields[2:], " ")
		r.Set("label", label)
		if fields[0] != "-" {
			r.Set("pid", whole(fields[0]))
		}
		r.Set("status", fields[1])
		r.Observe(indicator.Process, label)
		to.Emit()
	}
	return nil
}
