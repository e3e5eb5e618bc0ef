package acquisition

import (
	"errors"
	"io/fs"
	"strings"
)

func init() {
	register(recogniser{kind: AndroidQF, marks: "acquisition.json, packages.json or getprop.txt of androidqf", order: 50, recognise: androidQF,
		keeps: func(string, func(string) bool) bool { return true }})
}

// What androidqf collects; names of which one alone tells nothing come second.
//
// Source: https://github.com/mvt-project/androidqf (modules).
var (
	aqfOwn  = []string{"acquisition.json", "packages.json", "files.json", "root_binaries.json", "mounts.json", "processes.json", "getprop.txt", "dumpsys.txt"}
	aqfElse = []string{"processes.txt", "ps.txt", "settings_global.txt", "settings_secure.txt", "settings_system.txt", "services.txt", "env.txt", "command.log", "logcat.txt", "bugreport.zip", "backup.ab"}
)

func (g *candidate) isAndroidQF() bool {
	own, other := 0, 0
	for _, name := range aqfOwn {
		if g.has(name) {
			own++
		}
	}
	for _, name := range aqfElse {
		if g.has(name) {
			other++
		}
	}
	return own > 1 || (own == 1 && other > 0)
}

// androidQF opens an acquisition by androidqf, and what it holds: a bugreport,
// a backup and intrusion logs.
func androidQF(g *candidate) ([]*Acquisition, error) {
	if !g.isAndroidQF() {
		return nil, nil
	}
	t := &listed{candidate: g}
	a := g.acquisition(AndroidQF, t)
	var report, backup *entry
	err := g.storage.each("", true, func(e entry) bool {
		switch {
		case e.dir || e.link != "" || strings.HasPrefix(e.path, "intrusion_logs/"):
			return true
		case e.path == "bugreport.zip":
			report = &e
			return true
		case e.path == "backup.ab":
			backup = &e
			return true
		case e.path == "getprop.txt":
			t.add(e, propertiesPath)
		}
		t.add(e, "/aqf/"+e.path)
		return true
	})
	if err != nil {
		g.problems.add(g.stored, err)
	}
	if e, err := g.entry("dumpsys.txt"); err == nil {
		note := ""
		if report != nil {
			note = "of dumpsys.txt; the bugreport beside it was taken at another time"
		}
		t.dump(e, note)
	}
	a.androidDevice()
	all := []*Acquisition{a}
	if report != nil {
		all = append(all, g.nested(a, *report)...)
	}
	if backup != nil {
		all = append(all, g.nested(a, *backup)...)
	}
	logs := g.at("intrusion_logs")
	logs.within = a
	in, err := intrusionLogs(logs)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		g.problems.add(logs.stored, err)
	}
	all = append(all, in...)
	for _, in := range all[1:] {
		if in.Device.Model == "" {
			in.Device = a.Device
		}
	}
	return all, nil
}
