package call

import (
	"bytes"
	"errors"
	"testing"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/envelope"
)

func id(first byte) (v wire.ID) {
	for i := range v {
		v[i] = first + byte(i)
	}
	return v
}

func sealed() []byte {
	b := make([]byte, envelope.CallSize)
	b[0], b[1] = 1, envelope.CallClass
	return b
}

// examples has one honest message of every type with a fixed layout.
func examples() map[byte]Message {
	all := map[byte]Message{}
	for t := range layouts {
		all[t] = Message{
			Type: t, Call: id(1), Callee: id(17), Media: wire.Video, Reason: Busy, Build: 7, Counter: 9,
			Token: bytes.Repeat([]byte{5}, 32), Password: bytes.Repeat([]byte{'p'}, PasswordSize), Envelope: sealed(),
		}
	}
	return all
}

func TestEveryTypeKeepsItsSize(t *testing.T) {
	for typ, m := range examples() {
		b := m.AppendTo(nil)
		if len(b) != Size(typ) || b[0] != typ || b[1] != version {
			t.Errorf("%s: %d bytes, type %#x; want %d", Name(typ), len(b), b[0], Size(typ))
		}
		got, err := Parse(b)
		if err != nil {
			t.Errorf("%s: %v", Name(typ), err)
			continue
		}
		if !bytes.Equal(got.AppendTo(nil), b) {
			t.Errorf("%s is written back differently", Name(typ))
		}
		for _, wrong := range [][]byte{b[:len(b)-1], append(bytes.Clone(b), 0)} {
			if _, err := Parse(wrong); ruleOf(err) != "R5" {
				t.Errorf("%s with %d bytes: %v, want R5", Name(typ), len(wrong), err)
			}
		}
		b[1]++
		if _, err := Parse(b); ruleOf(err) != "R3" {
			t.Errorf("%s of another version: %v, want R3", Name(typ), err)
		}
	}
}

func TestOfferLayout(t *testing.T) {
	b := examples()[TypeOffer].AppendTo(nil)
	want := append([]byte{0x40, 1}, append(bytes.Clone(idBytes(17)), 2, 0, 0, 0, 0, 0, 0, 0, 0, 9)...)
	if !bytes.Equal(b[:28], want) {
		t.Errorf("got  %x\nwant %x", b[:28], want)
	}
}

func idBytes(first byte) []byte { v := id(first); return v[:] }

func TestRefusedFields(t *testing.T) {
	for name, c := range map[string]struct {
		typ  byte
		at   int
		v    byte
		rule string
	}{
		"media of an offer":      {TypeOffer, 18, 3, "R7"},
		"reserved byte":          {TypeOffer, 19, 1, "R3"},
		"reason of an end":       {TypeEnded, 18, 99, "R7"},
		"envelope's size class":  {TypeAccept, 83, 2, "R6"},
		"envelope's version":     {TypeJoin, 18, 9, "R3"},
		"envelope's size class8": {TypeJoined, 19, 8, "R7"},
	} {
		b := examples()[c.typ].AppendTo(nil)
		b[c.at] = c.v
		_, err := Parse(b)
		if ruleOf(err) != c.rule {
			t.Errorf("%s: %v, want %s", name, err, c.rule)
		}
	}
	if _, err := Parse(nil); ruleOf(err) != "R5" {
		t.Errorf("empty: %v", err)
	}
	if _, err := Parse([]byte{0x7f, 1}); ruleOf(err) != "R3" {
		t.Errorf("unknown type: %v", err)
	}
}

func parameters() Parameters {
	p := Parameters{Call: id(1), Leg: Callee, Media: wire.Sound, Fingerprint: [32]byte{1}}
	copy(p.Ufrag[:], "aZ9+")
	copy(p.Password[:], "abcdefghijklmnopqrstuv/+")
	return p
}

func TestParameters(t *testing.T) {
	b := parameters().AppendTo(nil)
	if len(b) != ParametersSize {
		t.Fatalf("%d bytes, want %d", len(b), ParametersSize)
	}
	got, err := ParseParameters(b)
	if err != nil || got != parameters() {
		t.Fatalf("got %+v, %v", got, err)
	}
	for name, c := range map[string]struct {
		at   int
		v    byte
		rule string
	}{
		"version": {0, 2, "R3"}, "leg": {17, 'b', "R7"}, "media": {18, 0, "R7"},
		"line feed in ufrag": {20, '\n', "R7"}, "space in password": {30, ' ', "R7"}, "no fingerprint": {47, 0, "R16"},
	} {
		b := parameters().AppendTo(nil)
		b[c.at] = c.v
		if _, err := ParseParameters(b); ruleOf(err) != c.rule {
			t.Errorf("%s: %v, want %s", name, err, c.rule)
		}
	}
}

