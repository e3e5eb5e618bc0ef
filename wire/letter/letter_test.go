package letter

import (
	"bytes"
	"slices"
	"testing"

	"github.com/ringfence/ringfence/wire/call"
	"github.com/ringfence/ringfence/wire/envelope"
)

func sealed() []byte {
	b := make([]byte, envelope.MinSize)
	b[0] = 1
	return b
}

func TestLetter(t *testing.T) {
	l := Letter{Number: 3, Received: 1700000000123, Envelope: sealed()}
	b := l.AppendTo(nil)
	got, err := Parse(b)
	if err != nil || got.Number != 3 || got.Received != l.Received || !bytes.Equal(got.Envelope, l.Envelope) {
		t.Fatalf("got %d %d, %v", got.Number, got.Received, err)
	}
	for _, wrong := range [][]byte{nil, b[:16], b[:40], append(bytes.Clone(b), 0), append([]byte{0x11}, b[1:]...)} {
		if _, err := Parse(wrong); err == nil {
			t.Errorf("%d bytes were accepted", len(wrong))
		}
	}
}

func TestTaken(t *testing.T) {
	numbers := []uint64{1, 1 << 60, 0}
	got, err := Taken(AppendTaken(nil, numbers))
	if err != nil || !slices.Equal(got, numbers) {
		t.Fatalf("got %v, %v", got, err)
	}
	most := AppendTaken(nil, make([]uint64, call.MaxTaken))
	if _, err := Taken(most); err != nil {
		t.Error(err)
	}
	for _, wrong := range [][]byte{nil, {call.TypeTaken}, most[:12], append(most, make([]byte, 8)...), {0x13, 0, 0, 0, 0, 0, 0, 0, 0}} {
		if _, err := Taken(wrong); err == nil {
			t.Errorf("%d bytes were accepted", len(wrong))
		}
	}
}

func TestHandIn(t *testing.T) {
	token := bytes.Repeat([]byte{9}, TokenSize)
	b := AppendHandIn(nil, 77, token, sealed())
	sequence, gotToken, gotSealed, err := HandIn(b)
	if err != nil || sequence != 77 || !bytes.Equal(gotToken, token) || !bytes.Equal(gotSealed, sealed()) {
		t.Fatalf("got %d, %v", sequence, err)
	}
	if sequence, _, _, err := HandIn(b[:20]); err == nil || sequence != 77 {
		t.Errorf("cut short: %d, %v; want the sequence number and a refusal", sequence, err)
	}
	if sequence, status, err := Answer(AppendAnswer(nil, 5, 507)); err != nil || sequence != 5 || status != 507 {
		t.Errorf("got %d %d %v", sequence, status, err)
	}
	if _, _, err := Answer([]byte{1}); err == nil {
		t.Error("an answer of one byte was accepted")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(Letter{Number: 1, Envelope: sealed()}.AppendTo(nil))
	f.Add(AppendTaken(nil, []uint64{1, 2}))
	f.Add(AppendHandIn(nil, 1, make([]byte, TokenSize), sealed()))
	f.Fuzz(func(t *testing.T, b []byte) {
		if l, err := Parse(b); err == nil && !bytes.Equal(l.AppendTo(nil), b) {
			t.Fatal("a letter is written back differently")
		}
		if n, err := Taken(b); err == nil && !bytes.Equal(AppendTaken(nil, n), b) {
			t.Fatal("an acknowledgement is written back differently")
		}
		if s, token, e, err := HandIn(b); err == nil && !bytes.Equal(AppendHandIn(nil, s, token, e), b) {
			t.Fatal("a hand-in is written back differently")
		}
	})
}
