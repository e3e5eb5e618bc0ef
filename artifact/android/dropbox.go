package android

import (
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "android.dropbox",
		Title: "Crashes and restarts that the system noted (drop box)",
		Kinds: dumps,
		Paths: append(dumpsys("dropbox"), dumpstate("DROPBOX SYSTEM SERVER CRASHES", "DROPBOX SYSTEM APP CRASHES", "DROP BOX")...),
		Refs:  []string{"https://developer.android.com/reference/android/os/DropBoxManager", "https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/services/core/java/com/android/server/DropBoxManagerService.java"},
		Fields: [][2]string{
			{"tag", "what it is: data_app_crash, system_server_watchdog, SYSTEM_TOMBSTONE, SYSTEM_BOOT, ..."},
			{"process", "the process that it is about"},
			{"package", "the app"},
			{"about", "kind and size of what was noted"},
			{"text", "its first line that is no heading"},
		},
		Parse: parseDropBox,
	})
}

// drop is one entry of the box.
type drop struct {
	place
	when                            moment
	tag, about, process, pkg, first string
}

// parseDropBox reads entries "2026-08-12 12:00:00 data_app_crash (text, 10 bytes)",
// with or without their content behind.
func parseDropBox(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	var e *drop
	flush := func() {
		if e != nil {
			e.emit(d)
		}
		e = nil
	}
	for line := range d.lines() {
		text := strings.TrimSpace(line)
		if head, about, found := strings.Cut(text, " ("); found && len(head) > 20 && len(head) < 100 && line[0] == '2' {
			if when := d.local(head); !when.IsZero() && !strings.Contains(head[20:], " ") {
				flush()
				e = &drop{place: d.place(), when: when, tag: head[20:], about: strings.TrimSuffix(about, ")")}
				continue
			}
		}
		switch {
		case e == nil || text == "" || strings.HasPrefix(text, "======"):
		case strings.HasPrefix(text, "Process: ") && e.process == "":
			e.process = strings.TrimPrefix(text, "Process: ")
		case strings.HasPrefix(text, "Package: ") && e.pkg == "":
			e.pkg, _, _ = strings.Cut(strings.TrimPrefix(text, "Package: "), " ")
		case e.first == "" && !heading(text):
			e.first = text
		}
	}
	flush()
	return d.end()
}

// heading tells a line "Build: ...", "Flags: 0x..." from content.
func heading(text string) bool {
	key, _, found := strings.Cut(text, ": ")
	return found && !strings.ContainsAny(key, " .$") && key[0] >= 'A' && key[0] <= 'Z'
}

func (e *drop) emit(d *dump) {
	r := d.recordAt(e.place, artifact.Ran, e.when)
	r.Set("tag", e.tag)
	r.Set("process", e.process)
	if e.pkg == "" {
		e.pkg = packageIn(e.process)
	}
	r.Set("package", e.pkg)
	r.Set("about", e.about)
	r.Set("text", e.first)
	if e.process != "" {
		r.Observe(indicator.Process, e.process)
	}
	r.Observe(indicator.App, e.pkg)
	d.to.Emit()
}
