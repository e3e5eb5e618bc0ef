package ios

import (
	"encoding/binary"
	"errors"
	"strings"

	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.webkit_origins",
		Title: "Sites that kept data in WebKit, whose folders have no names",
		Kinds: inPhone,
		Paths: []string{"**/WebsiteData/*/*/*/origin", "**/WebsiteDataStore/*/*/*/*/origin"},
		Refs:  []string{"https://github.com/WebKit/WebKit/blob/main/Source/WebCore/platform/StorageUtilities.cpp"},
		Since: "iOS 15",
		Fields: [][2]string{
			{"origin", "the site whose data this is, as a link"}, {"host", "its host"}, {"under", "the page that it was part of, as a link"},
		},
		Parse: webKitOrigin,
	})
}

var errNoOrigin = errors.New("no site in the form that WebKit writes")

// maxOrigin is how many bytes of the file are read; it holds two sites.
const maxOrigin = 64 << 10

// webKitOrigin reads the file in which WebKit notes whose data a folder holds: the
// page's site, then that of the part of it which kept the data. Before either
// and behind both stand numbers that differ between versions, so that the texts
// are looked for: their length in four bytes, 1 for Latin-1, and their letters.
//
// Source: WTF's PersistentCoders.cpp, SecurityOriginData.h.
func webKitOrigin(s *artifact.Source, to *artifact.Sink) error {
	if s.Content.Size() > maxOrigin {
		return artifact.ErrLong
	}
	b, err := s.Bytes()
	if err != nil {
		return err
	}
	var sites []string
	for len(b) > 5 && len(sites) < 2 {
		scheme, rest := persistentText(b)
		host, behind := persistentText(rest)
		if (scheme != "http" && scheme != "https") || host == "" {
			b = b[1:]
			continue
		}
		sites = append(sites, scheme+"://"+host)
		b = behind
	}
	if len(sites) == 0 {
		return errNoOrigin
	}
	r := to.Record(artifact.Visited, s.Modified)
	own := sites[len(sites)-1]
	_, host, _ := strings.Cut(own, "://")
	r.Set("origin", own)
	r.Set("host", host)
	r.Link(own)
	if sites[0] != own {
		r.Set("under", sites[0])
		r.Link(sites[0])
	}
	to.Emit()
	return nil
}

// persistentText reads a text at the beginning of b, of letters as they stand
// in schemes and hosts; it is empty when there is none.
func persistentText(b []byte) (text string, rest []byte) {
	if len(b) < 6 || b[4] != 1 {
		return "", nil
	}
	n := binary.LittleEndian.Uint32(b)
	if n == 0 || n > 255 || int(n) > len(b)-5 {
		return "", nil
	}
	for _, c := range b[5 : 5+n] {
		if c <= ' ' || c >= 0x7f {
			return "", nil
		}
	}
	return string(b[5 : 5+n]), b[5+n:]
}
