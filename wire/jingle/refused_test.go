package jingle

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/wire"
)

// refusal is an input with a circumflex in front of the byte that offends.
type refusal struct {
	rule   string
	policy bool
	input  string
}

const (
	ours   = true  // refused by policy
	broken = false // against the specification
)

func (c refusal) run(t *testing.T, name string) {
	t.Helper()
	offset := strings.IndexByte(c.input, '^')
	if offset < 0 {
		t.Fatalf("%s: no mark in %s", name, c.input)
	}
	text := c.input[:offset] + c.input[offset+1:]
	s, err := Parse([]byte(text))
	var no *wire.Refusal
	if !errors.As(err, &no) {
		t.Errorf("%s: read as %v, %v", name, s, err)
		return
	}
	if no.Rule != c.rule || no.Policy != c.policy || no.Offset != offset {
		t.Errorf("%s: %v, policy %v; want %s at byte %d, policy %v", name, no, no.Policy, c.rule, offset, c.policy)
	}
	if no.Clause == "" || no.Reason == "" || no.Length < 0 || no.Offset+no.Length > len(text) {
		t.Errorf("%s: %+v does not say what is wrong where", name, no)
	}
}

func TestRefusedXML(t *testing.T) {
	const tail = ` id="q" type="result"/>`
	for name, c := range map[string]refusal{
		"nothing":                       {"R18", broken, "^"},
		"white space":                   {"R18", broken, " \n^"},
		"text":                          {"R18", broken, "^hello"},
		"byte order mark":               {"R18", ours, "^\ufeff<iq" + tail},
		"declaration":                   {"R18", ours, `^<?xml version="1.0"?><iq` + tail},
		"processing instruction":        {"R18", ours, `<iq id="q" type="result">^<?a b?></iq>`},
		"instruction without a name":    {"R18", broken, `^<? b?><iq` + tail},
		"document type":                 {"R18", ours, `^<!DOCTYPE iq [<!ENTITY a "b">]><iq` + tail},
		"document type behind the tag":  {"R18", broken, `<iq id="q" type="result">^<!DOCTYPE iq></iq>`},
		"comment":                       {"R18", ours, `<iq id="q" type="result">^<!-- a --></iq>`},
		"comment behind":                {"R18", ours, `<iq` + tail + `^<!-- a -->`},
		"CDATA":                         {"R18", ours, step(`session-terminate`, `<reason><busy/><text>^<![CDATA[a]]></text></reason>`)},
		"CDATA outside":                 {"R18", broken, `^<![CDATA[a]]><iq` + tail},
		"some declaration":              {"R18", broken, `^<!ELEMENT a><iq` + tail},
		"number of a character":         {"R18", ours, `<iq id="^&#65;" type="result"/>`},
		"number in hexadecimal":         {"R18", ours, `<iq id="^&#x41;" type="result"/>`},
		"number of no character":        {"R18", broken, `<iq id="^&#0;" type="result"/>`},
		"number of half a character":    {"R18", broken, `<iq id="^&#xD800;" type="result"/>`},
		"number that is none":           {"R18", broken, `<iq id="^&#x;" type="result"/>`},
		"entity of HTML":                {"R18", broken, `<iq id="^&nbsp;" type="result"/>`},
		"ampersand alone":               {"R18", broken, `<iq id="a ^& b" type="result"/>`},
		"reference without an end":      {"R18", broken, `<iq id="^&amp" type="result"/>`},
		"reference of any length":       {"R5", ours, `<iq id="^&#` + strings.Repeat("0", 100) + `65;" type="result"/>`},
		"end of CDATA in text":          {"R18", broken, step(`session-terminate`, `<reason><busy/><text>a^]]>b</text></reason>`)},
		"less-than in a value":          {"R18", broken, `<iq id="a^<b" type="result"/>`},
		"value without quotes":          {"R18", broken, `<iq id=^q type="result"/>`},
		"value that does not end":       {"R18", broken, `<iq type="result" id="q/>^`},
		"attribute without a value":     {"R18", broken, `<iq id ^type="result"/>`},
		"nothing between attributes":    {"R18", broken, `<iq id="q"^type="result"/>`},
		"attribute twice":               {"R18", broken, `<iq id="q" ^id="r" type="result"/>`},
		"attribute twice, two prefixes": {"R18", broken, `<iq xmlns:a="urn:x" xmlns:b="urn:x" a:y="1" ^b:y="2"` + tail},
		"line end in a value":           {"R17", ours, "<iq id=\"q^\n\" type=\"result\"/>"},
		"tab in a value":                {"R17", ours, "<iq id=\"q^\t\" type=\"result\"/>"},
		"carriage return in a tag":      {"R17", ours, "<iq^\r\n" + tail},
		"carriage return in text":       {"R17", ours, "<iq id=\"q\" type=\"result\">^\r\n</iq>"},
		"carriage return in front":      {"R17", ours, "^\r\n<iq" + tail},
		"NUL":                           {"R18", broken, "<iq id=\"q^\x00\" type=\"result\"/>"},
		"control character":             {"R18", broken, "<iq id=\"q^\x1b\" type=\"result\"/>"},
		"character that XML has not":    {"R18", broken, "<iq id=\"q^\ufffe\" type=\"result\"/>"},
		"overlong slash":                {"R18", broken, "<iq id=\"q^\xc0\xaf\" type=\"result\"/>"},
		"half a surrogate":              {"R18", broken, "<iq id=\"q^\xed\xa0\x80\" type=\"result\"/>"},
		"Latin-1":                       {"R18", broken, "<iq id=\"q^\xe4\" type=\"result\"/>"},
		"cut in a character":            {"R18", broken, "<iq id=\"q\" type=\"result\">^\xe2\x82"},
		"beyond Unicode":                {"R18", broken, "<iq id=\"q\" type=\"result\">^\xf4\x90\x80\x80</iq>"},
		"name beyond ASCII":             {"R17", ours, `<iq id="q" type="result" ^ä="1"/>`},
		"name partly beyond ASCII":      {"R17", ours, `<iq id="q" type="result" gr^öße="1"/>`},
		"name that is none":             {"R18", broken, `<^1q` + tail},
		"two colons":                    {"R18", broken, `<iq xmlns:a="urn:x" ^a:b:c="1"` + tail},
		"colon in front":                {"R18", broken, `<^:iq` + tail},
		"prefix that nobody declared":   {"R18", broken, `<^a:iq` + tail},
		"prefix taken back":             {"R18", broken, `<iq ^xmlns:a=""` + tail},
		"prefix xmlns":                  {"R18", broken, `<iq ^xmlns:xmlns="urn:x"` + tail},
		"prefix xml for something else": {"R18", broken, `<iq ^xmlns:xml="urn:x"` + tail},
		"another prefix for xml":        {"R18", broken, `<iq ^xmlns:a="` + nsXML + `"` + tail},
		"space in a namespace":          {"R17", ours, `<iq xmlns="^urn: x"` + tail},
		"namespace of 257 bytes":        {"R5", ours, `<iq xmlns="^` + strings.Repeat("n", 257) + `"` + tail},
		"name of 129 bytes":             {"R5", ours, `<iq ^` + strings.Repeat("n", 129) + `="1"` + tail},
		"end tag of another":            {"R18", broken, `<iq id="q" type="result"></^io>`},
		"end tag of another prefix":     {"R18", broken, `<a:iq xmlns:a="jabber:client" xmlns:b="jabber:client" id="q" type="result"></^b:iq>`},
		"end tag with an attribute":     {"R18", broken, `<iq id="q" type="result"></iq ^x="1">`},
		"end tag alone":                 {"R18", broken, `^</iq>`},
		"element that does not end":     {"R18", broken, `<iq id="q" type="result">^`},
		"tag that does not end":         {"R18", broken, `<iq id="q" type="result"^`},
		"slash alone":                   {"R18", broken, `<iq id="q" type="result" ^/ >`},
		"second stanza":                 {"R18", broken, `<iq` + tail + `^<iq` + tail},
		"text behind":                   {"R18", broken, `<iq` + tail + ` ^x`},
		"NUL behind":                    {"R18", broken, `<iq` + tail + "^\x00"},
		"17 elements deep":              {"R5", ours, strings.Repeat(`<a>`, 16) + `^<a>` + strings.Repeat(`</a>`, 17)},
		"513 elements":                  {"R5", ours, `<iq id="q" type="result">` + strings.Repeat(`<a/>`, 511) + `^<a/></iq>`},
		"33 attributes":                 {"R5", ours, `<iq ` + many(`a%d="1" `, 32) + `^a="1"/>`},
		"64 KiB and a byte":             {"R5", ours, `<iq` + tail + strings.Repeat(" ", maxStanza-len(`<iq`+tail)) + `^ `},
		"64 names beyond the model":     {"R5", ours, `<message>` + many(`<a%d xmlns="urn:x"/>`, 64) + `^<b xmlns="urn:x"/></message>`},
	} {
		c.run(t, name)
	}
}

