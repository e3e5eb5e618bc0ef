package relay

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/ringfence/ringfence/internal/browser"
	"github.com/ringfence/ringfence/wire"
)

// callScript connects two ends within one page, as clients do it: relay only,
// the callee offers, and the remote candidate is the constant of the other leg.
const callScript = `(async () => {
  const end = (user, password) => new RTCPeerConnection({
    iceTransportPolicy: "relay", bundlePolicy: "max-bundle",
    iceServers: [{urls: URLS, username: user, credential: password}]});
  const a = end(USER_A, PASS_A), c = end(USER_C, PASS_C);
  const media = await navigator.mediaDevices.getUserMedia({audio: true, video: true});
  const twin = await navigator.mediaDevices.getUserMedia({audio: true, video: true});
  for (const t of media.getTracks()) a.addTrack(t, media);
  for (const t of twin.getTracks()) c.addTrack(t, twin);
  const bare = d => ({type: d.type, sdp: d.sdp.split("\r\n").filter(l => !l.startsWith("a=candidate")).join("\r\n")});
  const start = performance.now();
  await a.setLocalDescription(await a.createOffer());
  await c.setRemoteDescription(bare(a.localDescription));
  await c.setLocalDescription(await c.createAnswer());
  await a.setRemoteDescription(bare(c.localDescription));
  const candidate = ip => ({candidate: "candidate:1 1 udp 1 " + ip + " 49152 typ relay raddr 0.0.0.0 rport 0", sdpMLineIndex: 0});
  await a.addIceCandidate(candidate("192.0.2.2"));
  await c.addIceCandidate(candidate("192.0.2.1"));
  const decoded = async p => {
    let n = 0, dtls = "", via = "";
    const stats = await p.getStats();
    stats.forEach(s => {
      if (s.type === "inbound-rtp" && s.kind === "video") n = s.framesDecoded || 0;
      if (s.type === "transport") dtls = s.dtlsState + " " + s.tlsVersion + " " + s.dtlsCipher;
      if (s.type === "local-candidate") via += s.relayProtocol + " ";
    });
    return {n, dtls, via};
  };
  for (;;) {
    const [x, y] = [await decoded(a), await decoded(c)];
    if (x.n >= 5 && y.n >= 5 || performance.now() - start > 40000) {
      const report = {a: x, c: y, ms: performance.now() - start, state: a.iceConnectionState + " " + c.iceConnectionState};
      a.close(); c.close();
      return JSON.stringify(report);
    }
    await new Promise(r => setTimeout(r, 20));
  }
})()`

type end struct {
	N    int
	DTLS string
	Via  string
}

// A real browser connects a call with nothing but the relay, over UDP, over
// TCP, and with both offered.
func TestChromiumConnectsThroughTheRelay(t *testing.T) {
	ctx := browser.Start(t)
	r, kept := start(t)
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<!doctype html><title>call</title>") }))
	defer page.Close()
	if err := chromedp.Do(ctx, chromedp.Navigate(page.URL)); err != nil {
		t.Fatal(err)
	}
	for i, urls := range [][]string{r.URIs()[:1], r.URIs()[1:], r.URIs()} {
		id := wire.ID{7, byte(i)}
		pa, pc := open(t, r, id)
		script := ""
		for name, v := range map[string]any{"URLS": urls, "USER_A": id.String() + "-a", "PASS_A": pa, "USER_C": id.String() + "-c", "PASS_C": pc} {
			b, _ := json.Marshal(v)
			script += fmt.Sprintf("const %s = %s; ", name, b)
		}
		said, err := chromedp.Run(ctx, chromedp.Evaluate[string]("{"+script+callScript+"}", chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatal(err)
		}
		var report struct {
			A, C  end
			MS    float64
			State string
		}
		if err := json.Unmarshal([]byte(said), &report); err != nil {
			t.Fatalf("%s: %v", said, err)
		}
		if report.A.N < 5 || report.C.N < 5 {
			t.Errorf("%v: %s\nverdicts:\n%s", urls, said, kept)
		}
		t.Logf("%v: %s", urls, said)
		r.Close(id)
	}
	if kept.String() != "" {
		t.Errorf("verdicts on honest calls:\n%s", kept)
	}
}
