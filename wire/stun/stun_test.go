package stun

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/wire"
)

// The sample request and response of RFC 5769 §2.1, §2.2.
const (
	request = `000100582112a442b7e7a701bc34d686fa87dfae
	802200105354554e207465737420636c69656e74
	002400046e0001ff 80290008932ff9b151263b36
	000600096576746a3a6836765920202000080014
	9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2
	80280004e57a3bcf`
	response = `0101003c2112a442b7e7a701bc34d686fa87dfae
	8022000b7465737420766563746f7220
	002000080001a147e112a643
	000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7
	80280004c07d4c96`
)

func bytesOf(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(strings.NewReplacer("\n", "", "\t", "", " ", "").Replace(s))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func ruleOf(err error) string {
	var r *wire.Refusal
	if errors.As(err, &r) {
		return r.Rule
	}
	return ""
}

func TestSamplesOfTheSpecification(t *testing.T) {
	m, err := Parse(bytesOf(t, request))
	if err != nil || m.Class != Request || m.Method != Binding {
		t.Fatalf("%+v, %v", m, err)
	}
	if user, ok := m.Get(Username); !ok || string(user) != "evtj:h6vY" {
		t.Errorf("user name %q", user)
	}
	m, err = Parse(bytesOf(t, response))
	if err != nil || m.Class != Success {
		t.Fatalf("%+v, %v", m, err)
	}
	v, _ := m.Get(0x0020)
	if a := m.Address(v); a.String() != "192.0.2.1:32853" {
		t.Errorf("address %s", a)
	}
	for _, s := range []string{request, response} {
		if err := CheckPeer(bytesOf(t, s)); err != nil {
			t.Error(err)
		}
	}
}

func TestRefused(t *testing.T) {
	head := "000100082112a442000000000000000000000000"
	for name, c := range map[string]struct{ rule, message string }{
		"short":                            {"R6", "0001"},
		"no cookie":                        {"R3", "00010000ffffffff000000000000000000000000"},
		"not STUN":                         {"R3", "80010000" + head[8:40]},
		"length beyond the end":            {"R6", head},
		"length not of four":               {"R6", "00010001" + head[8:40] + "00"},
		"attribute beyond the end":         {"R6", head + "0006000500000000"},
		"priority of three bytes":          {"R6", head + "0024000300000000"},
		"ERROR-CODE of two (row 39)":       {"R6", head + "0009000200000000"},
		"an IPv6 address of four bytes":    {"R6", "0001000c" + head[8:40] + "002000080002000001020304"},
		"an IPv4 address of sixteen":       {"R6", "00010018" + head[8:40] + "001200140001" + strings.Repeat("00", 18)},
		"an address of no family":          {"R6", "0001000c" + head[8:40] + "000100080000000001020304"},
		"something behind the fingerprint": {"R3", "00010010" + head[8:40] + "8028000400000000" + "0024000400000000"},
		"a hundred attributes":             {"R5", "00010190" + head[8:40] + strings.Repeat("80ff0000", 100)},
	} {
		if _, err := Parse(bytesOf(t, c.message)); ruleOf(err) != c.rule {
			t.Errorf("%s: %v, want %s", name, err, c.rule)
		}
	}
	for name, message := range map[string]string{
		"Allocate between the ends": "00030000" + head[8:40],
		"an unknown attribute":      head + "00ff000400000000",
	} {
		if err := CheckPeer(bytesOf(t, message)); ruleOf(err) != "R3" {
			t.Errorf("%s: %v, want R3", name, err)
		}
	}
}

func TestAddressKeepsItsForm(t *testing.T) {
	m := Message{Raw: bytesOf(t, request)}
	mapped := append([]byte{0, 2, 0x21, 0x12}, make([]byte, 16)...)
	copy(mapped[4:], m.Raw[4:20])
	for i, b := range []byte{0xff, 0xff, 127, 0, 0, 1} {
		mapped[14+i] ^= b
	}
	if a := m.Address(mapped); a.String() != "[::ffff:127.0.0.1]:0" || !a.Addr().Is4In6() {
		t.Errorf("%s", a)
	}
	if a := m.Address(mapped[:8]); a.IsValid() {
		t.Errorf("eight bytes of IPv6 are %s", a)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(bytesOf(f, request))
	f.Add(bytesOf(f, response))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Parse(b)
		_ = CheckPeer(b)
		if err != nil {
			return
		}
		size := 0
		for _, v := range m.All {
			size += 4 + (len(v)+3)&^3
			m.Address(v)
		}
		first := m.AppendTo(nil)
		if again, err := Parse(first); err != nil || !bytes.Equal(again.AppendTo(nil), first) {
			t.Fatalf("%x: written anew %x: %v", b, first, err)
		}
		m.Fingerprinted()
		m.Verify([]byte("key"))
		if HeaderSize+size != len(b) {
			t.Fatalf("%x: attributes of %d bytes in %d", b, size, len(b))
		}
	})
}
