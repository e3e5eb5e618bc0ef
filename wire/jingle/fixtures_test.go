package jingle

import "strings"

// offer is a call as browsers and phones write one, with everything in it that
// the model has.
const offer = `<iq xmlns='jabber:client' from='asha@example.org/phone' to='ben@example.net/desk' id='c1' type='set'>
  <jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' initiator='asha@example.org/phone' sid='s-4711'>
    <group xmlns='urn:xmpp:jingle:apps:grouping:0' semantics='BUNDLE'><content name='0'/><content name='1'/></group>
    <content creator='initiator' name='0' senders='both' disposition='session'>
      <description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio' ssrc='305419896'>
        <payload-type id='111' name='opus' clockrate='48000' channels='2' ptime='20' maxptime='120'>
          <parameter name='minptime' value='10'/>
          <parameter name='useinbandfec' value='1'/>
          <rtcp-fb xmlns='urn:xmpp:jingle:apps:rtp:rtcp-fb:0' type='transport-cc'/>
        </payload-type>
        <payload-type id='0' name='PCMU' clockrate='8000'/>
        <payload-type id='8'/>
        <rtcp-mux/>
        <bandwidth type='AS'>64</bandwidth>
        <rtp-hdrext xmlns='urn:xmpp:jingle:apps:rtp:rtp-hdrext:0' id='1' uri='urn:ietf:params:rtp-hdrext:ssrc-audio-level' senders='both'><parameter name='vad' value='on'/></rtp-hdrext>
        <extmap-allow-mixed xmlns='urn:xmpp:jingle:apps:rtp:rtp-hdrext:0'/>
        <source xmlns='urn:xmpp:jingle:apps:rtp:ssma:0' ssrc='305419896'>
          <parameter name='cname' value='8hq+/1'/>
          <parameter name='msid' value='stream track'/>
          <parameter name='x-flag'/>
        </source>
      </description>
      <transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' ufrag='F7gI' pwd='x9cml/YzichV2+XlhiMu8g'>
        <fingerprint xmlns='urn:xmpp:jingle:apps:dtls:0' hash='sha-256' setup='actpass'>
          00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF
        </fingerprint>
        <candidate component='1' foundation='1' generation='0' id='a1' ip='2001:DB8:0:0::1' network='2' port='50000' priority='2130706431' protocol='udp' type='host'/>
        <candidate component='2' foundation='2/x' generation='1' id='a2' ip='192.0.2.7' port='50001' priority='1' protocol='udp' rel-addr='0.0.0.0' rel-port='0' type='srflx'/>
        <candidate component='1' foundation='3' generation='0' id='a3' ip='192.0.2.7' port='9' priority='1518280447' protocol='tcp' tcptype='active' type='host'/>
        <remote-candidate component='1' ip='192.0.2.9' port='4000'/>
        <gathering-complete/>
      </transport>
    </content>
    <content creator='initiator' name='1'>
      <description xmlns='urn:xmpp:jingle:apps:rtp:1' media='video'>
        <payload-type id='96' name='VP8' clockrate='90000'>
          <rtcp-fb-trr-int xmlns='urn:xmpp:jingle:apps:rtp:rtcp-fb:0' value='0'/>
        </payload-type>
        <rtcp-fb xmlns='urn:xmpp:jingle:apps:rtp:rtcp-fb:0' type='nack' subtype='pli'><parameter name='x'/></rtcp-fb>
        <ssrc-group xmlns='urn:xmpp:jingle:apps:rtp:ssma:0' semantics='FID'><source ssrc='1'/><source ssrc='2'/></ssrc-group>
        <source xmlns='urn:xmpp:jingle:apps:rtp:ssma:0' ssrc='1'/>
        <source xmlns='urn:xmpp:jingle:apps:rtp:ssma:0' ssrc='2'/>
      </description>
      <transport xmlns='urn:xmpp:jingle:transports:raw-udp:1'>
        <fingerprint xmlns='urn:xmpp:jingle:apps:dtls:0' hash='sha-384' setup='passive'>00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF</fingerprint>
        <candidate component='1' generation='0' id='r1' ip='198.51.100.4' port='6000' type='host'/>
        <candidate generation='0' id='r2' ip='198.51.100.4' port='6001'/>
      </transport>
    </content>
  </jingle>
</iq>
`

const (
	jingleNS   = `xmlns="urn:xmpp:jingle:1"`
	jmiNS      = `xmlns="urn:xmpp:jingle-message:0"`
	invitesNS  = `xmlns="urn:xmpp:call-invites:0"`
	servicesNS = `xmlns="urn:xmpp:extdisco:2"`
	stanzasNS  = `xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"`
	infoNS     = `xmlns="urn:xmpp:jingle:apps:rtp:info:1"`
	rtpNS      = `xmlns="urn:xmpp:jingle:apps:rtp:1"`
	iceNS      = `xmlns="urn:xmpp:jingle:transports:ice-udp:1"`
	dtlsNS     = `xmlns="urn:xmpp:jingle:apps:dtls:0"`
	storeHint  = `<store xmlns="urn:xmpp:hints"/>`
)

