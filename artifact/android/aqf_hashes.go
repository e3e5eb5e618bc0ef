package android

import (
	"encoding/hex"
	"errors"
	"path"
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "android.aqf_hashes",
		Title:  "Hashes of the files that androidqf collected, copies of apps among them",
		Kinds:  aqf,
		Paths:  []string{"/aqf/hashes.csv"},
		Refs:   []string{"https://github.com/mvt-project/androidqf"},
		Fields: [][2]string{{"path", "the file in the acquisition, as it was written"}, {"sha256", "of its content"}},
		Parse:  parseHashes,
	})
}

var errNoHash = errors.New("no line of a path and a SHA-256")

func parseHashes(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	for line := range d.lines() {
		i := strings.LastIndexByte(line, ',')
		if line == "" {
			continue
		}
		if i < 0 {
			d.faults.add(d.where(), errNoHash)
			continue
		}
		name, sum := strings.Trim(line[:i], `"`), strings.Trim(line[i+1:], `" `)
		if b, err := hex.DecodeString(sum); err != nil || len(b) != 32 {
			d.faults.add(d.where(), errNoHash)
			continue
		}
		r := d.record(artifact.Present, moment{})
		r.Set("path", name)
		r.Set("sha256", sum)
		r.Observe(indicator.SHA256, sum)
		r.Observe(indicator.FileName, path.Base(strings.ReplaceAll(name, `\`, "/")))
		to.Emit()
	}
	return d.end()
}
