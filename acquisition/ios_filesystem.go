package acquisition

import (
	"bytes"
	"path"
	"strings"
	"time"

	"github.com/ringfence/ringfence/acquisition/plist"
)

// A file system is the copy of a whole iPhone, or of its data volume, that a
// jailbreak, a boot ROM exploit or a laboratory's tool makes: a folder, tar or
// zip file whose root is "/", or a folder in it ("filesystem1").

func init() {
	register(recogniser{
		kind: IOSFileSystem, marks: "private/var/mobile (an iOS file system)", order: 30,
		recognise: recogniseFileSystem,
		keeps: func(stored string, want func(string) bool) bool {
			if isDiagnosticArchive(stored) {
				return true
			}
			for _, name := range fileSystemAbout {
				if strings.HasSuffix(stored, name) {
					return true
				}
			}
			for _, device := range deviceGuesses(stored) {
				if want(device) {
					return true
				}
			}
			return false
		},
	})
}

// What tells of the device, at the end of a stored path.
const (
	systemVersion  = "System/Library/CoreServices/SystemVersion.plist"
	mobileGestalt  = "containers/Shared/SystemGroup/systemgroup.com.apple.mobilegestaltcache/Library/Caches/com.apple.MobileGestalt.plist"
	lockdownData   = "root/Library/Lockdown/data_ark.plist"
	zoneLink       = "db/timezone/localtime"
	diagnosticLogs = "mobile/Library/Logs/CrashReporter/DiagnosticLogs/sysdiagnose"
)

var fileSystemAbout = []string{systemVersion, mobileGestalt, lockdownData}

// layout is a way in which a file system stands in a storage: by what it is
// known, and where the folders of its system and of its data volume are.
type layout struct {
	has          []string
	system, data string // "": none of its own; folders end with a slash
}

const nowhere = "\x00" // no stored path begins so

var layouts = []layout{
	{[]string{"filesystem1", "filesystem2/mobile"}, "filesystem1/", "filesystem2/"}, // Cellebrite's: one volume each
	{[]string{"private/var/mobile"}, "", nowhere},
	{[]string{"private/var/db", "private/var/root"}, "", nowhere},
	{[]string{"var/mobile"}, "", nowhere},
	{[]string{"mobile/Library", "mobile/Containers"}, nowhere, ""}, // the data volume alone
	{[]string{"mobile/Library", "Keychains"}, nowhere, ""},
}

func recogniseFileSystem(g *candidate) ([]*Acquisition, error) {
	for _, l := range layouts {
		if !hasAll(g, l.has) {
			continue
		}
		f := &fileSystem{g, l}
		a := g.acquisition(IOSFileSystem, mapped{g, f.device})
		a.Device = f.about()
		return append([]*Acquisition{a}, f.diagnostics(a)...), nil
	}
	return nil, nil
}

func hasAll(s storage, names []string) bool {
	for _, name := range names {
		if e, err := s.entry(name); err != nil || !e.dir {
			return false
		}
	}
	return true
}

// fileSystem is a file system in a storage.
type fileSystem struct {
	*candidate
	layout
}

// device is where a stored path stood. What a tool put beside the volumes
// stands under its own name.
func (f *fileSystem) device(stored string) string {
	if below, ok := strings.CutPrefix(stored, f.data); ok {
		return "/private/var/" + below
	}
	return devicePath("/" + strings.TrimPrefix(stored, f.system))
}

// devicePath is an absolute path without the links that every iOS has: /var,
// /etc and /tmp lead to /private.
func devicePath(p string) string {
	for _, dir := range []string{"/var", "/etc", "/tmp"} {
		if strings.HasPrefix(p, dir) && (len(p) == len(dir) || p[len(dir)] == '/') {
			return "/private" + p
		}
	}
	return p
}

