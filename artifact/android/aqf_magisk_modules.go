package android

import (
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "android.aqf_magisk_modules",
		Title: "Modules of Magisk, which change the system of a rooted phone",
		Kinds: aqf,
		Paths: []string{"/aqf/magisk_modules/manifest.json", "/aqf/magisk_modules/*/module.prop"},
		Refs:  []string{"https://topjohnwu.github.io/Magisk/guides.html", "https://github.com/mvt-project/androidqf"},
		Fields: [][2]string{
			{"path", "the module's folder"},
			{"name", "the folder's name; of module.prop the module's"},
			{"id", "its id"},
			{"version", "its version"},
			{"author", "who made it"},
			{"description", "what it says it does"},
			{"update", "where it asks for updates"},
			{"state", "disable, remove or update: what is to be done with it at the next start"},
			{"status", "whether androidqf could collect module.prop; without a path: of the whole list"},
		},
		Parse: parseMagisk,
	})
}

func parseMagisk(src *artifact.Source, to *artifact.Sink) error {
	if strings.HasSuffix(src.Path, ".prop") {
		return parseModuleProp(src, to)
	}
	return eachEntry(src, to, func(w *walk, e entry) {
		w.object(func(key []byte) {
			switch string(key) {
			case "status":
				r := beginEntry(src, to, artifact.Configured, e)
				r.Set("status", string(w.text()))
				to.Emit()
			case "modules":
				w.list(func() { emitModule(src, to, w, e) })
			}
		})
	})
}

func emitModule(src *artifact.Source, to *artifact.Sink, w *walk, e entry) {
	r := beginEntry(src, to, artifact.Present, e)
	var states list
	w.object(func(key []byte) {
		switch string(key) {
		case "device_path":
			r.Set("path", string(w.text()))
			r.Observe(indicator.FilePath, r.Text("path"))
		case "directory_name":
			r.Set("name", string(w.text()))
		case "module_prop_status":
			r.Set("status", string(w.text()))
		case "state_files":
			w.list(func() { states.add(string(w.text())) })
		}
	})
	r.Set("state", states.String())
	to.Emit()
}

// parseModuleProp reads the "name=value" lines of one module.
func parseModuleProp(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	found := map[string]string{}
	for line := range d.lines() {
		if name, v, ok := strings.Cut(line, "="); ok && len(found) < 100 {
			found[name] = v
		}
	}
	r := d.recordAt(place{}, artifact.Present, moment{})
	for _, name := range [...]string{"id", "name", "version", "author", "description"} {
		r.Set(name, found[name])
	}
	r.Set("update", found["updateJson"])
	r.Link(found["updateJson"])
	to.Emit()
	return d.end()
}
