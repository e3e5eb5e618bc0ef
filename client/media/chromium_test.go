package media

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/ringfence/ringfence/client"
	"github.com/ringfence/ringfence/client/sdp"
	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/internal/browser"
	"github.com/ringfence/ringfence/relay"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
)

// page is what a page does with the engine's descriptions, and no more.
const page = `<!doctype html><title>call</title><script>
const ends = {};
const codecs = {audio: "audio/opus", video: "video/VP8"};
const keep = p => { for (const t of p.getTransceivers()) {
  const kind = t.receiver.track.kind;
  t.setCodecPreferences(RTCRtpReceiver.getCapabilities(kind).codecs.filter(c => c.mimeType === codecs[kind]));
} };
const policy = relay => ({iceTransportPolicy: "relay", bundlePolicy: "max-bundle", iceServers: relay ? [relay] : []});
async function media(video) { return navigator.mediaDevices.getUserMedia({audio: true, video}); }
async function make(name, relay, video) {
  const p = ends[name] = new RTCPeerConnection(policy(relay));
  const s = await media(video);
  for (const t of [...s.getAudioTracks(), ...s.getVideoTracks()]) p.addTransceiver(t, {direction: "sendrecv", streams: [s]});
  keep(p);
  return p;
}
async function offer(name, video) { const p = await make(name, null, video); ends[name + "-offer"] = await p.createOffer(); return ends[name + "-offer"].sdp; }
async function granted(name, relay) { const p = ends[name]; p.setConfiguration(policy(relay)); await p.setLocalDescription(ends[name + "-offer"]); return p.localDescription.sdp; }
async function joined(name, sdp) { await ends[name].setRemoteDescription({type: "answer", sdp}); return ""; }
async function answer(name, relay, sdp, video) {
  const p = ends[name] = new RTCPeerConnection(policy(relay));
  await p.setRemoteDescription({type: "offer", sdp});
  const s = await media(video);
  for (const t of s.getTracks()) { const tx = p.getTransceivers().find(x => x.receiver.track.kind === t.kind); await tx.sender.replaceTrack(t); tx.direction = "sendrecv"; tx.sender.setStreams && tx.sender.setStreams(s); }
  keep(p);
  const a = await p.createAnswer();
  await p.setLocalDescription(a);
  return a.sdp;
}
async function frames(name, kind) {
  const p = ends[name];
  for (let i = 0; i < 1500; i++) {
    let n = 0;
    (await p.getStats()).forEach(s => { if (s.type === "inbound-rtp" && s.kind === kind) n = kind === "video" ? s.framesDecoded || 0 : s.packetsReceived || 0; });
    if (n >= 5) return "";
    await new Promise(r => setTimeout(r, 20));
  }
  return p.connectionState + " " + p.iceConnectionState;
}
function hang() { for (const p of Object.values(ends)) p.close && p.close(); return ""; }
</script>`

// tab runs the functions of page.
type tab struct {
	t   *testing.T
	ctx context.Context
}

func (b tab) do(function string, arguments ...any) string {
	b.t.Helper()
	var spelled []string
	for _, a := range arguments {
		text, err := json.Marshal(a)
		if err != nil {
			b.t.Fatal(err)
		}
		spelled = append(spelled, string(text))
	}
	script := function + "(" + strings.Join(spelled, ",") + ")"
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", function, err)
	}
	return v
}

func startPage(t *testing.T) tab {
	ctx := browser.Start(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, page) }))
	t.Cleanup(server.Close)
	if err := chromedp.Do(ctx, chromedp.Navigate(server.URL)); err != nil {
		t.Fatal(err)
	}
	return tab{t, ctx}
}

// exchange is one call with the relay's credentials for both legs.
type exchange struct {
	t    *testing.T
	id   wire.ID
	kind wire.Media
	to   map[call.Leg]client.Relay
}

func (x exchange) browserRelay(leg call.Leg) map[string]any {
	r := x.to[leg]
	return map[string]any{"urls": r.URLs, "username": r.Username, "credential": r.Credential}
}

func (x exchange) parameters(leg call.Leg, l client.Local) call.Parameters {
	return call.Parameters{Call: x.id, Leg: leg, Media: x.kind, Ufrag: l.Ufrag, Password: l.Password, Fingerprint: l.Fingerprint}
}

// told reads a browser's description and writes what the other end is given.
func (x exchange) told(leg call.Leg, description string) call.Parameters {
	x.t.Helper()
	u, p, f, err := sdp.LocalParameters(description)
	if err != nil {
		x.t.Fatalf("%v in\n%s", err, description)
	}
	return x.parameters(leg, client.Local{Ufrag: u, Password: p, Fingerprint: f})
}

func (x exchange) remote(p call.Parameters, kind sdp.Kind) string {
	x.t.Helper()
	s, err := sdp.Remote(p, kind)
	if err != nil {
		x.t.Fatal(err)
	}
	return s
}

