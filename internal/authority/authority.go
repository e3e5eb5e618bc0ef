// Package authority is a time-stamp authority (RFC 3161) for tests, run by openssl.
package authority

import (
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

// Office is an authority that openssl runs: its own certificates, its own signatures.
type Office struct {
	testing.TB
	URL   string
	Roots []byte              // PEM
	Dir   string              // where openssl runs
	Spoil func([]byte) []byte // what goes wrong on the way; nil: nothing
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

// Start starts an authority whose certificate is of a kind: tsa, or web, which is one
// that may not stamp times.
func Start(t testing.TB, kind string) *Office {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("OPENSSL IS MISSING: no time stamp was tried")
		}
		t.Skip("OPENSSL IS MISSING: no time stamp was tried; install openssl and test again")
	}
	o := &Office{TB: t, Dir: t.TempDir()}
	o.Write("config", strings.ReplaceAll(settings, "DIR", filepath.ToSlash(o.Dir)))
	o.Write("serial", "01\n")
	o.OpenSSL("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-config", "config", "-extensions", "ca")
	o.OpenSSL("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "tsa.key", "-out", "tsa.csr", "-config", "config", "-subj", "/CN=Example Authority")
	o.OpenSSL("x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "tsa.pem", "-days", "2", "-extfile", "config", "-extensions", kind)
	o.serve()
	return o
}

// Write puts a file where openssl runs.
func (o *Office) Write(name, text string) {
	o.Helper()
	if err := os.WriteFile(filepath.Join(o.Dir, name), []byte(text), 0o600); err != nil {
		o.Fatal(err)
	}
}

// OpenSSL runs openssl, which must do as asked.
func (o *Office) OpenSSL(args ...string) {
	o.Helper()
	if err := o.Run(args...); err != nil {
		o.Fatal(err)
	}
}

// Run runs openssl.
func (o *Office) Run(args ...string) error {
	c := exec.Command("openssl", args...)
	c.Dir = o.Dir
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("openssl %v: %w\n%s", args, err, out)
	}
	return nil
}

// serve answers requests, each stamped by openssl.
func (o *Office) serve() {
	o.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
		if err == nil {
			err = os.WriteFile(filepath.Join(o.Dir, "query.tsq"), b, 0o600)
		}
		if err == nil {
			err = o.Run("ts", "-reply", "-config", "config", "-section", "tsa_config", "-queryfile", "query.tsq", "-signer", "tsa.pem", "-inkey", "tsa.key", "-out", "reply.tsr")
		}
		reply, err2 := os.ReadFile(filepath.Join(o.Dir, "reply.tsr"))
		if err := errors.Join(err, err2); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		if o.Spoil != nil {
			reply = o.Spoil(reply)
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		_, _ = w.Write(reply)
	}))
	o.Cleanup(server.Close)
	o.URL = server.URL
	var err error
	if o.Roots, err = os.ReadFile(filepath.Join(o.Dir, "ca.pem")); err != nil {
		o.Fatal(err)
	}
}