// many repeats a pattern with numbers in it.
func many(pattern string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, pattern, i)
	}
	return b.String()
}

func TestRefusedStanzas(t *testing.T) {
	const long = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	for name, c := range map[string]refusal{
		"presence":                      {"R3", ours, `^<presence/>`},
		"stream":                        {"R3", ours, `^<stream:stream xmlns:stream="http://etherx.jabber.org/streams"/>`},
		"IQ of another namespace":       {"R3", ours, `^<iq xmlns="urn:x" id="q" type="result"/>`},
		"IQ without a type":             {"R3", broken, `^<iq id="q"/>`},
		"IQ without an id":              {"R3", broken, `^<iq type="result"/>`},
		"IQ of an unknown type":         {"R7", broken, `<iq id="q" type="^Result"/>`},
		"IQ that asks for nothing":      {"R3", broken, `^<iq id="q" type="get"/>`},
		"IQ that asks twice":            {"R17", broken, `<iq id="q" type="get"><services ` + servicesNS + `/>^<services ` + servicesNS + `/></iq>`},
		"IQ with text":                  {"R3", ours, `<iq id="q" type="result"> ^x </iq>`},
		"service discovery":             {"R3", ours, `<iq id="q" type="get">^<query xmlns="http://jabber.org/protocol/disco#info"/></iq>`},
		"something else":                {"R3", ours, `<iq id="q" type="set">^<query xmlns="jabber:iq:roster"/></iq>`},
		"error without an error":        {"R3", broken, `^<iq id="q" type="error"/>`},
		"error without a condition":     {"R3", broken, `<iq id="q" type="error">^<error type="cancel"/></iq>`},
		"error of an unknown type":      {"R7", broken, `<iq id="q" type="error"><error type="^stop"><gone ` + stanzasNS + `/></error></iq>`},
		"error of an unknown condition": {"R3", ours, `<iq id="q" type="error"><error type="wait">^<oops ` + stanzasNS + `/></error></iq>`},
		"two errors":                    {"R17", broken, `<iq id="q" type="error"><error type="wait"><gone ` + stanzasNS + `/></error>^<error type="wait"/></iq>`},
		"two conditions":                {"R17", broken, `<iq id="q" type="error"><error type="wait"><gone ` + stanzasNS + `/>^<conflict ` + stanzasNS + `/></error></iq>`},
		"where to go instead":           {"R3", ours, `<iq id="q" type="error"><error type="modify"><redirect ` + stanzasNS + `>^xmpp:a@b</redirect></error></iq>`},
		"empty id":                      {"R6", ours, `<iq id="^" type="result"/>`},
		"id of 129 bytes":               {"R5", ours, `<iq id="^x` + long + `" type="result"/>`},
		"space in an id":                {"R17", ours, `<iq id="a^ b" type="result"/>`},
		"quote in an id":                {"R17", ours, `<iq id="^a&quot;b" type="result"/>`},
		"JID without a domain":          {"R17", broken, `<iq from="^a@/b" id="q" type="result"/>`},
		"JID with a space":              {"R17", broken, `<iq from="^a b@c" id="q" type="result"/>`},
		"JID with a mark of direction":  {"R17", broken, "<iq from=\"a@b/^\u202ec\" id=\"q\" type=\"result\"/>"},
		"JID with two at signs":         {"R17", broken, `<iq from="^a@b@c" id="q" type="result"/>`},
		"JID with an empty label":       {"R17", broken, `<iq from="^a@b..c" id="q" type="result"/>`},
		"JID with a local of 1024":      {"R17", broken, `<iq from="^` + strings.Repeat("a", 1024) + `@b" id="q" type="result"/>`},
		"JID of 3072 bytes":             {"R5", broken, `<iq from="^` + strings.Repeat("a", 3072) + `" id="q" type="result"/>`},
		"JID with half an address":      {"R17", broken, `<iq from="^a@[::1" id="q" type="result"/>`},

		"chat":                         {"R3", ours, `^` + chat(`<body>Hi</body>`)},
		"message of an unknown type":   {"R7", ours, `<message type="^call"/>`},
		"part of a message":            {"R3", ours, chat(`^<attach/>`)},
		"two steps":                    {"R17", ours, chat(`<proceed ` + jmiNS + ` id="p"/>^<invite ` + invitesNS + `><jingle sid="s"/></invite>`)},
		"step in a headline":           {"R7", broken, `<message type="headline">^<proceed ` + jmiNS + ` id="p"/></message>`},
		"unknown step":                 {"R3", ours, chat(`^<answer ` + jmiNS + ` id="p"/>`)},
		"proposal without an id":       {"R3", broken, chat(`^<propose ` + jmiNS + `/>`)},
		"proposal of nothing":          {"R3", broken, chat(`^<propose ` + jmiNS + ` id="p"/>`)},
		"proposal of a file":           {"R3", ours, chat(`<propose ` + jmiNS + ` id="p">^<description xmlns="urn:xmpp:jingle:apps:file-transfer:5"/></propose>`)},
		"proposal of sound twice":      {"R17", broken, chat(`<propose ` + jmiNS + ` id="p"><description ` + rtpNS + ` media="audio"/>^<description ` + rtpNS + ` media="audio"/></propose>`)},
		"proposal with codecs":         {"R3", ours, chat(`<propose ` + jmiNS + ` id="p"><description ` + rtpNS + ` media="audio">^<payload-type id="0"/></description></propose>`)},
		"proposal with a reason":       {"R3", ours, chat(`<propose ` + jmiNS + ` id="p">^<reason ` + jingleNS + `><busy/></reason></propose>`)},
		"acceptance that migrates":     {"R3", ours, chat(`<accept ` + jmiNS + ` id="p">^<migrated to="x"/></accept>`)},
		"two reasons":                  {"R17", broken, chat(`<reject ` + jmiNS + ` id="p"><reason ` + jingleNS + `><busy/></reason>^<reason ` + jingleNS + `><busy/></reason></reject>`)},
		"invitation to a link":         {"R3", ours, chat(`^<invite ` + invitesNS + `><external uri="https://example.org"/></invite>`)},
		"invitation without a session": {"R3", broken, chat(`<invite ` + invitesNS + `>^<jingle/></invite>`)},
		"invitation, half true":        {"R7", broken, chat(`<invite ` + invitesNS + ` video="^yes"><jingle sid="s"/></invite>`)},
		"rejection that joins":         {"R3", ours, chat(`<reject ` + invitesNS + ` id="p">^<jingle sid="s"/></reject>`)},

		"service without a host":        {"R3", broken, set(`<services ` + servicesNS + `>^<service type="turn"/></services>`)},
		"service on a name with a path": {"R17", ours, set(`<services ` + servicesNS + `><service host="a^/b" type="turn"/></services>`)},
		"service on a name of dots":     {"R17", ours, set(`<services ` + servicesNS + `><service host="^a..b" type="turn"/></services>`)},
		"service on a zone":             {"R17", ours, set(`<services ` + servicesNS + `><service host="^a:b" type="turn"/></services>`)},
		"service on port 65536":         {"R7", broken, set(`<services ` + servicesNS + `><service host="a" port="^65536" type="turn"/></services>`)},
		"service that expires locally":  {"R7", broken, set(`<services ` + servicesNS + `><service expires="^2031-02-03T04:05:06+01:00" host="a" type="turn"/></services>`)},
		"service that expires at four":  {"R7", broken, set(`<services ` + servicesNS + `><service expires="^2031-02-03T4:05:06Z" host="a" type="turn"/></services>`)},
		"33 services":                   {"R5", ours, set(`<services ` + servicesNS + `>` + many(`<service host="a%d" type="turn"/>`, 32) + `^<service host="a" type="turn"/></services>`)},
	} {
		c.run(t, name)
	}
}
