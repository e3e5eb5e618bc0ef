package heuristic

import (
	"regexp"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/artifact"
)

// Published analyses of where programs of iOS run from, and where spyware does.
var placeRefs = []string{
	"https://securelist.com/shutdown-log-lightweight-ios-malware-detection-method/111734/",
	"https://www.amnesty.org/en/latest/research/2021/07/forensic-methodology-report-how-to-catch-nso-groups-pegasus/",
}

// staging is the folder in which Pegasus kept its programs. The system uses it
// as well: iOS and macOS copy services of system updates into its exec folder.
const staging = "/private/var/db/com.apple.xpc.roleaccountd.staging/"

// updateService is such a copy: ".../exec/DEVICE.INODE.xpc/SERVICE".
var updateService = regexp.MustCompile(`^exec/[0-9]+\.[0-9]+\.xpc/(Contents/MacOS/)?com\.apple\.(MobileSoftwareUpdate|NRD|StreamingUnzipService)[.A-Za-z]*$`)

// sealed are folders of the system's sealed volume, and those of installed apps
// and of the system's own downloads, whose programs iOS checks for signatures.
var sealed = []string{
	"/System/", "/usr/bin/", "/usr/sbin/", "/usr/lib/", "/usr/libexec/", "/usr/local/bin/", "/usr/local/libexec/", "/bin/", "/sbin/", "/Applications/", "/Library/", "/Developer/",
	"/private/preboot/Cryptexes/", "/private/var/containers/Bundle/", "/private/var/staged_system_apps/", "/private/var/personalized_factory/",
	"/private/var/MobileAsset/", "/private/var/PersistentURLTranslator/", "/private/var/run/com.apple.security.cryptexd/", "/Volumes/",
}

// place is where a program runs from.
type place int

const (
	noPlace       place = iota // no path
	sealedPlace                // the system's or an installed app
	updatePlace                // a service of a system update
	stagingPlace               // Pegasus' folder
	writablePlace              // /private/var/db, /private/var/tmp
	oddPlace                   // anywhere else
)

// device gives a path its form on the device: /var and /tmp stand in /private.
// A trailing UUID, which iOS 26 writes, is taken off.
func device(path string) string {
	if i := strings.LastIndexByte(path, '/'); i >= 0 && len(path)-i == 37 && uuidForm.MatchString(path[i+1:]) {
		path = path[:i]
	}
	if strings.HasPrefix(path, "/var/") || strings.HasPrefix(path, "/tmp/") {
		path = "/private" + path
	}
	return path
}

var uuidForm = regexp.MustCompile(`^[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$`)

func placeOf(path string) place {
	path = device(path)
	inside, staged := strings.CutPrefix(path, staging)
	switch {
	case !strings.HasPrefix(path, "/"):
		return noPlace
	case staged && updateService.MatchString(inside):
		return updatePlace
	case staged:
		return stagingPlace
	case slices.ContainsFunc(sealed, func(folder string) bool { return strings.HasPrefix(path, folder) }):
		return sealedPlace
	case strings.HasPrefix(path, "/private/var/db/"), strings.HasPrefix(path, "/private/var/tmp/"), strings.HasPrefix(path, "/private/tmp/"):
		return writablePlace
	}
	return oddPlace
}

// first returns the first of several fields that holds a text.
func first(r *artifact.Record, fields ...string) string {
	for _, f := range fields {
		if s := text(r, f); s != "" {
			return s
		}
	}
	return ""
}
