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
