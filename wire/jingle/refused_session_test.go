package jingle

import (
	"strings"
	"testing"
)

const (
	content    = `<content creator="initiator" name="0">`
	codecs     = `<description ` + rtpNS + ` media="audio"><payload-type id="0"/></description>`
	candidates = `<transport ` + iceNS + `/>`
	pairs      = "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"
)

func TestRefusedSessions(t *testing.T) {
	for name, c := range map[string]refusal{
		"no action":                    {"R3", broken, set(`^<jingle ` + jingleNS + ` sid="s"/>`)},
		"no sid":                       {"R3", broken, set(`^<jingle ` + jingleNS + ` action="session-info"/>`)},
		"action of another extension":  {"R7", broken, strings.Replace(info(``), `"session-info"`, `"^source-add"`, 1)},
		"session in a get":             {"R7", broken, `<iq id="q" type="get">^<jingle ` + jingleNS + ` action="session-info" sid="s"/></iq>`},
		"element that nobody knows":    {"R3", ours, info(`^<checksum/>`)},
		"transport out of its place":   {"R3", ours, info(`^` + candidates)},
		"content in a content":         {"R3", ours, step(`content-remove`, content+`^`+content+`</content></content>`)},
		"text between":                 {"R3", ours, info(`^yes`)},
		"information in a termination": {"R3", broken, step(`session-terminate`, `^<hold `+infoNS+`/>`)},
		"information twice":            {"R17", broken, info(`<hold ` + infoNS + `/>^<mute ` + infoNS + `/>`)},
		"information that is unknown":  {"R3", ours, info(`^<record ` + infoNS + `/>`)},
		"reason without a condition":   {"R3", broken, step(`session-terminate`, `^<reason><text>x</text></reason>`)},
		"reason that is unknown":       {"R3", ours, step(`session-terminate`, `<reason>^<bored/></reason>`)},
		"two reasons in one":           {"R17", broken, step(`session-terminate`, `<reason><busy/>^<decline/></reason>`)},
		"two texts":                    {"R17", broken, step(`session-terminate`, `<reason><busy/><text/>^<text>x</text></reason>`)},
		"element in a text":            {"R3", ours, step(`session-terminate`, `<reason><busy/><text>x^<b xmlns="urn:x"/>y</text></reason>`)},
		"text of two lines":            {"R17", ours, step(`session-terminate`, "<reason><busy/><text>x^\ny</text></reason>")},
		"text backwards":               {"R17", ours, step(`session-terminate`, "<reason><busy/><text>x^\u202ey</text></reason>")},
		"text of 513 bytes":            {"R5", ours, step(`session-terminate`, `<reason><busy/><text>^`+strings.Repeat("x", 513)+`</text></reason>`)},
		"sid in the wrong reason":      {"R3", ours, step(`session-terminate`, `<reason><busy>^<sid>x</sid></busy></reason>`)},
		"group of what is not there":   {"R7", ours, set(`^<jingle ` + jingleNS + ` action="session-initiate" sid="s"><group xmlns="urn:xmpp:jingle:apps:grouping:0" semantics="LS"><content name="1"/></group>` + content + codecs + candidates + `</content></jingle>`)},
		"group of a kind":              {"R7", ours, info(`<group xmlns="urn:xmpp:jingle:apps:grouping:0" semantics="^ANAT"/>`)},

		"initiation of nothing":          {"R3", ours, set(`^<jingle ` + jingleNS + ` action="session-initiate" sid="s"/>`)},
		"initiation without codecs":      {"R3", ours, step(`session-initiate`, `^`+content+candidates+`</content>`)},
		"initiation without a transport": {"R3", ours, step(`session-initiate`, `^`+content+codecs+`</content>`)},
		"content in a termination":       {"R3", ours, step(`session-terminate`, `^`+content+`</content>`)},
		"codecs beside a candidate":      {"R3", ours, step(`transport-info`, `^`+content+codecs+candidates+`</content>`)},
		"candidate beside codecs":        {"R3", ours, step(`description-info`, `^`+content+codecs+candidates+`</content>`)},
		"change of nothing":              {"R3", broken, step(`content-modify`, `^`+content+`</content>`)},
		"content without a creator":      {"R3", broken, step(`content-remove`, `^<content name="0"/>`)},
		"content of a third party":       {"R7", broken, step(`content-remove`, `<content creator="^server" name="0"/>`)},
		"content without a name":         {"R6", ours, step(`content-remove`, `<content creator="initiator" name="^"/>`)},
		"name of a content with a space": {"R17", ours, step(`content-remove`, `<content creator="initiator" name="a^ b"/>`)},
		"name of a content of 65 bytes":  {"R5", ours, step(`content-remove`, `<content creator="initiator" name="^`+strings.Repeat("x", 65)+`"/>`)},
		"two contents of a name":         {"R17", broken, step(`content-remove`, content+`</content>^`+content+`</content>`)},
		"nine contents":                  {"R5", ours, step(`content-remove`, many(`<content creator="initiator" name="%d"/>`, 8)+`^<content creator="initiator" name="8"/>`)},
		"early media":                    {"R7", ours, step(`content-remove`, `<content creator="initiator" disposition="^early-session" name="0"/>`)},
		"an application of files":        {"R3", ours, step(`session-initiate`, content+`^<description xmlns="urn:xmpp:jingle:apps:file-transfer:5"/>`+candidates+`</content>`)},
		"a transport in the stream":      {"R3", ours, step(`session-initiate`, content+codecs+`^<transport xmlns="urn:xmpp:jingle:transports:ibb:1"/></content>`)},
		"a precondition":                 {"R3", ours, step(`session-initiate`, content+codecs+candidates+`^<security xmlns="urn:xmpp:jingle:security:xtls:0"/></content>`)},
		"two descriptions":               {"R17", broken, step(`session-initiate`, content+codecs+`^`+codecs+candidates+`</content>`)},
		"two transports":                 {"R17", broken, step(`session-initiate`, content+codecs+candidates+`^<transport xmlns="urn:xmpp:jingle:transports:raw-udp:1"/></content>`)},
	} {
		c.run(t, name)
	}
}

