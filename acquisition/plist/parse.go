package plist

import (
	"bytes"
	"fmt"
)

func parse(b []byte) (any, error) {
	if len(b) > MaxSize {
		return nil, ErrLimit
	}
	if bytes.HasPrefix(b, []byte("bplist")) {
		return parseBinary(b)
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), " \t\r\n")
	if bytes.HasPrefix(text, []byte("<?xml")) || bytes.HasPrefix(text, []byte("<!DOCTYPE")) || bytes.HasPrefix(text, []byte("<plist")) || bytes.HasPrefix(text, []byte("<!--")) {
		return parseXML(text)
	}
	if len(text) > 0 && (text[0] == '{' || text[0] == '(') {
		return nil, fmt.Errorf("%w of a form that is read: it looks like an OpenStep list or JSON", ErrNotPlist)
	}
	return nil, ErrNotPlist
}
