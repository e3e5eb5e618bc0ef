package jingle

// element is one element of a stanza with all that is in it.
type element struct {
	name
	parent     *element
	attributes []attribute
	children   []*element
	text       []byte // the character data between its children, joined
	at, end    int    // the start tag up to the end of its name
	textAt     int    // where the first of the text stands that is not white space
	textEnd    int
}

// document reads all of b as one element.
func document(b []byte) (*element, error) {
	if len(b) > maxStanza {
		return nil, decline("R5", maxStanza, len(b)-maxStanza, "RFC 6120 §13.12", "a stanza of more than 64 KiB")
	}
	s := &scanner{b: b}
	var root *element
	var path []*element
	for {
		t, err := s.next()
		if err != nil {
			return nil, err
		}
		switch t.kind {
		case finished:
			return root, nil
		case endTag:
			path = path[:len(path)-1]
		case characters:
			path[len(path)-1].take(t)
		case startTag:
			e := &element{name: t.name, attributes: t.attributes, at: t.at, end: t.end, textAt: t.inner, textEnd: t.inner}
			if len(path) == 0 {
				root = e
			} else {
				parent := path[len(path)-1]
				e.parent, parent.children = parent, append(parent.children, e)
			}
			path = append(path, e)
		}
	}
}

// take appends character data. White space in front of the first text is left
// out, so that text that is nothing else takes no memory.
func (e *element) take(t token) {
	if len(e.text) == 0 {
		skipped := 0
		for skipped < len(t.text) && isSpace(t.text[skipped]) {
			skipped++
		}
		t.text, t.at = t.text[skipped:], t.at+skipped
		e.textAt = t.at
	}
	e.text, e.textEnd = append(e.text, t.text...), t.end
}

// repeated tells whether the element has an earlier sibling of its name.
func (e *element) repeated() bool {
	for _, sibling := range e.parent.children {
		if sibling == e {
			break
		}
		if sibling.name == e.name {
			return true
		}
	}
	return false
}
