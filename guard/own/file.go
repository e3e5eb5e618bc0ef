package own

import (
	"bytes"
	"fmt"
	"os"
	"sync/atomic"
)

// File is a file of rules that may change while they are in use.
type File struct {
	path  string
	tried bool
	was   []byte
	set   atomic.Pointer[Set]
}

// Open reads a file of rules, {"rules":[...]}, and tries the examples of each.
func Open(path string) (*File, error) {
	f := &File{path: path}
	_, err := f.Renew()
	return f, err
}

// Renew reads the file again where it has changed. A file that is not right changes
// nothing: the rules that were in use stay so. It is not called by several goroutines.
func (f *File) Renew() (changed bool, err error) {
	b, err := os.ReadFile(f.path)
	if f.tried && bytes.Equal(b, f.was) { // a file that is wrong, or gone, is said once
		return false, nil
	}
	f.tried, f.was = true, b
	var s *Set
	if err == nil {
		s, err = Parse(b)
	}
	if err != nil {
		return false, fmt.Errorf("rules of %s: %w", f.path, err)
	}
	f.set.Store(s)
	return true, nil
}

// Set is the rules in use; of no file there are none.
func (f *File) Set() *Set {
	if f == nil {
		return nil
	}
	return f.set.Load()
}
