package stamp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// office is an authority that openssl runs: its own certificates, its own signatures.
type office struct {
	*testing.T
	dir   string
	spoil func([]byte) []byte // what goes wrong on the way
}

const settings = `
[ req ]
distinguished_name = dn
prompt = no
[ dn ]
CN = Example Root
[ ca ]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
[ tsa ]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[ web ]
basicConstraints = critical,CA:FALSE
extendedKeyUsage = critical,serverAuth
[ tsa_config ]
serial = DIR/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
`

func newOffice(t *testing.T, kind string) *office {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("OPENSSL IS MISSING: no time stamp was tried")
		}
		t.Skip("OPENSSL IS MISSING: no time stamp was tried; install openssl and test again")
	}
	o := &office{T: t, dir: t.TempDir()}
	o.write("config", strings.ReplaceAll(settings, "DIR", o.dir))
	o.write("serial", "01\n")
	o.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-config", "config", "-extensions", "ca")
	o.openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "tsa.key", "-out", "tsa.csr", "-config", "config", "-subj", "/CN=Example Authority")
	o.openssl("x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "tsa.pem", "-days", "2", "-extfile", "config", "-extensions", kind)
	return o
}

func (o *office) write(name, text string) {
	o.Helper()
	if err := os.WriteFile(filepath.Join(o.dir, name), []byte(text), 0o600); err != nil {
		o.Fatal(err)
	}
}

func (o *office) openssl(args ...string) {
	o.Helper()
	if err := o.run(args...); err != nil {
		o.Fatal(err)
	}
}

func (o *office) run(args ...string) error {
	c := exec.Command("openssl", args...)
	c.Dir = o.dir
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("openssl %v: %w\n%s", args, err, out)
	}
	return nil
}

// serve answers requests, each stamped by openssl.
func (o *office) serve() Authority {
	o.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
		if err == nil {
			err = os.WriteFile(filepath.Join(o.dir, "query.tsq"), b, 0o600)
		}
		if err == nil {
			err = o.run("ts", "-reply", "-config", "config", "-section", "tsa_config", "-queryfile", "query.tsq", "-signer", "tsa.pem", "-inkey", "tsa.key", "-out", "reply.tsr")
		}
		reply, err2 := os.ReadFile(filepath.Join(o.dir, "reply.tsr"))
		if err := errors.Join(err, err2); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		if o.spoil != nil {
			reply = o.spoil(reply)
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		_, _ = w.Write(reply)
	}))
	o.Cleanup(server.Close)
	b, err := os.ReadFile(filepath.Join(o.dir, "ca.pem"))
	if err != nil {
		o.Fatal(err)
	}
	roots, err := ReadRoots(b)
	if err != nil {
		o.Fatal(err)
	}
	return Authority{"Example Authority", server.URL, roots}
}

// openssl stamps, we believe it, and openssl believes what we keep of it; of one more
// byte neither does.
func TestStamp(t *testing.T) {
	o := newOffice(t, "tsa")
	a := o.serve()
	data := []byte("ringfence-1\n9\nAAAA\n")
	token, err := Request(context.Background(), http.DefaultClient, a, data)
	if err != nil {
		t.Fatal(err)
	}
	if token.At.IsZero() || token.Serial.Sign() == 0 || token.Policy.String() != "1.2.3.4.1" {
		t.Errorf("%+v", token)
	}
	if _, err := Verify(token.Response, data, a); err != nil {
		t.Error(err)
	}
	if _, err := Verify(token.Response, append(data, '\n'), a); err == nil {
		t.Error("one more byte is believed")
	}
	o.write("token.tsr", string(token.Response))
	o.write("chain.pem", string(token.Chain))
	o.write("data", string(data))
	o.openssl("ts", "-verify", "-data", "data", "-in", "token.tsr", "-CAfile", "chain.pem")
	o.write("data", string(data)+"\n")
	if o.run("ts", "-verify", "-data", "data", "-in", "token.tsr", "-CAfile", "chain.pem") == nil {
		t.Error("openssl believes one more byte")
	}
	other := newOffice(t, "tsa").serve()
	if _, err := Verify(token.Response, data, Authority{"Example Authority", "", other.Roots}); err == nil {
		t.Error("a token of another authority is believed")
	}
}

// A certificate that is for something else does not stamp times.
func TestOtherCertificate(t *testing.T) {
	a := newOffice(t, "web").serve()
	if _, err := Request(context.Background(), http.DefaultClient, a, []byte("x")); err == nil {
		t.Error("a web server's certificate stamps times")
	}
}

func TestSpoiled(t *testing.T) {
	o := newOffice(t, "tsa")
	a := o.serve()
	first, err := Request(context.Background(), http.DefaultClient, a, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	for what, spoil := range map[string]func([]byte) []byte{
		"replayed": func([]byte) []byte { return first.Response },
		"cut":      func(b []byte) []byte { return b[:len(b)/2] },
		"empty":    func([]byte) []byte { return nil },
		"changed":  func(b []byte) []byte { b[len(b)-3] ^= 1; return b },
		"endless":  func([]byte) []byte { return make([]byte, 1<<20) },
	} {
		o.spoil = spoil
		if _, err := Request(context.Background(), http.DefaultClient, a, []byte("x")); err == nil {
			t.Errorf("%s: it is believed", what)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add([]byte{0x30, 3, 2, 1, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := Verify(b, []byte("x"), Authority{Name: "nobody"}); err == nil {
			t.Error("a token is believed without a root")
		}
		_, _ = ReadRoots(b)
	})
}
