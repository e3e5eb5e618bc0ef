package plist

import "bytes"

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
	return nil, ErrNotPlist
}
