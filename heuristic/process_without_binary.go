package heuristic

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

// fewMissing is up to how many programs may be missing before it rather is the
// listing that is not complete.
const fewMissing = 5

func init() {
	Register(Heuristic{
		Name:      "h.process_without_binary",
		Title:     "Processes that used the network and whose program is not on the phone",
		Artifacts: append([]string{"ios.file_system"}, usageArtifacts...),
		Refs:      usageRefs,
		New: func(acquisition.Device) Watcher {
			var found groups
			files := listed{seed: maphash.MakeSeed(), names: map[uint64]struct{}{}}
			return Rule{
				OnRecord: func(r *artifact.Record, _ Report) {
					if r.Artifact == "ios.file_system" {
						files.add(text(r, "path"))
					} else if r.Where.Table == "ZPROCESS" && text(r, "bundle") == "" {
						if name, _, _ := strings.Cut(text(r, "process"), "/"); name != "" {
							found.add(name, r)
						}
					}
				},
				OnEnd: func(report Report) { withoutBinary(found, files, report) },
			}
		},
	})
}

// listed is what a file listing holds: the base names' hashes, as hundreds of
// thousands of names would take tens of megabytes.
type listed struct {
	seed   maphash.Seed
	names  map[uint64]struct{}
	system bool // it holds the programs of the system, and not only its data
}

func (l *listed) add(path string) {
	if len(l.names) < maxEvents {
		l.names[maphash.String(l.seed, base(path))] = struct{}{}
	}
	l.system = l.system || strings.HasPrefix(path, "/usr/libexec/")
}

func withoutBinary(found groups, files listed, report Report) {
	if !files.system || len(files.names) >= maxEvents {
		return // what is not in the listing may be on the phone
	}
	names := slices.DeleteFunc(found.names(), func(name string) bool {
		_, there := files.names[maphash.String(files.seed, name)]
		return there
	})
	severity := artifact.Medium
	if len(names) > fewMissing {
		severity = artifact.Low
	}
	for _, name := range names[:min(len(names), maxSingle)] {
		report(found.by[name].finding(severity, fmt.Sprintf("The process %s used the network, and no file of the phone has its name", name),
			"The program belongs to no app and is not among the files. Programs of earlier versions of iOS are remembered like this, and so are programs that removed themselves. If many are missing, it rather is the list of files that is not complete."))
	}
}
