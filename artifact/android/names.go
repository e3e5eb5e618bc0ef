package android

import (
	"iter"
	"strings"
)

// packageOf returns the package of a component: "com.a" of "com.a/.B", and of
// what some dumps write around it, "ComponentInfo{com.a/com.a.B}". What names
// no component gives an empty text.
func packageOf(component string) string {
	if _, inner, found := strings.Cut(component, "{"); found {
		component, _, _ = strings.Cut(inner, "}")
	}
	p, _, found := strings.Cut(component, "/")
	if !found || !isPackage(p) {
		return ""
	}
	return p
}

// isPackage tells whether a text has the form of a package's name: parts of
// letters, digits and underscores with dots between, and no part empty or
// beginning with a digit. https://developer.android.com/build/configure-app-module
func isPackage(s string) bool {
	parts, begin := 1, true
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '.' && !begin:
			parts, begin = parts+1, true
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c >= '0' && c <= '9' && !begin:
			begin = false
		default:
			return false
		}
	}
	return parts > 1 && !begin && len(s) < 256
}

// packageIn returns the first package that a text names, as wakelocks, jobs and
// processes do: "*walarm*:com.a/.B", "com.a:remote", "com.a/.B". A single word
// names none.
func packageIn(text string) string {
	for word := range words(text) {
		if isPackage(word) {
			return word
		}
	}
	return ""
}

// words gives the parts of a text that may be names of packages.
func words(text string) iter.Seq[string] {
	return strings.FieldsFuncSeq(text, func(r rune) bool {
		return r != '.' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}

// components gives what in a text has the form of a component, "com.a/.B".
func components(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune("{}[](),;: \t\"'", r) }) {
			if packageOf(word) != "" && !yield(word) {
				return
			}
		}
	}
}

// value returns what follows key in a line of "key=value" pairs, up to the next
// white space or comma.
func value(line, key string) string {
	for rest := line; ; {
		i := strings.Index(rest, key)
		if i < 0 {
			return ""
		}
		after := rest[i+len(key):]
		if i == 0 || strings.ContainsRune(" \t[{(,;", rune(rest[i-1])) {
			v := after
			if end := strings.IndexAny(v, " \t,;"); end >= 0 {
				v = v[:end]
			}
			return strings.TrimRight(v, ")}]")
		}
		rest = after
	}
}

// indent is how many spaces a line begins with.
func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }

// list joins what is one field of many values; the first time that a value is
// added, and at most maxList of them.
type list struct {
	items []string
	more  int
}

const maxList = 1000

func (l *list) add(s string) {
	if len(l.items) < maxList {
		l.items = append(l.items, s)
	} else {
		l.more++
	}
}

func (l *list) String() string {
	s := strings.Join(l.items, " ")
	if l.more > 0 {
		s += " ..."
	}
	return s
}
