package acquisition

import "strings"

// domainRoots are the folders of a phone that the domains of a backup stand
// for.
//
// Source: Domains.plist of MobileBackup (BackupAgent), as public forensic notes
// list it. A domain that is not here stands under "/backup/".
var domainRoots = map[string]string{
	"HomeDomain":               "/private/var/mobile",
	"CameraRollDomain":         "/private/var/mobile",
	"MediaDomain":              "/private/var/mobile",
	"TonesDomain":              "/private/var/mobile",
	"KeyboardDomain":           "/private/var/mobile",
	"HomeKitDomain":            "/private/var/mobile",
	"HealthDomain":             "/private/var/mobile/Library",
	"BooksDomain":              "/private/var/mobile/Media/Books",
	"RootDomain":               "/private/var/root",
	"WirelessDomain":           "/private/var/wireless",
	"SystemPreferencesDomain":  "/private/var/preferences",
	"KeychainDomain":           "/private/var/Keychains",
	"DatabaseDomain":           "/private/var/db",
	"ManagedPreferencesDomain": "/private/var/Managed Preferences",
	"MobileDeviceDomain":       "/private/var/MobileDevice",
	"InstallDomain":            "/private/var/installd",
	"NetworkDomain":            "/private/var/networkd",
	"ProtectedDomain":          "/private/var/protected",
	"SysSharedContainerDomain": "/private/var/containers/Shared/SystemGroup",
	"SysContainerDomain":       "/private/var/containers/Data/System",
	"AppDomain":                "/private/var/mobile/Containers/Data/Application",
	"AppDomainGroup":           "/private/var/mobile/Containers/Shared/AppGroup",
	"AppDomainPlugin":          "/private/var/mobile/Containers/Data/PluginKitPlugin",
	"AppDomainPlaceholder":     "/private/var/mobile/Containers/Data/Application",
}

// containerDomains are followed by "-" and the container's name.
var containerDomains = map[string]bool{
	"AppDomain": true, "AppDomainGroup": true, "AppDomainPlugin": true, "AppDomainPlaceholder": true,
	"SysContainerDomain": true, "SysSharedContainerDomain": true,
}

// appendDomain appends the folder that a domain stands for.
func appendDomain(b []byte, domain string) []byte {
	name, container, is := strings.Cut(domain, "-")
	if is && containerDomains[name] && plainName(container) {
		b = append(b, domainRoots[name]...)
		b = append(b, '/')
		return append(b, container...)
	}
	if root := domainRoots[domain]; root != "" && !is {
		return append(b, root...)
	}
	b = append(b, "/backup/"...)
	if plainName(domain) {
		return append(b, domain...)
	}
	return append(b, escaped(domain)...)
}

// plainName tells whether a name is one component of a path.
func plainName(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.ContainsAny(name, "/\x00")
}

// appendRelative appends a path within a domain. One that would lead out of it,
// or is not written plainly, is written so that it cannot; odd tells.
func appendRelative(b []byte, relative string) (_ []byte, odd bool) {
	if relative == "" {
		return b, false
	}
	if isClean(relative) && strings.IndexByte(relative, 0) < 0 {
		b = append(b, '/')
		return append(b, relative...), false
	}
	for part := range strings.SplitSeq(relative, "/") {
		if part == "" || part == "." {
			continue
		}
		b = append(b, '/')
		b = append(b, escaped(part)...)
	}
	return b, strings.IndexByte(relative, 0) >= 0 || climbs(relative)
}

func climbs(relative string) bool {
	for part := range strings.SplitSeq(relative, "/") {
		if part == ".." {
			return true
		}
	}
	return false
}

// escaped is a name as one component of a path that leads nowhere else.
func escaped(name string) string {
	switch name {
	case "", ".":
		return "_"
	case "..":
		return "%2E%2E"
	}
	return strings.NewReplacer("/", "%2F", "\x00", "%00").Replace(name)
}
