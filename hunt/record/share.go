package record

import (
	"fmt"
	"hash/fnv"
	"path/filepath"
)

// Share returns the part of the files that one of several machines reads: every
// of-th, from number on (the first is 1). What cannot be read at all is in the
// first part.
func (f *Files) Share(number, of int) *Files {
	part := &Files{limit: f.limit, words: newWords()}
	if number == 1 {
		part.skipped = f.skipped
	}
	for i := number - 1; i < len(f.paths); i += of {
		part.paths = append(part.paths, f.paths[i])
		part.records += about(f.paths[i])
	}
	return part
}

// Print tells lists of files apart: by their names, wherever they are mounted,
// and how many records they have.
func (f *Files) Print() string {
	h := fnv.New128a()
	for _, p := range f.paths {
		fmt.Fprintf(h, "%q\n", filepath.Base(p))
	}
	return fmt.Sprintf("%x %d", h.Sum(nil), f.records)
}
