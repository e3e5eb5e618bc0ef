package inspect

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/pion/webrtc/v4"

	"github.com/ringfence/ringfence/internal/browser"
	"github.com/ringfence/ringfence/wire/dtls"
)

// heard is a socket that looks at the DTLS which comes in.
type heard struct {
	net.PacketConn
	mu     sync.Mutex
	hellos map[string]*dtls.Hello
	print  chan string
}

func hear(t *testing.T) *heard {
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &heard{PacketConn: c, hellos: map[string]*dtls.Hello{}, print: make(chan string, 64)}
}

// ReadFrom reads, and looks.
func (h *heard) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := h.PacketConn.ReadFrom(b)
	if n > 0 && b[0] == 22 && dtls.Check(b[:n]) == nil {
		h.mu.Lock()
		a := h.hellos[from.String()]
		if a == nil {
			a = new(dtls.Hello)
			h.hellos[from.String()] = a
		}
		if hello, err := a.Add(b[:n]); err == nil && hello != nil {
			select {
			case h.print <- hello.JA4():
			default:
			}
		}
		h.mu.Unlock()
	}
	return n, from, err
}

// server is a Go peer that waits for the other end to begin the handshake.
func (h *heard) server(t *testing.T) *webrtc.PeerConnection {
	t.Helper()
	var engine webrtc.SettingEngine
	engine.SetICEUDPMux(webrtc.NewICEUDPMux(nil, h))
	engine.SetIncludeLoopbackCandidate(true)
	engine.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	if err := engine.SetAnsweringDTLSRole(webrtc.DTLSRoleServer); err != nil {
		t.Fatal(err)
	}
	p, err := webrtc.NewAPI(webrtc.WithSettingEngine(engine)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func answerTo(p *webrtc.PeerConnection, offer webrtc.SessionDescription) (*webrtc.SessionDescription, error) {
	if err := p.SetRemoteDescription(offer); err != nil {
		return nil, err
	}
	a, err := p.CreateAnswer(nil)
	if err != nil {
		return nil, err
	}
	done := webrtc.GatheringCompletePromise(p)
	if err := p.SetLocalDescription(a); err != nil {
		return nil, err
	}
	<-done
	return p.LocalDescription(), nil
}

// whose checks that a print is known as a program's. It prints what stands in the
// table when it does not.
func (h *heard) whose(t *testing.T, program string) {
	t.Helper()
	select {
	case print := <-h.print:
		if Program(print) != program {
			t.Errorf("known.go must have: %q: %q", print, program)
		}
	case <-t.Context().Done():
		t.Fatal("no ClientHello came")
	}
}

// The prints that ship are those of programs that were run here.
func TestPrints(t *testing.T) {
	t.Run("pion", func(t *testing.T) {
		h := hear(t)
		server := h.server(t)
		client, err := webrtc.NewPeerConnection(webrtc.Configuration{})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		if _, err := client.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio); err != nil {
			t.Fatal(err)
		}
		offer, err := client.CreateOffer(nil)
		if err != nil {
			t.Fatal(err)
		}
		gathered := webrtc.GatheringCompletePromise(client)
		if err := client.SetLocalDescription(offer); err != nil {
			t.Fatal(err)
		}
		<-gathered
		answer, err := answerTo(server, *client.LocalDescription())
		if err == nil {
			err = client.SetRemoteDescription(*answer)
		}
		if err != nil {
			t.Fatal(err)
		}
		h.whose(t, "pion")
	})
	t.Run("chromium", func(t *testing.T) {
		h := hear(t)
		server := h.server(t)
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				fmt.Fprint(w, "<!doctype html><title>call</title>")
				return
			}
			var offer webrtc.SessionDescription
			err := json.NewDecoder(r.Body).Decode(&offer)
			var answer *webrtc.SessionDescription
			if err == nil {
				answer, err = answerTo(server, offer)
			}
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			_ = json.NewEncoder(w).Encode(answer)
		}))
		defer web.Close()
		ctx := browser.Start(t)
		const call = `(async () => { window.p = new RTCPeerConnection(); p.addTransceiver("audio"); await p.setLocalDescription(await p.createOffer());
			const r = await fetch("/", {method: "POST", body: JSON.stringify(p.localDescription)}); await p.setRemoteDescription(await r.json()); return ""; })()`
		if _, err := chromedp.Run(ctx, chromedp.Navigate(web.URL)); err != nil {
			t.Fatal(err)
		}
		if _, err := chromedp.Run(ctx, chromedp.Evaluate[string](call, chromedp.EvalAwaitPromise)); err != nil {
			t.Fatal(err)
		}
		agent, err := chromedp.Run(ctx, chromedp.Evaluate[string]("navigator.userAgent"))
		if err != nil {
			t.Fatal(err)
		}
		if _, version, _ := strings.Cut(agent, "Chrome/"); !strings.HasPrefix(version, "156.") {
			t.Logf("this Chromium is another one than the table has: %s: %s", <-h.print, agent)
			return
		}
		h.whose(t, "Chromium 156")
	})
}
