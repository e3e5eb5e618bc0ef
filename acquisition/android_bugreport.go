package acquisition

import (
	"regexp"
	"strings"
)

func init() {
	register(recogniser{kind: AndroidBugreport, marks: "main_entry.txt or a dumpstate of an Android bugreport", order: 60, recognise: bugreport,
		keeps: func(string, func(string) bool) bool { return true }})
}

// bareDump is how a dumpstate is called that stands without a main_entry.txt.
var bareDump = regexp.MustCompile(`(?i)^(dumpstate|bugreport)[^/]*\.(txt|log)$`)

// dumpEntry finds a bugreport's dumpstate.
//
// Source: AOSP frameworks/native/cmds/dumpstate/bugreport-format.md.
func (g *candidate) dumpEntry() (entry, bool) {
	if main, err := g.entry("main_entry.txt"); err == nil {
		if e, err := g.entry(strings.TrimSpace(string(g.beginning(main, 4096)))); err == nil && !e.dir {
			return e, true
		}
	}
	var found entry
	g.storage.each("", false, func(e entry) bool {
		if !e.dir && bareDump.MatchString(e.path) {
			found = e
		}
		return found.path == ""
	})
	return found, found.path != ""
}

// bugreport opens a bugreport: a zip file, the folder it unpacks to, or a
// dumpstate alone.
func bugreport(g *candidate) ([]*Acquisition, error) {
	dump, ok := g.dumpEntry()
	if !ok {
		return nil, nil
	}
	t := &listed{candidate: g}
	err := g.storage.each("", true, func(e entry) bool {
		switch {
		case e.dir || e.link != "" || e.path == dump.path:
		case strings.HasPrefix(e.path, "FS/"):
			t.add(e, "/"+e.path)
		default:
			t.add(e, "/bugreport/"+e.path)
		}
		return true
	})
	if err != nil {
		g.problems.add(g.stored, err)
	}
	t.dump(dump, "")
	a := g.acquisition(AndroidBugreport, t)
	a.androidDevice()
	return []*Acquisition{a}, nil
}