func restart() Restart { return Restart{Number: 7, Parameters: parameters()} }

func TestRestart(t *testing.T) {
	b := restart().AppendTo(nil)
	if len(b) != RestartSize || b[1] != 7 {
		t.Fatalf("%x, want %d bytes", b, RestartSize)
	}
	got, err := ParseRestart(b)
	if err != nil || got != restart() {
		t.Fatalf("got %+v, %v", got, err)
	}
	for name, c := range map[string]struct {
		at   int
		v    byte
		rule string
	}{
		"number": {1, 0, "R7"}, "version": {2, 2, "R3"}, "leg": {19, 'b', "R7"}, "media": {20, 0, "R7"},
		"line feed in ufrag": {22, '\n', "R7"}, "space in password": {32, ' ', "R7"}, "no fingerprint": {49, 0, "R16"},
	} {
		b := restart().AppendTo(nil)
		b[c.at] = c.v
		_, err := ParseRestart(b)
		var r *wire.Refusal
		if !errors.As(err, &r) || r.Rule != c.rule || c.at < r.Offset || c.at >= r.Offset+r.Length {
			t.Errorf("%s: %v, want %s at %d", name, err, c.rule, c.at)
		}
	}
	for _, wrong := range [][]byte{nil, b[1:], append(bytes.Clone(b), 0)} {
		if _, err := ParseRestart(wrong); ruleOf(err) != "R5" {
			t.Errorf("%d bytes: %v, want R5", len(wrong), err)
		}
	}
}

// A restart changes the ICE credentials, both of them, and nothing else.
func TestRestartFollows(t *testing.T) {
	fresh := func(change func(p *Parameters)) Restart {
		r := restart()
		copy(r.Parameters.Ufrag[:], "bbbb")
		copy(r.Parameters.Password[:], "bbbbbbbbbbbbbbbbbbbbbbbb")
		change(&r.Parameters)
		return r
	}
	for name, c := range map[string]struct {
		r    Restart
		rule string
	}{
		"as it should be":     {fresh(func(*Parameters) {}), ""},
		"another certificate": {fresh(func(p *Parameters) { p.Fingerprint[31]++ }), "R16"},
		"another call":        {fresh(func(p *Parameters) { p.Call[0]++ }), "R3"},
		"the other leg":       {fresh(func(p *Parameters) { p.Leg = Caller }), "R3"},
		"other media":         {fresh(func(p *Parameters) { p.Media = wire.Video }), "R3"},
		"the same ufrag":      {fresh(func(p *Parameters) { p.Ufrag = parameters().Ufrag }), "R3"},
		"the same password":   {fresh(func(p *Parameters) { p.Password = parameters().Password }), "R3"},
	} {
		if err := c.r.Follows(parameters()); ruleOf(err) != c.rule {
			t.Errorf("%s: %v, want %q", name, err, c.rule)
		}
	}
}

func ruleOf(err error) string {
	var r *wire.Refusal
	if errors.As(err, &r) {
		return r.Rule
	}
	return ""
}

func FuzzParse(f *testing.F) {
	for _, m := range examples() {
		f.Add(m.AppendTo(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Parse(b)
		if err == nil && !bytes.Equal(m.AppendTo(nil), b) {
			t.Fatalf("%x was accepted and written back differently", b)
		}
	})
}

func FuzzParseParameters(f *testing.F) {
	f.Add(parameters().AppendTo(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParseParameters(b)
		if err == nil && !bytes.Equal(p.AppendTo(nil), b) {
			t.Fatalf("%x was accepted and written back as %x", b, p.AppendTo(nil))
		}
	})
}

func FuzzParseRestart(f *testing.F) {
	f.Add(restart().AppendTo(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ParseRestart(b)
		if err == nil && !bytes.Equal(r.AppendTo(nil), b) {
			t.Fatalf("%x was accepted and written back as %x", b, r.AppendTo(nil))
		}
	})
}
