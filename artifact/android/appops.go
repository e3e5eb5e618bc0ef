package android

import (
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "android.appops",
		Title: "Uses of camera, microphone, place and other guarded operations",
		Kinds: dumps,
		Paths: dumpsys("appops"),
		Refs: []string{
			"https://developer.android.com/reference/android/app/AppOpsManager",
			"https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/services/core/java/com/android/server/appop/AppOpsService.java",
		},
		Fields: [][2]string{
			{"op", "the operation: CAMERA, RECORD_AUDIO, REQUEST_INSTALL_PACKAGES, ..."},
			{"package", "the app"},
			{"uid", "its user id"},
			{"mode", "allow, ignore, deny, foreground or default"},
			{"access", "access or reject; absent: only the mode is known"},
			{"state", "state of the process (top, fg, bg, cch) and how it came about (s: by itself)"},
			{"duration", "how long, as written"},
			{"proxy", "the app that used it on behalf of this one"},
			{"attribution", "the part of the app that used it"},
		},
		Parse: parseAppOps,
	})
}

// op is the operation whose lines are read.
type op struct {
	place
	uid, pkg, name, mode, attribution string
	used                              bool
}

// parseAppOps reads, of Android 9 to 16,
//
//	Uid u0a103:
//	  Package com.a:
//	    CAMERA (allow):
//	      null=[
//	        Access: [fg-s] 2022-03-07 18:05:34.325 (-22d4h22m19s762ms) duration=+33ms
//	      ]
//
// where the lines with brackets, which name a part of the app, are new in 11.
func parseAppOps(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	var o op
	flush := func() {
		if o.name != "" && !o.used {
			r := d.recordAt(o.place, artifact.Configured, moment{})
			o.describe(r)
			to.Emit()
		}
		o.name, o.used, o.attribution = "", false, ""
	}
	for line := range d.lines() {
		text := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(text, "Uid ") && strings.HasSuffix(text, ":"):
			flush()
			o = op{uid: strings.TrimSuffix(text[4:], ":")}
		case strings.HasPrefix(text, "Package ") && strings.HasSuffix(text, ":") && o.uid != "":
			flush()
			o.pkg = strings.TrimSuffix(text[8:], ":")
		case strings.HasPrefix(text, "Access: "), strings.HasPrefix(text, "Reject: "):
			o.access(d, text)
		case strings.HasSuffix(text, "=["):
			o.attribution = strings.TrimSuffix(text, "=[")
		case o.pkg != "" && opName(text) != "":
			flush()
			o.place, o.name = d.place(), opName(text)
			o.mode, _, _ = strings.Cut(text[len(o.name)+2:], ")")
		case o.uid != "" && o.pkg == "" && strings.Contains(text, ": mode="):
			flush()
			o.place = d.place()
			o.name, o.mode, _ = strings.Cut(text, ": mode=")
			flush()
		}
	}
	flush()
	return d.end()
}

// opName returns the operation of a line "CAMERA (allow): ".
func opName(text string) string {
	name, rest, found := strings.Cut(text, " (")
	if !found || !strings.Contains(rest, ")") || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") != "" {
		return ""
	}
	return name
}

func (o *op) describe(r *artifact.Record) {
	r.Set("op", o.name)
	r.Set("package", o.pkg)
	r.Set("uid", o.uid)
	r.Set("mode", o.mode)
	r.Observe(indicator.App, o.pkg)
}

// access reads "Access: [fg-s] 2022-03-07 18:05:34.325 (-22d4h) duration=+33ms".
func (o *op) access(d *dump, text string) {
	if o.name == "" {
		return
	}
	o.used = true
	state, rest, _ := strings.Cut(strings.TrimSpace(text[8:]), "]")
	rest = strings.TrimSpace(rest)
	act := artifact.Ran
	if text[0] == 'R' {
		act = artifact.Configured
	}
	r := d.record(act, d.local(rest))
	o.describe(r)
	r.Set("access", strings.ToLower(text[:6]))
	r.Set("state", strings.TrimPrefix(state, "["))
	r.Set("duration", value(rest, "duration="))
	if _, proxy, found := strings.Cut(rest, "proxy["); found {
		r.Set("proxy", strings.TrimPrefix(value(proxy, "pkg="), "null"))
	}
	if o.attribution != "null" {
		r.Set("attribution", o.attribution)
	}
	d.to.Emit()
}
