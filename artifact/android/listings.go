package android

import (
	"path"
	"strings"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

var listingFields = [][2]string{{"path", "where it stood on the device"}, {"size", "bytes"}, {"modified", "when it was last changed"}, {"note", "what is odd about it"}}

// listed gives one file of a listing under the path it had on the device.
func listed(f acquisition.File, to *artifact.Sink, name string) {
	r := to.Record(artifact.Present, f.Modified)
	r.Where.File = f.Stored
	fillListed(r, f, name)
	to.Emit()
}

func fillListed(r *artifact.Record, f acquisition.File, name string) {
	r.Set("path", name)
	if f.Size >= 0 {
		r.Set("size", f.Size)
	}
	r.Set("modified", f.Modified)
	r.Set("note", f.Note)
	r.Observe(indicator.FilePath, name)
	r.Observe(indicator.FileName, path.Base(name))
}

// under makes a listing artifact of what stands below one of the folders,
// which are not part of the path on the device.
func under(folders ...string) func(acquisition.File, *artifact.Sink) {
	return func(f acquisition.File, to *artifact.Sink) {
		for _, folder := range folders {
			if name, found := strings.CutPrefix(f.Path, folder); found && !f.Dir {
				listed(f, to, name)
				return
			}
		}
	}
}
