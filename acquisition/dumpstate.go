package acquisition

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// A dumpstate is one text of many sections: what dumpstate itself collected
// stands under "------ TITLE (command) ------", what it asked the services for
// under "DUMP OF SERVICE NAME:". It is read once, from its beginning to its end.
//
// Source: AOSP frameworks/native/cmds/dumpstate/dumpstate.cpp and
// cmds/dumpsys/dumpsys.cpp (writeDumpHeader, writeDumpFooter).

const (
	dumpWindow    = 1 << 20 // bytes looked at once
	maxDumpHeader = 1 << 10 // bytes of a header's line
	maxSections   = 20000
)

var (
	titleMark   = []byte("\n------ ")
	serviceMark = []byte("\nDUMP OF SERVICE ")
)

// dumpSection is one section of a dumpstate.
type dumpSection struct {
	path    string // "/dumpsys/NAME", "/dumpstate/TITLE"
	offset  int64  // of its first byte after the header's line
	size    int64
	note    string
	content *aside // nil when it was not wanted
	headed  bool   // its header's line has ended
}

// dumpSplitter splits a dumpstate as it is read.
type dumpSplitter struct {
	keep     func(path string) *aside // nil: not wanted
	sections []dumpSection
	seen     map[string]int
	open     *dumpSection // the last
	err      error
}

// splitDump reads a dumpstate to its end. Sections read before an error hold.
//
// Errors: what reading and keeping meets, ErrLimit for too many sections.
func splitDump(r io.Reader, keep func(path string) *aside) ([]dumpSection, error) {
	d := &dumpSplitter{keep: keep, seen: map[string]int{}}
	d.begin("/dumpstate/header", 0)
	// The window begins with a line's end, so that a mark at the very
	// beginning of the file is found like any other.
	window := make([]byte, 1, dumpWindow+maxDumpHeader)
	window[0] = '\n'
	at := int64(-1) // offset of window[0]
	for ended := false; !ended && d.err == nil; {
		n, err := io.ReadFull(r, window[len(window):dumpWindow])
		window = window[:len(window)+n]
		if err != nil {
			ended = true
			if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				d.err = err
			}
		}
		done := d.scan(window, at, ended)
		at += int64(done)
		window = window[:copy(window, window[done:])]
	}
	d.cut()
	return d.sections, d.err
}

// scan gives the bytes of a window to their sections, and returns how many of
// them are done with. What may be the beginning of a mark waits for more.
func (d *dumpSplitter) scan(window []byte, at int64, ended bool) int {
	done := 0
	title, service := mark(window, titleMark, 0), mark(window, serviceMark, 0)
	for {
		next := min(title, service)
		if next == len(window) {
			break
		}
		path, length, whole := header(window[next+1:], ended)
		if !whole {
			d.give(window[done:next], at+int64(done))
			return next
		}
		if path != "" {
			d.give(window[done:next], at+int64(done))
			done = next + 1 + length
			d.begin(path, at+int64(done))
		}
		from := next + 1
		if title == next {
			title = mark(window, titleMark, from)
		}
		if service == next {
			service = mark(window, serviceMark, from)
		}
	}
	end := len(window)
	if !ended {
		end = max(done, len(window)-len(serviceMark))
	}
	d.give(window[done:end], at+int64(done))
	return end
}

// mark returns where a mark stands at or after from; the window's length when
// it does not.
func mark(window, m []byte, from int) int {
	if i := bytes.Index(window[from:], m); i >= 0 {
		return from + i
	}
	return len(window)
}

// header reads the line of a mark. path is empty for a line that begins no
// section ("------ 0.034s was the duration of ..."); whole is false when the
// line goes on behind the window.
func header(line []byte, ended bool) (path string, length int, whole bool) {
	end := bytes.IndexByte(line[:min(len(line), maxDumpHeader)], '\n')
	switch {
	case end >= 0:
		length = end
	case len(line) >= maxDumpHeader:
		return "", 0, true // no header is that long
	case !ended:
		return "", 0, false
	default:
		length = len(line)
	}
	text := strings.TrimRight(string(line[:length]), "\r \n")
	if name, ok := strings.CutPrefix(text, "DUMP OF SERVICE "); ok {
		name = strings.TrimSuffix(name, ":")
		for _, level := range []string{"CRITICAL ", "HIGH ", "NORMAL "} {
			name = strings.TrimPrefix(name, level)
		}
		return "/dumpsys/" + component(name), length, true
	}
	text, ok := strings.CutSuffix(strings.TrimPrefix(text, "------ "), " ------")
	if !ok || strings.Contains(text, "was the duration of") {
		return "", length, true
	}
	title, _, _ := strings.Cut(text, " (")
	return "/dumpstate/" + component(title), length, true
}

// component is a section's name as one component of a path.
func component(name string) string {
	name = strings.Map(func(r rune) rune {
		if r == '/' || r < ' ' || r == 0x7f || r == 0xfffd {
			return '_'
		}
		return r
	}, strings.TrimSpace(name))
	if name == "" || name == "." || name == ".." {
		return "_" + name
	}
	return name
}

func (d *dumpSplitter) begin(path string, at int64) {
	if len(d.sections) == maxSections {
		d.err = fmt.Errorf("%w: more than %d sections", ErrLimit, maxSections)
		return
	}
	if n := d.seen[path] + 1; n > 1 {
		d.seen[path] = n
		path = fmt.Sprintf("%s#%d", path, n)
	}
	d.seen[path]++
	d.sections = append(d.sections, dumpSection{path: path, offset: at, content: d.keep(path)})
	d.open = &d.sections[len(d.sections)-1]
}

// give adds bytes to the section that is open.
func (d *dumpSplitter) give(b []byte, at int64) {
	if at < 0 && len(b) > 0 { // the line's end that stands before the file
		b = b[1:]
	}
	if !d.open.headed && len(b) > 0 {
		d.open.headed = true
		if b[0] == '\n' && d.open.path != "/dumpstate/header" {
			b = b[1:]
			d.open.offset++
		}
	}
	d.open.size += int64(len(b))
	if d.open.content != nil && d.err == nil {
		_, d.err = d.open.content.Write(b)
	}
}

// cut marks the last section when it does not end as sections do.
func (d *dumpSplitter) cut() {
	last := &d.sections[len(d.sections)-1]
	if d.err != nil {
		last.note = "cut short: " + d.err.Error()
		return
	}
	if strings.HasPrefix(last.path, "/dumpsys/") && last.content != nil && !bytes.Contains(last.content.tail(), []byte("was the duration of dumpsys")) {
		last.note = "the dump ends within this section, or was not ended as usual"
	}
}
