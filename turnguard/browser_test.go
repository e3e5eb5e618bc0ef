package turnguard

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/ringfence/ringfence/internal/browser"
)

// callScript connects two ends within one page, as any web application does it, with
// nothing but the relay.
const callScript = `(async () => {
  const end = (user, password) => new RTCPeerConnection({
    iceTransportPolicy: "relay", bundlePolicy: "max-bundle",
    iceServers: [{urls: URLS, username: user, credential: password}]});
  const a = end(USER_A, PASS_A), c = end(USER_C, PASS_C);
  a.onicecandidate = e => e.candidate && c.addIceCandidate(e.candidate);
  c.onicecandidate = e => e.candidate && a.addIceCandidate(e.candidate);
  const media = await navigator.mediaDevices.getUserMedia({audio: true, video: true});
  const twin = await navigator.mediaDevices.getUserMedia({audio: true, video: true});
  for (const t of media.getTracks()) a.addTrack(t, media);
  for (const t of twin.getTracks()) c.addTrack(t, twin);
  const start = performance.now();
  const offer = await a.createOffer();
  await c.setRemoteDescription(offer);
  await a.setLocalDescription(offer);
  const answer = await c.createAnswer();
  await a.setRemoteDescription(answer);
  await c.setLocalDescription(answer);
  const decoded = async p => {
    let n = 0, via = "";
    (await p.getStats()).forEach(s => {
      if (s.type === "inbound-rtp" && s.kind === "video") n = s.framesDecoded || 0;
      if (s.type === "local-candidate") via += s.candidateType + " " + s.relayProtocol + " ";
    });
    return {n, via};
  };
  for (;;) {
    const [x, y] = [await decoded(a), await decoded(c)];
    if (x.n >= 20 && y.n >= 20 || performance.now() - start > 40000) {
      const report = {a: x, c: y, ms: performance.now() - start, state: a.iceConnectionState + " " + c.iceConnectionState};
      a.close(); c.close();
      return JSON.stringify(report);
    }
    await new Promise(r => setTimeout(r, 20));
  }
})()`

// A real browser has a call over it, on UDP and on TCP, and nothing in that call is
// objected to, though everything that is not right would be dropped.
func TestChromiumCallsThroughIt(t *testing.T) {
	ctx := browser.Start(t)
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<!doctype html><title>call</title>") }))
	defer page.Close()
	if err := chromedp.Do(ctx, chromedp.Navigate(page.URL)); err != nil {
		t.Fatal(err)
	}
	for _, network := range []string{"udp", "tcp"} {
		s, kept := serve(t, func(c *Config) { c.AllowPeer, c.Inspect, c.Hold = nil, Drop, 500*time.Microsecond })
		userA, passA := account("alice")
		userC, passC := account("carol")
		script := ""
		for name, v := range map[string]any{"URLS": []string{"turn:" + s.Addrs()[0].String() + "?transport=" + network}, "USER_A": userA, "PASS_A": passA, "USER_C": userC, "PASS_C": passC} {
			b, _ := json.Marshal(v)
			script += fmt.Sprintf("const %s = %s; ", name, b)
		}
		said, err := chromedp.Run(ctx, chromedp.Evaluate[string]("{"+script+callScript+"}", chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatal(err)
		}
		var report struct{ A, C struct{ N int } }
		if err := json.Unmarshal([]byte(said), &report); err != nil {
			t.Fatalf("%s: %v", said, err)
		}
		n := s.Counters()
		if report.A.N < 20 || report.C.N < 20 || n.ToPeers == 0 || n.ToClients == 0 {
			t.Errorf("%s: %s\n%+v", network, said, n)
		}
		if kept.String() != "" || n.Objected != 0 {
			t.Errorf("%s: verdicts on an honest call:\n%s", network, kept)
		}
		t.Logf("%s: %s %+v", network, said, n)
		s.Stop()
	}
}
