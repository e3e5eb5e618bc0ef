package acquisition

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"
	"time"
)

// listed is a tree whose files were found beforehand, each with its own way to
// open it: sections of a dump, entries of a backup, files of a storage.
type listed struct {
	*candidate
	files  []File
	asides []*aside
}

// opener opens one file; it stands in File.key.
type opener func() (Content, error)

func (t *listed) each(yield func(File) bool) error {
	for _, f := range t.files {
		if !yield(f) {
			return nil
		}
	}
	return nil
}

func (t *listed) open(f File) (Content, error) {
	if open, ok := f.key.(opener); ok {
		return open()
	}
	return nil, errNoFile
}

func (t *listed) close() error {
	var err error
	for _, a := range t.asides {
		err = errors.Join(err, a.drop())
	}
	return err
}

// add lists a file of the storage under a device path.
func (t *listed) add(e entry, device string) {
	f := t.file(e, device)
	f.key = opener(func() (Content, error) { return t.storage.open(e) })
	t.files = append(t.files, f)
}

// keep makes room for content of a stream; nil when the path is not wanted.
// What says something about the phone always is.
func (t *listed) keep(path string) *aside {
	if t.Want != nil && !t.Want(path) && path != propertiesPath && path != headerPath {
		return nil
	}
	a := &aside{budget: t.budget}
	t.asides = append(t.asides, a)
	return a
}

// dump splits a dumpstate, or the output of dumpsys, and lists its sections.
func (t *listed) dump(e entry, note string) {
	r, err := stream(t.storage, e)
	if err != nil {
		t.problems.add(t.stored+e.path, err)
		return
	}
	defer r.Close()
	sections, err := splitDump(t.told(r, e), t.keep)
	if err != nil {
		t.problems.add(t.stored+e.path, err)
	}
	for _, s := range sections {
		f := File{Path: s.path, Stored: t.stored + e.path, Offset: s.offset, Size: s.size, Modified: e.modified, Note: s.note}
		if f.Note == "" {
			f.Note = note
		}
		if s.content != nil {
			f.key = opener(func() (Content, error) { return s.content, nil })
		}
		t.files = append(t.files, f)
	}
}

// counted is a reader that tells how far it is.
type counted struct {
	r        io.Reader
	n, total int64
	what     string
	progress func(string, int64, int64)
}

// Read reads and tells.
func (c *counted) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	c.progress(c.what, c.n, c.total)
	return n, err
}

func (g *candidate) told(r io.Reader, e entry) io.Reader {
	if g.Progress == nil {
		return r
	}
	return &counted{r: r, total: e.size, what: e.path, progress: g.Progress}
}

// beginning returns the first bytes of a file, at most n; nil when it cannot be
// read.
func (g *candidate) beginning(e entry, n int64) []byte {
	r, err := stream(g.storage, e)
	if err != nil {
		return nil
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, n))
	if err != nil && len(b) == 0 {
		return nil
	}
	return b
}

// has tells whether a file of this name is there.
func (g *candidate) has(name string) bool {
	e, err := g.entry(name)
	return err == nil && !e.dir
}

const (
	propertiesPath = "/dumpstate/SYSTEM PROPERTIES"
	headerPath     = "/dumpstate/header"
)

// androidDevice reads what the acquisition says about its phone: from its
// properties and from the line that begins a dumpstate.
func (a *Acquisition) androidDevice() {
	d := &a.Device
	a.Find(func(path string) bool { return path == propertiesPath || path == headerPath }, func(f File) bool {
		line := d.property
		if f.Path == headerPath {
			line = d.dumpLine
		}
		a.lines(f, line)
		return true
	})
	if zone, err := time.LoadLocation(d.Zone); err == nil && d.Zone != "" {
		d.Located = zone
	}
	if d.Taken != nil && d.Located != nil {
		at := time.Date(d.Taken.Year(), d.Taken.Month(), d.Taken.Day(), d.Taken.Hour(), d.Taken.Minute(), d.Taken.Second(), 0, d.Located).UTC()
		d.Taken = &at
	} else {
		d.Taken = nil // the phone's clock, and its zone is not known
	}
}

// lines gives the first lines of a file to a function.
func (a *Acquisition) lines(f File, line func(string)) {
	c, err := a.Open(f)
	if err != nil {
		return // the artifact that reads it says so
	}
	defer c.Close()
	in := bufio.NewReader(io.NewSectionReader(c, 0, min(c.Size(), 4<<20)))
	for {
		text, err := in.ReadString('\n')
		line(strings.TrimRight(text, "\r\n"))
		if err != nil {
			return
		}
	}
}

var propertyLine = regexp.MustCompile(`^\[([^\]]+)\]: \[(.{0,200})\]$`)

func (d *Device) property(line string) {
	m := propertyLine.FindStringSubmatch(line)
	if m == nil {
		return
	}
	switch m[1] {
	case "ro.product.model":
		d.Model = m[2]
	case "ro.build.version.release":
		d.System = "Android " + m[2]
	case "ro.build.display.id":
		d.Build = m[2]
	case "ro.serialno", "ro.boot.serialno":
		d.Serial = m[2]
	case "ro.build.version.security_patch":
		d.Patch = m[2]
	case "persist.sys.timezone":
		d.Zone = m[2]
	}
}

func (d *Device) dumpLine(line string) {
	if at, ok := strings.CutPrefix(line, "== dumpstate: "); ok {
		if t, err := time.Parse(time.DateTime, strings.TrimSpace(at)); err == nil {
			d.Taken = &t
		}
	}
}

// isIntrusionLog tells whether a text holds the events of Android's intrusion
// logging: an object a line.
func isIntrusionLog(beginning []byte) bool {
	line, _, _ := bytes.Cut(beginning, []byte("\n"))
	if !bytes.HasPrefix(bytes.TrimSpace(line), []byte("{")) {
		return false
	}
	for _, event := range []string{`"dns_event"`, `"connect_event"`, `"security_event"`} {
		if bytes.Contains(line, []byte(event)) {
			return true
		}
	}
	return false
}
