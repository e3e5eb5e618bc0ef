package heuristic

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

// How far apart, and how many, the events of one attack are (triangle_check).
const (
	triangleSpan   = 5 * time.Minute
	triangleEvents = 10
)

func init() {
	Register(Heuristic{
		Name:      "h.triangulation",
		Title:     "Traces of Operation Triangulation",
		Artifacts: []string{"ios.manifest", "ios.file_system", "ios.osanalytics_addaily", "ios.data_usage", "ios.net_usage", "ios.locationd_clients"},
		Refs: []string{
			"https://securelist.com/find-the-triangulation-utility/109867/",
			"https://securelist.com/operation-triangulation/109842/",
		},
		New: func(acquisition.Device) Watcher {
			t := triangle{folders: map[string]*attachments{}}
			return Rule{OnRecord: t.watch, OnEnd: t.end}
		},
	})
}

// triangle gathers the events that an infection left together.
type triangle struct {
	events  []triangleEvent
	folders map[string]*attachments
}

type triangleEvent struct {
	at    time.Time
	class string // file, net, location or sms
	what  string
	r     *artifact.Record
}

// attachments is one folder of SMS attachments.
type attachments struct {
	r     *artifact.Record
	files bool // it holds something: then a real attachment came
}

const smsAttachments = "/Library/SMS/Attachments/"

func (t *triangle) watch(r *artifact.Record, report Report) {
	switch r.Artifact {
	case "ios.manifest", "ios.file_system":
		t.file(r)
	case "ios.locationd_clients":
		who := first(r, "client", "bundle", "path")
		if strings.Contains(who, "IonosphereHarvest") || strings.Contains(who, "WRMLinkSelection") {
			t.add(r, r.Time, "location", who)
		}
	default:
		t.process(r, report)
	}
}

func (t *triangle) process(r *artifact.Record, report Report) {
	if r.Where.Table == "ZLIVEUSAGE" {
		return // it repeats what the rows of processes say
	}
	process, _, _ := strings.Cut(text(r, "process"), "/")
	switch process {
	case "BackupAgent":
		report(Finding{Severity: artifact.High, Record: r.Clone(),
			Title:       "The process BackupAgent used the network",
			Explanation: "iOS has a program of this name that it does not use any more; its successor is BackupAgent2. The spyware of Operation Triangulation ran under this name, and Kaspersky calls this a sure sign of it.",
		})
	case "nehelper", "com.apple.WebKit.WebContent", "powerd", "lockdownd":
		t.add(r, moment(r, "first"), "net", process)
		if last := moment(r, "last"); !last.Equal(moment(r, "first")) {
			t.add(r, last, "net", process)
		}
	}
}

func (t *triangle) file(r *artifact.Record) {
	path := text(r, "path")
	if i := strings.Index(path, smsAttachments); i >= 0 {
		t.attachment(r, path[i+len(smsAttachments):])
		return
	}
	switch base(path) {
	case "com.apple.ImageIO.plist", "com.apple.StatusBarIconManager.plist", "com.apple.identityservicesd.FaceTime.plist", "com.apple.ids.FaceTime.plist":
		t.add(r, r.Time, "file", base(path))
	}
}

// attachment notes "AB/11" as an empty folder, and "AB/11/GUID/photo.heic" as
// what fills it.
func (t *triangle) attachment(r *artifact.Record, inside string) {
	parts := strings.SplitN(inside, "/", 4)
	if len(parts) < 2 {
		return
	}
	name := parts[0] + "/" + parts[1]
	f := t.folders[name]
	if f == nil {
		if len(t.folders) >= maxEvents/16 {
			return
		}
		f = &attachments{}
		t.folders[name] = f
	}
	if len(parts) == 2 {
		f.r = r.Clone()
	}
	f.files = f.files || len(parts) == 4
}

func (t *triangle) add(r *artifact.Record, at time.Time, class, what string) {
	if !at.IsZero() && len(t.events) < maxEvents/16 {
		t.events = append(t.events, triangleEvent{at, class, what, r.Clone()})
	}
}

// end looks for windows in which events of several classes fall together. A
// folder counts only when it is empty and says both when it was changed and
// when its entry was: one in which a file stands had a real attachment.
func (t *triangle) end(report Report) {
	var real []time.Time
	for name, f := range t.folders {
		if f.r == nil {
			continue
		}
		modified, changed := f.r.Time, moment(f.r, "changed")
		if f.files {
			real = append(real, modified)
		} else if !modified.IsZero() && !changed.IsZero() {
			t.add(f.r, modified, "sms", "the empty folder Attachments/"+name)
		}
	}
	slices.SortFunc(t.events, func(a, b triangleEvent) int { return cmp.Or(a.at.Compare(b.at), strings.Compare(a.what, b.what)) })
	reported := 0
	for i := 0; i < len(t.events) && reported < maxSingle; i++ {
		window := t.window(i)
		if classes := classesOf(window); len(classes) >= 2 && !attached(real, window) {
			report(triangulated(window, classes))
			reported++
			i += len(window) - 1
		}
	}
}

func (t *triangle) window(i int) []triangleEvent {
	j := i
	for j < len(t.events) && j-i < triangleEvents && t.events[j].at.Sub(t.events[i].at) <= triangleSpan {
		j++
	}
	return t.events[i:j]
}

func classesOf(window []triangleEvent) []string {
	var classes []string
	for _, e := range window {
		if !slices.Contains(classes, e.class) {
			classes = append(classes, e.class)
		}
	}
	slices.Sort(classes)
	return classes
}

// attached tells whether a real attachment came in a window.
func attached(real []time.Time, window []triangleEvent) bool {
	from, to := window[0].at, window[len(window)-1].at
	return slices.ContainsFunc(real, func(at time.Time) bool { return !at.Before(from) && !at.After(to) })
}

func triangulated(window []triangleEvent, classes []string) Finding {
	var what []string
	f := Finding{Severity: artifact.Low, Record: window[0].r}
	for i, e := range window {
		if !slices.Contains(what, e.what) {
			what = append(what, e.what)
		}
		if i > 0 {
			f.Around = append(f.Around, e.r)
		}
	}
	// An emptied folder of attachments is the mark of the attack itself; the
	// others also come together on phones without it.
	if slices.Contains(classes, "sms") && len(classes) >= 3 || len(classes) == 4 {
		f.Severity = artifact.Medium
	}
	f.Title = fmt.Sprintf("Within five minutes from %s UTC: %s", window[0].at.UTC().Format("2006-01-02 15:04"), list(what))
	f.Explanation = "Operation Triangulation attacked through an attachment that was removed afterwards, and changed these files and used the network under these names in the minutes around it. Each of them alone is ordinary, and two can meet by chance; the more of them meet, the less likely is chance."
	return f
}