// A browser calls, is called, and talks to another tab, with nothing of the
// other end but what the template says.
func TestChromiumTakesTheTemplate(t *testing.T) {
	b := startPage(t)
	g, err := guard.New(guard.DefaultConfig(), time.Now, func(v guard.Verdict) {
		if !strings.Contains(v.Reason, "there is no relay for it") { // of a packet that was under way when its call ended
			t.Errorf("the guard objects: %v %s", v.Rules, v.Reason)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := relay.Listen(relay.Config{Addr: "127.0.0.1:0", Guard: g})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Stop()
	number := byte(0)
	exchanged := func(t *testing.T, kind wire.Media) exchange {
		number++
		x := exchange{t: t, id: wire.ID{9, number}, kind: kind, to: map[call.Leg]client.Relay{}}
		a, c, err := r.Open(x.id, false)
		if err != nil {
			t.Fatal(err)
		}
		x.to[call.Callee] = client.Relay{URLs: r.URIs(), Username: x.id.String() + "-a", Credential: a}
		x.to[call.Caller] = client.Relay{URLs: r.URIs(), Username: x.id.String() + "-c", Credential: c}
		return x
	}
	for _, kind := range []wire.Media{wire.Video, wire.Sound} {
		t.Run("Chromium answers a Go client, "+kind.String(), func(t *testing.T) { tab{t, b.ctx}.answersGo(exchanged(t, kind)) })
		t.Run("Chromium calls a Go client, "+kind.String(), func(t *testing.T) { tab{t, b.ctx}.callsGo(exchanged(t, kind)) })
		t.Run("Chromium calls Chromium, "+kind.String(), func(t *testing.T) { tab{t, b.ctx}.callsItself(exchanged(t, kind)) })
	}
}

func (b tab) seen(name string, kind wire.Media) {
	b.t.Helper()
	what := map[wire.Media]string{wire.Video: "video", wire.Sound: "audio"}[kind]
	if state := b.do("frames", name, what); state != "" {
		b.t.Errorf("%s: no %s in 30 s: %s", name, what, state)
	}
}

func (b tab) goSide(s *Session) {
	b.t.Helper()
	select {
	case <-s.First():
	case <-time.After(30 * time.Second):
		sent, received := s.Packets()
		b.t.Errorf("the Go side saw nothing in 30 s; %d sent, %d received", sent, received)
	}
}

func (b tab) answersGo(x exchange) {
	s, err := New(x.kind)
	if err != nil {
		b.t.Fatal(err)
	}
	defer s.Close()
	offer := b.do("offer", "a", x.kind == wire.Video)
	b.honest(offer, x.kind)
	local := b.do("granted", "a", x.browserRelay(call.Callee))
	if x.told(call.Callee, local) != x.told(call.Callee, offer) {
		b.t.Error("what was sealed is not what was used")
	}
	if err := s.Answer(x.to[call.Caller], x.told(call.Callee, offer)); err != nil {
		b.t.Fatal(err)
	}
	b.do("joined", "a", x.remote(x.parameters(call.Caller, s.Local()), sdp.Answer))
	b.goSide(s)
	b.seen("a", x.kind)
	b.do("hang")
}

func (b tab) callsGo(x exchange) {
	s, err := New(x.kind)
	if err != nil {
		b.t.Fatal(err)
	}
	defer s.Close()
	if err := s.Offer(x.to[call.Callee]); err != nil {
		b.t.Fatal(err)
	}
	answer := b.do("answer", "c", x.browserRelay(call.Caller), x.remote(x.parameters(call.Callee, s.Local()), sdp.Offer), x.kind == wire.Video)
	b.honest(answer, x.kind)
	if err := s.Join(x.told(call.Caller, answer)); err != nil {
		b.t.Fatal(err)
	}
	b.goSide(s)
	b.seen("c", x.kind)
	b.do("hang")
}

func (b tab) callsItself(x exchange) {
	offer := b.do("offer", "a", x.kind == wire.Video)
	b.do("granted", "a", x.browserRelay(call.Callee))
	answer := b.do("answer", "c", x.browserRelay(call.Caller), x.remote(x.told(call.Callee, offer), sdp.Offer), x.kind == wire.Video)
	b.do("joined", "a", x.remote(x.told(call.Caller, answer), sdp.Answer))
	b.seen("a", x.kind)
	b.seen("c", x.kind)
	b.do("hang")
}

// honest checks that Chromium's own description has the template's payload
// types, and in an answer to it none of what the template leaves out.
func (b tab) honest(description string, kind wire.Media) {
	b.t.Helper()
	want := []string{fmt.Sprintf("a=rtpmap:%d opus/48000/2", sdp.Opus)}
	if kind == wire.Video {
		want = append(want, fmt.Sprintf("a=rtpmap:%d VP8/90000", sdp.VP8))
	}
	for _, line := range want {
		if !strings.Contains(description, line) {
			b.t.Errorf("no %q in\n%s", line, description)
		}
	}
	for _, never := range []string{"rtx/", "red/", "ulpfec", "flexfec", "m=application"} {
		if strings.Contains(description, never) {
			b.t.Errorf("%q in\n%s", never, description)
		}
	}
	if strings.Contains(description, "a=setup:active") && strings.Contains(description, "a=extmap") {
		b.t.Errorf("header extensions in an answer:\n%s", description)
	}
}
