// Package sip reads SIP messages strictly and writes them anew.
//
// A SIP message is text that anybody can send, and that several programs read
// one after the other. Where two of them can read it differently, what one has
// checked is not what the other obeys: a space before a colon has carried
// headers past a proxy that removed them (CVE-2020-28361), duplicates and compact
// forms past others. Lists and numbers without bounds have ended servers
// (CVE-2018-7284, CVE-2018-8828).
//
// Here a message is read into a typed model after the grammar of RFC 3261 §25
// and its extensions. What breaks the grammar is refused for its syntax; what
// the grammar allows and two programs could read differently, or what is larger
// or stranger than a call needs, is refused by policy. A header that the model
// does not have is checked, named in Fields and never written.
//
// The message that Parse fills points into the bytes that it was given.
package sip

import (
	"bytes"
	"sync"

	"github.com/ringfence/ringfence/wire"
)

// What is larger than this is refused by policy (R5).
const (
	MaxMessage = 64 << 10 // bytes
	MaxHeaders = 96       // header fields of a message
	MaxValue   = 4096     // bytes of a field's value
	MaxList    = 32       // elements of a list: Via, Route, Contact, Allow, ...
	MaxParams  = 24       // parameters of an element
	MaxURI     = 512      // bytes
	MaxName    = 128      // bytes of a display name
	MaxToken   = 256      // bytes of a tag, branch, Call-ID or method
)

// Message is a request or a response, RFC 3261 §7.
type Message struct {
	Method []byte // of a request; nil in a response
	URI    URI    // Request-URI
	Status int    // of a response, 100 to 699
	Reason []byte // reason phrase

	Via         []Via
	From, To    Address
	CallID      []byte
	CSeq        CSeq
	MaxForwards int // -1: absent

	Contact                                                               []Address
	Star                                                                  bool // Contact: *
	Route, RecordRoute, Path, ServiceRoute                                []Address
	PAssertedIdentity, PPreferredIdentity                                 []Address
	ReferTo, ReferredBy                                                   Address
	Allow, Supported, Require, ProxyRequire, Unsupported, AllowEvents     [][]byte
	Privacy                                                               [][]byte
	Authorization, ProxyAuthorization, WWWAuthenticate, ProxyAuthenticate []Auth
	Event, SubscriptionState, ContentDisposition                          Value
	SessionExpires                                                        Value
	ContentType                                                           MediaType
	Expires, MinExpires, MinSE, RSeq                                      int64 // -1: absent
	RAck                                                                  RAck
	ContentLength                                                         int // -1: absent
	Body                                                                  []byte
	Date                                                                  []byte
	RetryAfter                                                            int64 // seconds; -1: absent

	// Fields are all header fields in their order, those that the model has and
	// those that it has not.
	Fields []Field

	p parser
}

// Field is where a header field stands.
type Field struct {
	Name   []byte // as it was written
	Value  []byte // without the space around it
	Offset int    // of the name
	Known  bool   // the model has it
}

// CSeq is the sequence number, RFC 3261 §20.16.
type CSeq struct {
	Number uint32
	Method []byte
}

// RAck acknowledges a provisional response, RFC 3262 §7.2. A Method of nil:
// absent.
type RAck struct {
	RSeq, Number uint32
	Method       []byte
}

// Request tells a request from a response.
func (m *Message) Request() bool { return m.Method != nil }

// Parse reads the one message that b is. Its error is a *wire.Refusal.
func Parse(b []byte) (*Message, error) {
	m := new(Message)
	if err := m.Parse(b); err != nil {
		return nil, err
	}
	return m, nil
}

// Parse reads the one message that b is into m, whose memory is used again. Its
// error is a *wire.Refusal; m is of no use then. A message that breaks the
// grammar anywhere is refused for that, before any policy.
func (m *Message) Parse(b []byte) error {
	m.reset(b)
	p := &m.p
	if len(b) > MaxMessage {
		return &wire.Refusal{Rule: "R5", Offset: MaxMessage, Length: len(b) - MaxMessage, Clause: "RFC 3261 §18.3", Reason: "a message of more than 64 KiB", Policy: true}
	}
	at, err := p.startLine()
	if err == nil {
		at, err = p.headers(at)
	}
	if err == nil {
		err = p.body(at)
	}
	if err == nil {
		err = p.whole()
	}
	if err == nil && p.policy != nil {
		err = p.policy
	}
	return err
}

// reset empties the message for another one.
func (m *Message) reset(b []byte) {
	*m = Message{
		Via: m.Via[:0], Contact: m.Contact[:0], Route: m.Route[:0], RecordRoute: m.RecordRoute[:0], Path: m.Path[:0], ServiceRoute: m.ServiceRoute[:0],
		PAssertedIdentity: m.PAssertedIdentity[:0], PPreferredIdentity: m.PPreferredIdentity[:0],
		Allow: m.Allow[:0], Supported: m.Supported[:0], Require: m.Require[:0], ProxyRequire: m.ProxyRequire[:0], Unsupported: m.Unsupported[:0],
		AllowEvents: m.AllowEvents[:0], Privacy: m.Privacy[:0],
		Authorization: m.Authorization[:0], ProxyAuthorization: m.ProxyAuthorization[:0], WWWAuthenticate: m.WWWAuthenticate[:0], ProxyAuthenticate: m.ProxyAuthenticate[:0],
		Fields: m.Fields[:0],
		p:      parser{params: m.p.params[:0]},
	}
	m.MaxForwards, m.ContentLength = -1, -1
	m.Expires, m.MinExpires, m.MinSE, m.RSeq, m.RetryAfter = -1, -1, -1, -1, -1
	m.p.b, m.p.m = b, m
}

var spare = sync.Pool{New: func() any { return new(Message) }}

// Check refuses what Parse refuses, and keeps nothing.
func Check(b []byte) error {
	m := spare.Get().(*Message)
	err := m.Parse(b)
	m.reset(nil)
	spare.Put(m)
	return err
}

// Is tells whether bytes look like the beginning of a SIP message: a start line
// of RFC 3261 §7 with SIP's version in it.
func Is(b []byte) bool {
	line, _, _ := bytes.Cut(b[:min(len(b), MaxURI+MaxToken)], []byte("\r\n"))
	if bytes.HasPrefix(line, []byte("SIP/2.0 ")) {
		return true
	}
	if !bytes.HasSuffix(line, []byte(" SIP/2.0")) {
		return false
	}
	method, _, _ := bytes.Cut(line, []byte(" "))
	return len(method) > 0 && span(method, isToken) == len(method)
}
