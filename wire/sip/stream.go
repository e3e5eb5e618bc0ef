package sip

import (
	"bytes"

	"github.com/ringfence/ringfence/wire"
)

// Frame returns how many bytes the message has that a stream begins with, or 0
// when its header fields have not all arrived: RFC 3261 §18.3. What it reads of the
// header fields is what Parse reads of them, so the two cannot disagree on where a
// message ends. What breaks the grammar, says no length, or is too large has no
// end that could be found: its error is a *wire.Refusal, and the stream is of no
// use then. The message may be longer than what is there.
func Frame(b []byte) (int, error) {
	tooMuch := &wire.Refusal{Rule: "R5", Offset: MaxMessage, Clause: "RFC 3261 §18.3", Reason: "a message of more than 64 KiB", Policy: true}
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 {
		if len(b) > MaxMessage {
			return 0, tooMuch
		}
		return 0, nil
	}
	m := spare.Get().(*Message)
	defer spare.Put(m)
	defer m.reset(nil)
	m.reset(b[:end+4])
	at, err := m.p.startLine()
	if err == nil {
		at, err = m.p.headers(at)
	}
	switch {
	case err != nil:
		return 0, err
	case m.ContentLength < 0:
		return 0, m.p.syntax(at-2, 0, "RFC 3261 §18.3", "a message on a stream without Content-Length")
	case at+m.ContentLength > MaxMessage:
		return 0, tooMuch
	}
	return at + m.ContentLength, nil
}

// Cut is Frame for those who only look on, and want to see what comes behind a
// message that is refused: it looks at Content-Length alone, and takes none for 0.
// Empty lines between messages, which keep a connection open (RFC 5626 §4.4.1), are
// a length of their own and no message. 0 means that more must come first.
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
	const clause = "RFC 3261 §20.14"
	found := false
	for at := 0; at < len(head); {
		end := at + bytes.IndexByte(head[at:], '\n') + 1
		name, value, ok := bytes.Cut(head[at:end], []byte(":"))
		if name = bytes.TrimRight(name, " \t"); ok && (equal(name, "content-length") || equal(name, "l")) {
			if found {
				return 0, &wire.Refusal{Rule: "R6", Offset: at, Length: end - at, Clause: clause, Reason: "a second Content-Length in a stream"}
			}
			found = true
			if size = length(bytes.TrimSpace(value)); size < 0 {
				return 0, &wire.Refusal{Rule: "R6", Offset: at, Length: end - at, Clause: clause, Reason: "a Content-Length that is no number up to 65536"}
			}
		}
		at = end
	}
	return size, nil
}

// length reads a number up to MaxMessage, -1 for anything else.
func length(digits []byte) (n int) {
	if len(digits) == 0 {
		return -1
	}
	for _, d := range digits {
		if n = n*10 + int(d-'0'); !is(d, isDigit) || n > MaxMessage {
			return -1
		}
	}
	return n
}