func TestRefusedDescriptions(t *testing.T) {
	for name, c := range map[string]refusal{
		"keys of SDES":                  {"R16", ours, description(`^<encryption><crypto crypto-suite="AES_CM_128_HMAC_SHA1_80" key-params="inline:x" tag="1"/></encryption>`)},
		"keys beside":                   {"R3", ours, description(`^<crypto tag="1"/>`)},
		"medium of text":                {"R7", ours, strings.Replace(description(``), `"audio"`, `"^text"`, 1)},
		"no medium":                     {"R3", broken, step(`description-info`, content+`^<description `+rtpNS+`/></content>`)},
		"source zero":                   {"R7", ours, strings.Replace(description(``), `media="audio"`, `media="audio" ssrc="^0"`, 1)},
		"source of 33 bits":             {"R7", broken, strings.Replace(description(``), `media="audio"`, `media="audio" ssrc="^4294967296"`, 1)},
		"payload type 128":              {"R7", broken, description(`<payload-type id="^128"/>`)},
		"payload type -1":               {"R7", broken, description(`<payload-type id="^-1"/>`)},
		"payload type 08":               {"R17", ours, description(`<payload-type id="^08"/>`)},
		"payload type that is empty":    {"R7", broken, description(`<payload-type id="^"/>`)},
		"payload type with a plus":      {"R7", broken, description(`<payload-type id="^+8"/>`)},
		"payload type of many digits":   {"R17", ours, description(`<payload-type id="^111111111111111111111"/>`)},
		"dynamic without a name":        {"R3", broken, description(`^<payload-type id="96"/>`)},
		"payload type twice":            {"R17", broken, description(`<payload-type id="8"/>^<payload-type id="8"/>`)},
		"65 payload types":              {"R5", ours, description(many(`<payload-type id="%d"/>`, 64) + `^<payload-type id="64"/>`)},
		"name of a codec with a slash":  {"R17", ours, description(`<payload-type id="96" name="a^ /8000"/>`)},
		"clock of a gigahertz":          {"R7", ours, description(`<payload-type clockrate="^1000000000" id="8"/>`)},
		"clock of 33 bits":              {"R7", broken, description(`<payload-type clockrate="^4294967296" id="8"/>`)},
		"no channels":                   {"R7", ours, description(`<payload-type channels="^0" id="8"/>`)},
		"nine channels":                 {"R7", ours, description(`<payload-type channels="^9" id="8"/>`)},
		"256 channels":                  {"R7", broken, description(`<payload-type channels="^256" id="8"/>`)},
		"packet of four weeks (row 43)": {"R7", ours, description(`<payload-type id="8" ptime="^2147483647"/>`)},
		"packet of no time":             {"R7", ours, description(`<payload-type id="8" maxptime="^0"/>`)},
		"parameter without a value":     {"R3", broken, description(`<payload-type id="8">^<parameter name="a"/></payload-type>`)},
		"parameter of 513 bytes":        {"R5", ours, description(`<payload-type id="8"><parameter name="a" value="^` + strings.Repeat("x", 513) + `"/></payload-type>`)},
		"parameter beyond ASCII":        {"R17", ours, description(`<payload-type id="8"><parameter name="a" value="x^ä"/></payload-type>`)},
		"33 parameters":                 {"R5", ours, description(`<payload-type id="8">` + many(`<parameter name="a%d" value=""/>`, 32) + `^<parameter name="a" value=""/></payload-type>`)},
		"text in a payload type":        {"R3", ours, description(`<payload-type id="8">^opus</payload-type>`)},
		"bandwidth of words":            {"R7", broken, description(`<bandwidth type="AS">^much</bandwidth>`)},
		"bandwidth of terabits":         {"R7", ours, description(`<bandwidth type="AS"> ^10000001 </bandwidth>`)},
		"bandwidth of a kind":           {"R7", ours, description(`<bandwidth type="^X-YZ">64</bandwidth>`)},
		"multiplexed twice":             {"R17", broken, description(`<rtcp-mux/>^<rtcp-mux/>`)},
		"feedback without a type":       {"R3", broken, description(`^<rtcp-fb xmlns="urn:xmpp:jingle:apps:rtp:rtcp-fb:0"/>`)},
		"17 kinds of feedback":          {"R5", ours, description(many(`<rtcp-fb xmlns="urn:xmpp:jingle:apps:rtp:rtcp-fb:0" type="a%d"/>`, 16) + `^<rtcp-fb xmlns="urn:xmpp:jingle:apps:rtp:rtcp-fb:0" type="x"/>`)},
		"reports once an hour":          {"R7", ours, description(`<rtcp-fb-trr-int xmlns="urn:xmpp:jingle:apps:rtp:rtcp-fb:0" value="^3600000"/>`)},
		"header extension 0":            {"R7", ours, description(`<rtp-hdrext xmlns="urn:xmpp:jingle:apps:rtp:rtp-hdrext:0" id="^0" uri="u"/>`)},
		"header extension 300":          {"R7", broken, description(`^<rtp-hdrext xmlns="urn:xmpp:jingle:apps:rtp:rtp-hdrext:0" id="300" uri="u"/>`)},
		"header extension 5000":         {"R7", broken, description(`<rtp-hdrext xmlns="urn:xmpp:jingle:apps:rtp:rtp-hdrext:0" id="^5000" uri="u"/>`)},
		"header extension of nothing":   {"R6", ours, description(`<rtp-hdrext xmlns="urn:xmpp:jingle:apps:rtp:rtp-hdrext:0" id="1" uri="^"/>`)},
		"source twice":                  {"R17", ours, description(`<source xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" ssrc="1"/>^<source xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" ssrc="1"/>`)},
		"sources in a group of a kind":  {"R7", ours, description(`<ssrc-group xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" semantics="^fid"/>`)},
	} {
		c.run(t, name)
	}
}