func set(payload string) string { return `<iq id="q" type="set">` + payload + `</iq>` }

// within puts parts into an element, which is empty without any.
func within(tag, parts string) string {
	if parts == "" {
		return `<` + tag + `/>`
	}
	local, _, _ := strings.Cut(tag, " ")
	return `<` + tag + `>` + parts + `</` + local + `>`
}

func step(action, parts string) string {
	return set(within(`jingle `+jingleNS+` action="`+action+`" sid="s"`, parts))
}

// info is a session-info, whose parts are all optional.
func info(parts string) string { return step("session-info", parts) }

func transport(parts string) string {
	return step("transport-info", `<content creator="initiator" name="0">`+within(`transport `+iceNS, parts)+`</content>`)
}

func description(parts string) string {
	return step("description-info", `<content creator="initiator" name="0"><description `+rtpNS+` media="audio">`+parts+`</description></content>`)
}

func chat(parts string) string { return `<message id="m" type="chat">` + parts + `</message>` }

// canonical are stanzas in the one spelling that they have.
var canonical = []string{
	`<iq id="q" type="result"/>`,
	`<iq xmlns="jabber:server" from="example.org" id="q" to="ben@[2001:db8::1]/r s" type="result"/>`,
	set(`<services ` + servicesNS + ` type="turn"><service action="delete" host="192.0.2.1" port="8889" type="turn"/></services>`),
	`<iq id="q" type="get"><services ` + servicesNS + `/></iq>`,
	`<iq id="q" type="get"><credentials ` + servicesNS + `><service host="turn.example.org" type="turn"/></credentials></iq>`,
	`<iq id="q" type="result"><services ` + servicesNS + `><service expires="2031-02-03T04:05:06Z" host="turn.example.org" name="Relay &amp; more" password="p4ss/=" port="3478" restricted="true" transport="udp" type="turns" username="1700000000:u"/><service host="2001:db8::5" type="stun"/></services></iq>`,
	`<iq id="q" type="error"><error by="example.org" type="cancel"><item-not-found ` + stanzasNS + `/><text ` + stanzasNS + `>No such session</text><unknown-session xmlns="urn:xmpp:jingle:errors:1"/></error></iq>`,
	`<message id="m" type="error"><error type="wait"><policy-violation ` + stanzasNS + `/></error></message>`,
	info(``),
	info(`<ringing ` + infoNS + `/>`),
	info(`<mute ` + infoNS + ` creator="responder" name="voice"/>`),
	info(`<unmute ` + infoNS + `/>`),
	step(`session-terminate`, `<reason><success/><text>Danke, bis später!</text></reason>`),
	step(`session-terminate`, `<reason><alternative-session><sid>other</sid></alternative-session></reason>`),
	step(`session-terminate`, `<reason><security-error/><crypto-required xmlns="urn:xmpp:jingle:apps:rtp:errors:1"/></reason>`),
	step(`content-modify`, `<content creator="initiator" name="0" senders="none"/>`),
	step(`content-remove`, `<content creator="responder" name="0"/><reason><cancel/></reason>`),
	description(`<payload-type id="9"/>`),
	transport(``),
	chat(`<propose ` + jmiNS + ` id="p"><description ` + rtpNS + ` media="audio"/><description ` + rtpNS + ` media="video"/></propose>` + storeHint),
	chat(`<proceed ` + jmiNS + ` id="p"/>` + storeHint),
	chat(`<accept ` + jmiNS + ` id="p"/>`),
	chat(`<ringing ` + jmiNS + ` id="p"/>`),
	chat(`<retract ` + jmiNS + ` id="p"><reason ` + jingleNS + `><cancel/><text>Retracted</text></reason></retract>`),
	chat(`<reject ` + jmiNS + ` id="p"><reason ` + jingleNS + `><expired/></reason><tie-break/></reject>`),
	chat(`<finish ` + jmiNS + ` id="p"><reason ` + jingleNS + `><expired/></reason><migrated to="n"/></finish>`),
	`<message to="ben@example.net"><reject ` + jmiNS + ` id="p"/></message>`,
	chat(`<invite ` + invitesNS + ` audio="false" video="true"><jingle jid="mix@example.org/1" sid="s"/></invite>`),
	chat(`<accept ` + invitesNS + ` id="i"><jingle sid="s"/></accept>`),
	chat(`<reject ` + invitesNS + ` id="i"/>`),
	chat(`<retract ` + invitesNS + ` id="i"/>`),
	`<message id="m" type="groupchat"><left ` + invitesNS + ` id="i"/></message>`,
}
