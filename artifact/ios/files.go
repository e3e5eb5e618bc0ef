package ios

import (
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

// Fields of a listed file.
var fileFields = [][2]string{
	{"path", "where it stands on the phone"}, {"size", "bytes"}, {"mode", "type and permissions, octal"}, {"uid", "owner"},
	{"changed", "when its description last changed"}, {"created", "when it was created"}, {"directory", "it is a folder"},
	{"link", "target of a symbolic link"}, {"setuid", "runs with its owner's or group's rights"},
	{"missing", "listed, but its content is not in the acquisition"}, {"note", "what is odd about it"},
}

// fileRecord begins the record of a listed file. Hundreds of thousands come one
// after the other, so that nothing is made that is not kept.
func fileRecord(f *acquisition.File, to *artifact.Sink) *artifact.Record {
	r := to.Record(artifact.Present, f.Modified)
	r.Where.File = f.Stored
	r.Set("path", f.Path)
	if !f.Dir && f.Link == "" && f.Size >= 0 {
		r.Set("size", f.Size)
	}
	if f.Mode != 0 {
		r.Set("mode", strconv.FormatUint(uint64(f.Mode), 8))
		r.Set("uid", f.UID)
	}
	r.Set("changed", f.Changed)
	r.Set("created", f.Created)
	if f.Dir {
		r.Set("directory", true)
	}
	r.Set("link", f.Link)
	if f.Mode&0o6000 != 0 && !f.Dir {
		r.Set("setuid", true)
	}
	if f.Missing {
		r.Set("missing", true)
	}
	r.Set("note", f.Note)
	r.Observe(indicator.FilePath, f.Path)
	r.Observe(indicator.FileName, path.Base(f.Path))
	return r
}

// hostsInNames observes the hosts in names of files and folders, as WebKit
// writes a site's origin: "https_example.org_0", "http_example.org_0.localstorage".
func hostsInNames(r *artifact.Record, names string) {
	if strings.IndexByte(names, '_') < 0 {
		return
	}
	for name := range strings.SplitSeq(names, "/") {
		if strings.IndexByte(name, '_') < 0 || strings.IndexByte(name, '.') < 0 {
			continue
		}
		for part := range strings.SplitSeq(name, "_") {
			if looksLikeHost(part) {
				r.Host(part)
			}
		}
	}
}

// fileEndings look like the last label of a host, and are none.
var fileEndings = []string{
	"db", "sqlite", "sqlitedb", "plist", "localstorage", "jpg", "jpeg", "png", "heic", "gif", "mov", "json", "txt", "log", "dat",
	"data", "cache", "xml", "html", "js", "css", "caf", "wav", "pdf", "bin", "tmp", "storedata", "strings",
}

func looksLikeHost(s string) bool {
	dot := strings.LastIndexByte(s, '.')
	if dot < 1 || len(s) > 253 || strings.HasPrefix(s, "-") {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c >= 0x80) {
			return false
		}
	}
	last := s[dot+1:]
	if len(last) < 2 || last[0] >= '0' && last[0] <= '9' {
		_, err := netip.ParseAddr(s)
		return err == nil
	}
	return !slices.Contains(fileEndings, strings.ToLower(last))
}

// origin reads a site's origin from the name that WebKit gives to its data:
// the scheme, "_", the host, "_" and the port, and an ending of the file.
func origin(name string) (scheme, host, port string, ok bool) {
	scheme, rest, found := strings.Cut(name, "_")
	cut := strings.LastIndexByte(rest, '_')
	if !found || cut < 1 || (scheme != "http" && scheme != "https") {
		return "", "", "", false
	}
	host = rest[:cut]
	port, _, _ = strings.Cut(rest[cut+1:], ".")
	if port == "0" {
		port = ""
	}
	return scheme, host, port, true
}

var originFields = append([][2]string{
	{"origin", "the site whose data this is, as a link"}, {"host", "its host"},
}, fileFields...)

// originRecord gives a record for the folder or file of a site's data: path is
// what follows the folder that holds them.
func originRecord(f *acquisition.File, inside string, to *artifact.Sink) {
	for inside != "" {
		name, rest, _ := strings.Cut(inside, "/")
		inside = rest
		scheme, host, port, ok := origin(name)
		if !ok {
			continue
		}
		// Its own entry, or where folders are not listed the database in it.
		if rest != "" && !strings.HasSuffix(rest, "IndexedDB.sqlite3") && !strings.HasSuffix(rest, "localstorage.sqlite3") {
			return
		}
		r := fileRecord(f, to)
		r.Act, r.Observables = artifact.Visited, r.Observables[:0] // the listing itself observes the path
		link := scheme + "://" + host
		if port != "" {
			link += ":" + port
		}
		r.Set("origin", link)
		r.Set("host", host)
		r.Link(link)
		to.Emit()
		return
	}
}