// deviceGuesses are the paths that a stored file may have had, as long as the
// root is not known.
func deviceGuesses(stored string) []string {
	if i := componentsIn(stored, "private/var/"); i >= 0 {
		return []string{"/" + stored[i:]}
	}
	if i := componentsIn(stored, "var/"); i >= 0 {
		return []string{"/private/" + stored[i:]}
	}
	guesses := []string{"/private/var/" + stored, "/" + stored}
	for rest, i := stored, 0; i < maxLook; i++ {
		_, below, ok := strings.Cut(rest, "/")
		if !ok {
			break
		}
		guesses = append(guesses, "/"+below, "/private/var/"+below)
		rest = below
	}
	return guesses
}

// componentsIn finds part, which ends with a slash, at the beginning of a
// component; -1 when it is not there.
func componentsIn(stored, part string) int {
	if strings.HasPrefix(stored, part) {
		return 0
	}
	if i := strings.Index(stored, "/"+part); i >= 0 {
		return i + 1
	}
	return -1
}

// under is where a path under /private/var stands.
func (f *fileSystem) under(name string) string {
	switch {
	case f.data != nowhere:
		return f.data + name
	case hasAll(f, []string{"private/var"}):
		return "private/var/" + name
	}
	return "var/" + name
}

// about reads what the file system says of its device.
func (f *fileSystem) about() (d Device) {
	d.system(f.dict(strings.TrimPrefix(f.layout.system, nowhere) + systemVersion))
	// The keys of this cache are hashes of names: here ProductType.
	// Source: J. Levin, "MobileGestalt", newosxbook.com.
	extra := dictOf(f.dict(f.under(mobileGestalt))["CacheExtra"])
	d.Model = textOf(extra["h9jDsbgj7xIVeIQ8S3/X3Q"])
	ark := f.dict(f.under(lockdownData))
	d.Name, d.Zone = textOf(ark["-DeviceName"]), textOf(ark["-TimeZone"])
	if e, err := f.entry(f.under(zoneLink)); err == nil && e.link != "" {
		if _, zone, ok := strings.Cut(e.link, "zoneinfo/"); ok {
			d.Zone = zone
		}
	}
	d.locate()
	return d
}

// system reads SystemVersion.plist.
func (d *Device) system(v plist.Dict) {
	if version := textOf(v["ProductVersion"]); version != "" {
		name := textOf(v["ProductName"])
		if name == "" || name == "iPhone OS" {
			name = "iOS"
		}
		d.System = name + " " + version
	}
	if build := textOf(v["ProductBuildVersion"]); build != "" {
		d.Build = build
	}
}

// locate loads the zone.
func (d *Device) locate() {
	if d.Zone == "" || d.Located != nil || strings.Contains(d.Zone, "..") {
		return
	}
	if zone, err := time.LoadLocation(d.Zone); err == nil {
		d.Located = zone
	}
}

// dict reads a small property list; nil when there is none that can be read.
func (g *candidate) dict(name string) plist.Dict {
	raw, err := readSmall(g.storage, name, maxInfo)
	if err != nil {
		return nil
	}
	v, err := plist.Parse(bytes.TrimRight(raw, "\x00"))
	if err != nil {
		g.problems.add(g.stored+name, err)
		return nil
	}
	return dictOf(v)
}

// isDiagnosticArchive tells a sysdiagnose that was made on the phone and still
// stands there.
func isDiagnosticArchive(stored string) bool {
	return strings.HasSuffix(path.Dir(stored), diagnosticLogs) && isPacked(stored)
}

// diagnostics opens the sysdiagnoses that stand on the phone.
func (f *fileSystem) diagnostics(a *Acquisition) (all []*Acquisition) {
	dir := f.under(diagnosticLogs)
	if _, err := f.entry(dir); err != nil {
		return nil
	}
	var found []entry
	err := f.storage.each(dir, false, func(e entry) bool {
		if !e.dir && e.link == "" && isPacked(e.path) {
			found = append(found, e)
		}
		return len(found) < 64
	})
	if err != nil {
		a.problem(f.stored+dir, err)
	}
	for _, e := range found {
		all = append(all, f.nested(a, e)...)
	}
	return all
}
