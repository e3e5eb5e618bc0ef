package console

import (
	"net/url"
	"regexp"
	"strings"
)

// reference is a published bug or a source, with the page where it can be read
// where there is one.
type reference struct {
	Text string
	URL  string
}

var (
	cve = regexp.MustCompile(`^CVE-\d{4}-\d{4,7}$`)
	rfc = regexp.MustCompile(`^RFC (\d{3,5})(?:,? (?:§|section )([0-9A-Z][0-9A-Z.]*))?`)
)

func references(texts []string) []reference {
	all := make([]reference, 0, len(texts))
	for _, t := range texts {
		all = append(all, newReference(t))
	}
	return all
}

func newReference(text string) reference {
	r := reference{Text: text}
	if cve.MatchString(text) {
		r.URL = "https://nvd.nist.gov/vuln/detail/" + text
	} else if m := rfc.FindStringSubmatch(text); m != nil {
		r.URL = "https://www.rfc-editor.org/rfc/rfc" + m[1]
		if section := strings.TrimRight(m[2], "."); section != "" {
			r.URL += "#section-" + section
		}
	} else if u, err := url.Parse(text); err == nil && u.Scheme == "https" && u.Host != "" {
		r.URL, r.Text = text, u.Host+u.Path
	}
	return r
}
