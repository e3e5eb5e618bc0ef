package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/internal/loopback"
)

// commandLine runs a command in this process.
func commandLine(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, said bytes.Buffer
	code = run(&env{ctx: t.Context(), stdout: &out, stderr: &said, now: time.Now}, args)
	return out.String(), said.String(), code
}

// serving runs serve until the function that it returns is called.
func serving(t *testing.T, data string, args ...string) (said *lockedBuffer, stop func()) {
	t.Helper()
	listen := loopback.Free(t)
	if i := slices.Index(args, "--listen"); i >= 0 {
		listen = args[i+1]
	}
	ctx, end := context.WithCancel(context.Background())
	done, said := make(chan int, 1), &lockedBuffer{}
	go func() {
		done <- run(&env{ctx: ctx, stdout: said, stderr: said, now: time.Now}, append([]string{"serve", "--data", data, "--listen", listen, "--relay", loopback.Free(t)}, args...))
	}()
	stopped := false
	stop = func() {
		end()
		if stopped {
			return
		}
		stopped = true
		if code := <-done; code != exitDone {
			t.Errorf("serve ended with %d: %s", code, said)
		}
	}
	t.Cleanup(stop)
	for range 600 {
		if strings.Contains(said.String(), "  relay  ") {
			return said, stop
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("serve does not start: %s", said)
	return nil, nil
}

func TestServeSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	file := filepath.Join(dir, "file")
	for _, f := range []string{file, filepath.Join(dir, "bad.pem")} {
		if err := os.WriteFile(f, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	damaged := filepath.Join(dir, "damaged")
	if err := os.MkdirAll(damaged, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(damaged, "admin.key"), []byte("?"), 0o600); err != nil {
		t.Fatal(err)
	}
	free, data := loopback.Free(t), filepath.Join(dir, "data")
	for _, c := range []struct {
		name string
		code int
		says []string
		args []string
	}{
		{"a port that is taken", exitFailed, []string{"another program has this port", "--listen"}, []string{"--data", data, "--listen", tcp.Addr().String()}},
		{"a relay's port that is taken", exitFailed, []string{"relay's port", "--relay"}, []string{"--data", data, "--listen", free, "--relay", udp.LocalAddr().String()}},
		{"a file for a folder", exitFailed, []string{file, "--data"}, []string{"--data", file, "--listen", free}},
		{"everybody without TLS", exitUsage, []string{"loopback", "--tls-cert"}, []string{"--data", data, "--listen", "0.0.0.0:0"}},
		{"any address without TLS", exitUsage, []string{"loopback"}, []string{"--data", data, "--listen", ":0"}},
		{"half of a certificate", exitUsage, []string{"--tls-key"}, []string{"--data", data, "--tls-cert", file}},
		{"a domain and a certificate", exitUsage, []string{"either --domain"}, []string{"--data", data, "--domain", "x.example", "--tls-cert", file, "--tls-key", file}},
		{"a certificate that is none", exitFailed, []string{"bad.pem", "PEM"}, []string{"--data", data, "--listen", free, "--tls-cert", filepath.Join(dir, "bad.pem"), "--tls-key", file}},
		{"a damaged key", exitFailed, []string{"admin.key", "damaged", "backup"}, []string{"--data", damaged, "--listen", free, "--relay", loopback.Free(t)}},
		{"an address that is none", exitUsage, []string{"HOST:PORT"}, []string{"--data", data, "--listen", "nonsense"}},
	} {
		_, said, code := commandLine(t, append([]string{"serve"}, c.args...)...)
		if code != c.code {
			t.Errorf("%s: exit %d, want %d: %s", c.name, code, c.code, said)
		}
		for _, words := range c.says {
			if !strings.Contains(said, words) {
				t.Errorf("%s: %q does not say %q", c.name, said, words)
			}
		}
	}
}

// One folder has one service; invites and checks work beside it, and without.
func TestInviteAndVerify(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	for _, c := range []string{"invite", "verify", "console-link"} {
		if _, said, code := commandLine(t, c, "--data", data); code != exitFailed || !strings.Contains(said, "no service has run here") {
			t.Errorf("%s without a service: exit %d, %s", c, code, said)
		}
	}
	said, stop := serving(t, data)
	if strings.Contains(said.String(), "#") {
		t.Errorf("a link that opens a door went into what is no terminal: %s", said)
	}
	if _, said, code := commandLine(t, "serve", "--data", data, "--listen", loopback.Free(t), "--relay", loopback.Free(t)); code != exitFailed || !strings.Contains(said, "another ringfence (process") {
		t.Errorf("a second service: exit %d, %s", code, said)
	}
	check := func(when string) {
		t.Helper()
		out, said, code := commandLine(t, "invite", "--data", data, "--json", "--url", "https://chat.example/")
		var v struct{ Code, Link string }
		if err := json.Unmarshal([]byte(out), &v); err != nil || code != exitDone || len(v.Code) < 20 || v.Link != "https://chat.example/#invite="+v.Code {
			t.Errorf("%s: invite: exit %d, %s%s", when, code, out, said)
		}
		if _, said, code := commandLine(t, "invite", "--data", data, "--for", "nobody"); code != exitFailed || !strings.Contains(said, "no account of that name") {
			t.Errorf("%s: invite for nobody: exit %d, %s", when, code, said)
		}
		if out, said, code := commandLine(t, "verify", "--data", data); code != exitDone || !strings.Contains(out, ": whole") {
			t.Errorf("%s: verify: exit %d, %s%s", when, code, out, said)
		}
	}
	check("while it runs")
	stop()
	check("after it ran")
	key := filepath.Join(data, "server.key")
	if err := os.WriteFile(key, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, _, code := commandLine(t, "verify", "--data", data); code != exitFailed || !strings.Contains(out, "NOT whole") || !strings.Contains(out, "server.key") {
		t.Errorf("verify of a damaged key: exit %d, %s", code, out)
	}
}

// certificate writes one for a name that this machine does not have.
func certificate(t *testing.T) (chain, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "chat.example"}, DNSNames: []string{"chat.example"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, about, about, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	chain, key = filepath.Join(t.TempDir(), "chain.pem"), filepath.Join(t.TempDir(), "key.pem")
	for path, block := range map[string]*pem.Block{chain: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return chain, key
}

// With TLS it serves TLS only, from version 1.2, and verify finds the running
// service whatever name the certificate is for.
func TestServeTLS(t *testing.T) {
	data, listen := filepath.Join(t.TempDir(), "data"), loopback.Free(t)
	chain, key := certificate(t)
	serving(t, data, "--listen", listen, "--tls-cert", chain, "--tls-key", key)
	ask := func(c *tls.Config) (*http.Response, error) {
		c.ServerName = "chat.example"
		transport := &http.Transport{TLSClientConfig: c}
		defer transport.CloseIdleConnections()
		resp, err := (&http.Client{Transport: transport}).Get("https://" + listen + "/v1/server")
		if err == nil {
			resp.Body.Close()
		}
		return resp, err
	}
	b, err := os.ReadFile(chain)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(b)
	if resp, err := ask(&tls.Config{RootCAs: roots}); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("over TLS: %v", err)
	}
	if _, err := ask(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	if resp, err := http.Get("http://" + listen + "/v1/server"); err == nil {
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			t.Error("it is served without TLS")
		}
	}
	if out, said, code := commandLine(t, "verify", "--data", data); code != exitDone {
		t.Errorf("verify: exit %d, %s%s", code, out, said)
	}
}