func TestRefusedTransports(t *testing.T) {
	candidate := func(change, to string) string {
		const whole = `<candidate component="1" foundation="1" generation="0" id="a" ip="192.0.2.1" port="9" priority="1" protocol="udp" type="srflx"/>`
		return transport(strings.Replace(whole, change, to, 1))
	}
	fingerprint := func(hash, setup, text string) string {
		return transport(`<fingerprint ` + dtlsNS + ` hash="` + hash + `" setup="` + setup + `">` + text + `</fingerprint>`)
	}
	tag := func(text, attributes string) string {
		return strings.Replace(text, `<transport `+iceNS, `<transport `+iceNS+attributes, 1)
	}
	for name, c := range map[string]refusal{
		"component 3":                 {"R7", ours, candidate(`component="1"`, `component="^3"`)},
		"component 256":               {"R7", broken, candidate(`component="1"`, `component="^256"`)},
		"component that is missing":   {"R3", broken, candidate(`<candidate component="1"`, `^<candidate`)},
		"foundation of 33":            {"R5", broken, candidate(`foundation="1"`, `foundation="^`+strings.Repeat("1", 33)+`"`)},
		"foundation with a dash":      {"R17", broken, candidate(`foundation="1"`, `foundation="1^-"`)},
		"generation 256":              {"R7", broken, candidate(`generation="0"`, `generation="^256"`)},
		"network -1":                  {"R7", broken, candidate(`id="a"`, `id="a" network="^-1"`)},
		"name for an address":         {"R21", ours, candidate(`192.0.2.1`, `^tracker.example.org`)},
		"name of mDNS":                {"R21", ours, candidate(`192.0.2.1`, `^0b5e9c.local`)},
		"address with zeros in front": {"R21", ours, candidate(`192.0.2.1`, `^192.000.002.001`)},
		"address as a number":         {"R21", ours, candidate(`192.0.2.1`, `^3221225985`)},
		"address with a zone":         {"R21", ours, candidate(`192.0.2.1`, `^fe80::1%eth0`)},
		"port 0":                      {"R7", ours, candidate(`port="9"`, `port="^0"`)},
		"port 65536":                  {"R7", broken, candidate(`port="9"`, `port="^65536"`)},
		"port in hexadecimal":         {"R7", broken, candidate(`port="9"`, `port="^0x9"`)},
		"priority 0":                  {"R7", ours, candidate(`priority="1"`, `priority="^0"`)},
		"priority of 32 bits":         {"R7", ours, candidate(`priority="1"`, `priority="^2147483648"`)},
		"protocol of its own":         {"R7", ours, candidate(`"udp"`, `"^ssltcp"`)},
		"tcp of no kind":              {"R3", broken, strings.Replace(candidate(`"udp"`, `"tcp"`), `<candidate`, `^<candidate`, 1)},
		"kind of tcp with udp":        {"R3", broken, candidate(`<candidate`, `^<candidate tcptype="so"`)},
		"type of its own":             {"R7", broken, candidate(`"srflx"`, `"^local"`)},
		"related address, no port":    {"R3", broken, candidate(`<candidate`, `^<candidate rel-addr="192.0.2.1"`)},
		"related port, no address":    {"R3", broken, candidate(`<candidate`, `^<candidate rel-port="1"`)},
		"related to a host":           {"R3", broken, strings.Replace(candidate(`<candidate`, `^<candidate rel-addr="192.0.2.1" rel-port="1"`), `srflx`, `host`, 1)},
		"element in a candidate":      {"R3", ours, candidate(`/>`, `>^<candidate/></candidate>`)},
		"33 candidates":               {"R5", ours, transport(many(`<candidate component="1" foundation="1" generation="0" id="a%d" ip="192.0.2.1" port="9" priority="1" protocol="udp" type="host"/>`, 32) + `^<candidate/>`)},
		"chosen name":                 {"R21", ours, transport(`<remote-candidate component="1" ip="^localhost" port="1"/>`)},
		"candidates in a description": {"R3", ours, description(`^<candidate ` + iceNS + `/>`)},
		"ufrag of three":              {"R6", broken, tag(transport(``), ` pwd="0123456789012345678901" ufrag="^abc"`)},
		"ufrag of 257":                {"R5", broken, tag(transport(``), ` pwd="0123456789012345678901" ufrag="^`+strings.Repeat("a", 257)+`"`)},
		"ufrag without pwd":           {"R3", broken, strings.Replace(tag(transport(``), ` ufrag="abcd"`), `<transport`, `^<transport`, 1)},
		"pwd of 21":                   {"R6", broken, tag(transport(``), ` pwd="^012345678901234567890" ufrag="abcd"`)},
		"pwd with a dash":             {"R17", broken, tag(transport(``), ` pwd="012345678901234567890^-" ufrag="abcd"`)},

		"SHA-1":                    {"R16", ours, fingerprint(`^sha-1`, `active`, pairs[:59])},
		"MD5":                      {"R16", ours, fingerprint(`^md5`, `active`, pairs[:47])},
		"SHA-3":                    {"R7", ours, fingerprint(`^sha3-256`, `active`, pairs)},
		"upper case":               {"R7", ours, fingerprint(`^SHA-256`, `active`, pairs)},
		"holdconn":                 {"R7", broken, fingerprint(`sha-256`, `^holdconn`, pairs)},
		"31 bytes":                 {"R6", broken, fingerprint(`sha-256`, `active`, ` ^`+pairs[3:]+` `)},
		"32 bytes of SHA-512":      {"R6", broken, fingerprint(`sha-512`, `active`, `^`+pairs)},
		"no bytes":                 {"R6", broken, fingerprint(`sha-256`, `active`, `^`)},
		"lower case":               {"R17", broken, fingerprint(`sha-256`, `active`, strings.Replace(pairs, "A", "^a", 1))},
		"no colons":                {"R17", broken, fingerprint(`sha-256`, `active`, `^`+strings.ReplaceAll(pairs, ":", ""))},
		"colons elsewhere":         {"R17", broken, fingerprint(`sha-256`, `active`, `^`+strings.Replace(pairs, "11:22", "1:122", 1))},
		"five fingerprints":        {"R5", ours, transport(strings.Repeat(`<fingerprint `+dtlsNS+` hash="sha-256" setup="active">`+pairs+`</fingerprint>`, 4) + `^<fingerprint ` + dtlsNS + `/>`)},
		"fingerprint out of place": {"R3", ours, description(`^<fingerprint ` + dtlsNS + `/>`)},
	} {
		c.run(t, name)
	}
}
