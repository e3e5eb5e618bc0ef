package sip

import (
	"bytes"

	"github.com/ringfence/ringfence/wire"
)

// Cut returns the length of the first message of a stream, 0 when more of it must
// come first: RFC 3261 §18.3. Empty lines between messages, which keep a connection
// open (RFC 5626 §4.4.1), are a length of their own and no message.
func Cut(b []byte) (n int, err error) {
	empty := 0
	for empty+1 < len(b) && b[empty] == '\r' && b[empty+1] == '\n' {
		empty += 2
	}
	if empty > 0 {
		return empty, nil
	}
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 {
		if len(b) > MaxMessage {
			return 0, &wire.Refusal{Rule: "R5", Offset: MaxMessage, Length: len(b) - MaxMessage, Clause: "RFC 3261 §18.3", Reason: "header fields of more than 64 KiB", Policy: true}
		}
		return 0, nil
	}
	size, err := announced(b[:end+2])
	if err != nil {
		return 0, err
	}
	if n = end + 4 + size; n > MaxMessage {
		return 0, &wire.Refusal{Rule: "R5", Offset: MaxMessage, Clause: "RFC 3261 §18.3", Reason: "a message of more than 64 KiB", Policy: true}
	}
	if n > len(b) {
		return 0, nil
	}
	return n, nil
}

// announced is the Content-Length of header fields, which a stream must have: RFC
// 3261 §20.14.
func announced(head []byte) (size int, err error) {
	for at := 0; at < len(head); {
		end := at + bytes.IndexByte(head[at:], '\n') + 1
		name, value, ok := bytes.Cut(head[at:end], []byte(":"))
		if name = bytes.TrimRight(name, " \t"); ok && (equal(name, "content-length") || equal(name, "l")) {
			if size = length(bytes.TrimSpace(value)); size < 0 {
				return 0, &wire.Refusal{Rule: "R6", Offset: at, Length: end - at, Clause: "RFC 3261 §20.14", Reason: "a Content-Length that is no number up to 65536"}
			}
			return size, nil
		}
		at = end
	}
	return 0, nil
}

// length reads a number up to MaxMessage, -1 for anything else.
func length(digits []byte) (n int) {
	for _, d := range digits {
		if n = n*10 + int(d-'0'); !is(d, isDigit) || n > MaxMessage {
			return -1
		}
	}
	return n
}
