package media

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/client"
	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/relay"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
)

func TestFilesAreWhole(t *testing.T) {
	p, err := pictures()
	if err != nil || len(p) != 2*pictureRate {
		t.Errorf("%d pictures, %v", len(p), err)
	}
	s, err := sounds()
	if err != nil || len(s) < 50 {
		t.Errorf("%d sounds, %v", len(s), err)
	}
	if n := len(picture) + len(tone); n > 60<<10 {
		t.Errorf("%d bytes embedded", n)
	}
}

// Two ends talk through the real relay, by UDP and by TCP.
func TestTalkThroughTheRelay(t *testing.T) {
	for _, transport := range []string{"udp", "tcp"} {
		for _, kind := range []wire.Media{wire.Video, wire.Sound} {
			t.Run(transport+" "+kind.String(), func(t *testing.T) { talk(t, transport, kind) })
		}
	}
}

func talk(t *testing.T, transport string, kind wire.Media) {
	g, err := guard.New(guard.DefaultConfig(), time.Now, func(v guard.Verdict) { t.Errorf("the guard objects: %v %s", v.Rules, v.Reason) })
	if err != nil {
		t.Fatal(err)
	}
	r, err := relay.Listen(relay.Config{Addr: "127.0.0.1:0", Guard: g})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Stop()
	urls := slices.DeleteFunc(r.URIs(), func(u string) bool { return !strings.HasSuffix(u, "transport="+transport) })
	id := wire.ID{7}
	passwordA, passwordC, err := r.Open(id, false)
	if err != nil {
		t.Fatal(err)
	}
	ends := map[call.Leg]*Session{}
	for _, leg := range []call.Leg{call.Callee, call.Caller} {
		s, err := New(kind)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		ends[leg] = s
	}
	parameters := func(leg call.Leg) call.Parameters {
		l := ends[leg].Local()
		return call.Parameters{Call: id, Leg: leg, Media: kind, Ufrag: l.Ufrag, Password: l.Password, Fingerprint: l.Fingerprint}
	}
	if err := ends[call.Callee].Offer(client.Relay{URLs: urls, Username: id.String() + "-a", Credential: passwordA}); err != nil {
		t.Fatal(err)
	}
	if err := ends[call.Caller].Answer(client.Relay{URLs: urls, Username: id.String() + "-c", Credential: passwordC}, parameters(call.Callee)); err != nil {
		t.Fatal(err)
	}
	if err := ends[call.Callee].Join(parameters(call.Caller)); err != nil {
		t.Fatal(err)
	}
	for leg, s := range ends {
		select {
		case <-s.First():
		case <-s.Failed():
			t.Fatalf("leg %c: failed", leg)
		case <-time.After(30 * time.Second):
			t.Fatalf("leg %c: nothing came", leg)
		}
	}
	for leg, s := range ends { // what came to one was sent by the other
		if sent, received := s.Packets(); sent == 0 || received == 0 {
			t.Errorf("leg %c: %d sent, %d received", leg, sent, received)
		}
	}
	r.Close(id)
}

// What New makes is what the protocol allows.
func TestLocalIsOfTheProtocol(t *testing.T) {
	s, err := New(wire.Video)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l := s.Local()
	p := call.Parameters{Call: wire.ID{1}, Leg: call.Callee, Media: wire.Video, Ufrag: l.Ufrag, Password: l.Password, Fingerprint: l.Fingerprint}
	if err := p.Check(); err != nil {
		t.Error(err)
	}
}
