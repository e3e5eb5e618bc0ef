package testrange

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"
	"time"

	"github.com/ringfence/ringfence/service"
)

// trusting is a client on one connection that takes any certificate: what it
// proves, the proof proves.
func trusting(t *testing.T) *http.Client {
	transport := &http.Transport{MaxConnsPerHost: 1, TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: long}
}

// Over TLS the proof is bound to the connection: the server proves itself, and
// somebody in between, who passes everything on, does not.
func TestProofIsBoundToTheConnection(t *testing.T) {
	h := build(t, nil, nil)
	key, err := service.ReadAdminKey(h.data)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewTLSServer(h)
	defer server.Close()
	g, err := prover{trusting(t), server.URL, key}.run(t.Context(), 3)
	if err != nil || len(g.invites) != 3 || len(g.relay) == 0 {
		t.Fatalf("%+v, %v", g, err)
	}
	target, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = trusting(t).Transport
	between := httptest.NewTLSServer(proxy)
	defer between.Close()
	if _, err := (prover{trusting(t), between.URL, key}).run(t.Context(), 3); !errors.Is(err, ErrNotYours) {
		t.Errorf("somebody in between was taken for the server: %v", err)
	}
}

// A server without the key gets nothing out of the range, whatever it answers.
func TestServersWithoutTheKey(t *testing.T) {
	h := build(t, nil, nil)
	key, err := service.ReadAdminKey(h.data)
	if err != nil {
		t.Fatal(err)
	}
	for _, answer := range []string{`{}`, `{"nonce":"","relay":[],"signature":""}`, `[]`, `x`, `{"nonce":"` + b64.EncodeToString(make([]byte, 32)) + `","relay":["turn:192.0.2.1:1?transport=udp"],"signature":"` + b64.EncodeToString(make([]byte, 64)) + `"}`} {
		asked := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { asked++; io.WriteString(w, answer) }))
		if _, err := Open(t.Context(), server.URL, key); err == nil {
			t.Errorf("%s: taken for the server", answer)
		}
		if asked != 1 {
			t.Errorf("%s: asked %d times", answer, asked)
		}
		server.Close()
	}
}

// The proof is recorded and played again: it is good once.
func TestProofIsGoodOnce(t *testing.T) {
	h := build(t, nil, nil)
	key, err := service.ReadAdminKey(h.data)
	if err != nil {
		t.Fatal(err)
	}
	var last []byte
	recorder := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/v1/range/open" {
			last = b
		}
		h.ServeHTTP(w, again(r, b))
	}))
	defer recorder.Close()
	if _, err := Open(t.Context(), recorder.URL, key); err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(h.url+"/v1/range/open", "application/json", bytes.NewReader(last))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("a proof that was used was answered %s", resp.Status)
	}
}

func TestOnlyLoopbackWithoutTLS(t *testing.T) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		n, ok := a.(*net.IPNet)
		if !ok || n.IP.IsLoopback() || n.IP.To4() == nil {
			continue
		}
		l, err := net.Listen("tcp", net.JoinHostPort(n.IP.String(), "0"))
		if err != nil {
			continue
		}
		defer l.Close()
		_ = l.(*net.TCPListener).SetDeadline(time.Now().Add(long))
		if _, err := Open(t.Context(), "http://"+l.Addr().String(), make([]byte, 64)); err == nil {
			t.Errorf("%s was attacked without TLS", l.Addr())
		}
		return
	}
	t.Skip("this machine has no address besides loopback: nothing to try")
}

// again is a request whose body has been read.
func again(r *http.Request, body []byte) *http.Request {
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	return r
}
