package android

import (
	"path"
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "android.aqf_root_binaries",
		Title:  "Programs that give root",
		Kinds:  aqf,
		Paths:  []string{"/aqf/root_binaries.json"},
		Refs:   []string{"https://github.com/mvt-project/androidqf", "https://source.android.com/docs/security/overview/implement"},
		Fields: [][2]string{{"path", "where it was found"}},
		Parse:  parseRootBinaries,
	})
}

// parseRootBinaries reads a list of texts; one may hold several lines.
func parseRootBinaries(src *artifact.Source, to *artifact.Sink) error {
	return eachText(src, to, func(line string, e entry) {
		r := beginEntry(src, to, artifact.Present, e)
		r.Set("path", line)
		r.Observe(indicator.FilePath, line)
		r.Observe(indicator.FileName, path.Base(line))
		to.Emit()
	})
}

// eachText calls read for every line of every text in a JSON list.
func eachText(src *artifact.Source, to *artifact.Sink, read func(line string, e entry)) error {
	f := faults{to: to}
	defer f.end()
	for e, err := range entries(src.Reader()) {
		if err != nil {
			return err
		}
		w := walk{b: e.raw}
		if e.raw[0] != '"' {
			f.add("", errNoText)
			continue
		}
		for line := range strings.SplitSeq(string(w.text()), "\n") {
			if line = strings.TrimSpace(line); line != "" {
				read(line, e)
			}
		}
	}
	return nil
}
