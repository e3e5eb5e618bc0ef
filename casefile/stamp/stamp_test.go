package stamp

import (
	"context"
	"net/http"
	"testing"

	"github.com/ringfence/ringfence/internal/authority"
)

func start(t *testing.T, kind string) (*authority.Office, Authority) {
	t.Helper()
	o := authority.Start(t, kind)
	roots, err := ReadRoots(o.Roots)
	if err != nil {
		t.Fatal(err)
	}
	return o, Authority{"Example Authority", o.URL, roots}
}

// openssl stamps, we believe it, and openssl believes what we keep of it; of one more
// byte neither does.
func TestStamp(t *testing.T) {
	o, a := start(t, "tsa")
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
	o.Write("token.tsr", string(token.Response))
	o.Write("chain.pem", string(token.Chain))
	o.Write("data", string(data))
	o.OpenSSL("ts", "-verify", "-data", "data", "-in", "token.tsr", "-CAfile", "chain.pem")
	o.Write("data", string(data)+"\n")
	if o.Run("ts", "-verify", "-data", "data", "-in", "token.tsr", "-CAfile", "chain.pem") == nil {
		t.Error("openssl believes one more byte")
	}
	_, other := start(t, "tsa")
	if _, err := Verify(token.Response, data, Authority{"Example Authority", "", other.Roots}); err == nil {
		t.Error("a token of another authority is believed")
	}
}

// A certificate that is for something else does not stamp times.
func TestOtherCertificate(t *testing.T) {
	_, a := start(t, "web")
	if _, err := Request(context.Background(), http.DefaultClient, a, []byte("x")); err == nil {
		t.Error("a web server's certificate stamps times")
	}
}

func TestSpoiled(t *testing.T) {
	o, a := start(t, "tsa")
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
		o.Spoil = spoil
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
