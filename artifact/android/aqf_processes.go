package android

import (
	"bytes"
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "android.aqf_processes",
		Title:  "Running processes, as androidqf collects them",
		Kinds:  aqf,
		Paths:  []string{"/aqf/ps.txt", "/aqf/processes.txt", "/aqf/processes.json"},
		Refs:   []string{"https://github.com/mvt-project/androidqf", "https://man7.org/linux/man-pages/man5/proc.5.html"},
		Fields: processFields,
		Parse:  parseAQFProcesses,
	})
}

// parseAQFProcesses reads a table of ps or, of the collector that androidqf
// sends to the phone, a JSON list; both may be named processes.txt.
func parseAQFProcesses(src *artifact.Source, to *artifact.Sink) error {
	begin := make([]byte, 64)
	n, _ := src.Content.ReadAt(begin, 0)
	if !bytes.HasPrefix(bytes.TrimSpace(begin[:n]), []byte("[")) {
		return parsePS(src, to)
	}
	return eachEntry(src, to, func(w *walk, e entry) {
		r := beginEntry(src, to, artifact.Ran, e)
		var path, file string
		var command list
		w.object(func(key []byte) {
			switch string(key) {
			case "pid", "ppid":
				r.Set(string(key), w.number())
			case "uid":
				r.Set("user", string(w.text()))
			case "filename":
				file = string(w.text())
			case "path":
				path = string(w.text())
			case "context":
				r.Set("label", strings.Trim(string(w.text()), "\x00 "))
			case "state":
				r.Set("state", string(w.text()))
			case "cwd":
				r.Set("cwd", string(w.text()))
			case "command_line":
				w.list(func() { command.add(string(w.text())) })
			}
		})
		arguments := command.String()
		program, _, _ := strings.Cut(arguments, " ")
		for _, name := range []string{path, program, strings.Trim(file, "()")} {
			if name == "" {
				continue
			}
			if r.Get("process") == nil {
				r.Set("process", name)
			}
			observeProcess(r, name)
		}
		r.Set("arguments", arguments)
		if cwd := r.Text("cwd"); cwd != "/" {
			r.Observe(indicator.FilePath, cwd)
		}
		to.Emit()
	})
}
