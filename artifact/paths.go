package artifact

import (
	"path"
	"strings"
)

// Paths finds the artifacts that read a device path, among hundreds of patterns
// and hundreds of thousands of paths: patterns are found by their last
// component first.
type Paths struct {
	named map[string][]pattern // by a last component without wildcards
	other []pattern
	all   []Artifact
}

type pattern struct {
	text     string
	anywhere bool // began with "**/"
	depth    int  // number of slashes in text
	artifact int
	// What path.Match would find out more slowly: how the path begins, and how
	// its last component begins and ends, as far as these have no wildcards.
	begins, base, ends string
}

// NewPaths prepares the patterns of artifacts.
func NewPaths(of []Artifact) *Paths {
	ps := &Paths{named: map[string][]pattern{}, all: of}
	for i, a := range of {
		for _, text := range a.Paths {
			p := pattern{artifact: i}
			p.text, p.anywhere = strings.CutPrefix(text, "**/")
			p.depth = strings.Count(p.text, "/")
			base := p.text[strings.LastIndexByte(p.text, '/')+1:]
			p.literals(base)
			if strings.ContainsAny(base, wild) {
				ps.other = append(ps.other, p)
			} else {
				ps.named[base] = append(ps.named[base], p)
			}
		}
	}
	return ps
}

const wild = `*?[\`

// literals finds the parts of a pattern that have no wildcards.
func (p *pattern) literals(base string) {
	if i := strings.IndexAny(p.text, wild); i >= 0 && !p.anywhere {
		p.begins = p.text[:i]
	}
	if i := strings.IndexAny(base, wild); i >= 0 {
		p.base = base[:i]
		if last := strings.LastIndexAny(base, wild+"]"); base[last] != '\\' && !strings.ContainsAny(base, `\`) {
			p.ends = base[last+1:]
		}
	}
}

// Match returns the artifacts that read this path; nil for none.
func (ps *Paths) Match(name string) []Artifact {
	var found []Artifact
	last := -1
	base := name[strings.LastIndexByte(name, '/')+1:]
	try := func(candidates []pattern) {
		for i := range candidates {
			p := &candidates[i]
			if p.artifact != last && p.match(name, base) {
				found, last = append(found, ps.all[p.artifact]), p.artifact
			}
		}
	}
	try(ps.named[base])
	last = -1
	try(ps.other)
	return found
}

func (p *pattern) match(name, base string) bool {
	if !strings.HasPrefix(name, p.begins) || !strings.HasPrefix(base, p.base) || !strings.HasSuffix(base, p.ends) {
		return false
	}
	if p.anywhere {
		name = tail(name, p.depth+1)
	}
	ok, _ := path.Match(p.text, name)
	return ok
}

// tail returns the last n components of a path.
func tail(name string, n int) string {
	i := len(name)
	for ; n > 0; n-- {
		if i = strings.LastIndexByte(name[:i], '/'); i < 0 {
			return name
		}
	}
	return name[i+1:]
}
