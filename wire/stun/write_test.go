package stun

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
)

// The password of RFC 5769 §2.
const password = "VOkJxbRl1RmTxUk/WvJxBt"

func TestIntegrityOfTheSpecification(t *testing.T) {
	for _, s := range []string{request, response} {
		m, err := Parse(bytesOf(t, s))
		if err != nil {
			t.Fatal(err)
		}
		if !m.Verify([]byte(password)) || m.Verify([]byte("another")) {
			t.Error("MESSAGE-INTEGRITY is not what the specification says")
		}
		if has, right := m.Fingerprinted(); !has || !right {
			t.Error("FINGERPRINT is not what the specification says")
		}
	}
}

func TestWritten(t *testing.T) {
	peer := netip.MustParseAddrPort("[2001:db8::1]:5000")
	b := Begin([]byte("before"), Request, CreatePermission, [12]byte{1, 2, 3})
	b = AppendAddress(b, 6, XORPeerAddress, peer)
	b = Append(b, Username, []byte("alice"))
	b = AppendIntegrity(b, 6, []byte("key"))
	b = AppendFingerprint(b, 6)
	m, err := Parse(b[6:])
	if err != nil {
		t.Fatal(err)
	}
	v, _ := m.Get(XORPeerAddress)
	if m.Class != Request || m.Method != CreatePermission || m.Address(v) != peer || !m.Verify([]byte("key")) || m.Verify([]byte("kez")) {
		t.Errorf("%+v", m)
	}
	if has, right := m.Fingerprinted(); !has || !right {
		t.Error("no fingerprint")
	}
	for class := Request; class <= Failure; class++ {
		for _, method := range []Method{Binding, Allocate, ChannelBind, 0xfff} {
			if m, err := Parse(Finish(Begin(nil, class, method, [12]byte{}), 0)); err != nil || m.Class != class || m.Method != method {
				t.Errorf("%d %d: %+v, %v", class, method, m, err)
			}
		}
	}
}

// What is written anew has no unknown attribute, no byte in its padding, and
// nothing that stood behind the integrity.
func TestWrittenAnew(t *testing.T) {
	const marker = "q7Zk1mWx93LpDvRt"
	b := Begin(nil, Request, Binding, [12]byte{})
	b = Append(b, 0x8abc, []byte(marker))
	b = append(Append(b, Username, []byte("a:bcde"))[:len(b)+10], "XY"...)
	b = Append(AppendIntegrity(b, 0, []byte("key")), 0x8022, []byte(marker))
	m, err := Parse(Finish(b, 0))
	if err != nil {
		t.Fatal(err)
	}
	out := m.AppendTo(nil)
	if bytes.Contains(out, []byte(marker)) || bytes.Contains(out, []byte("XY")) {
		t.Errorf("written: %q", out)
	}
	again, err := Parse(out)
	if err != nil || !bytes.Equal(again.AppendTo(nil), out) {
		t.Errorf("written twice: %x, %v", again.AppendTo(nil), err)
	}
}

func TestVectorsOfRFC5769(t *testing.T) {
	files, _ := filepath.Glob("../../../shared/data/corpora/rfc5769/*")
	if len(files) == 0 {
		t.Skip("SKIPPED: the vectors are not beside the project")
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Parse(b)
		t.Logf("%s: %d bytes, %v", filepath.Base(path), len(b), err)
	}
}
