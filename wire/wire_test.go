package wire

import (
	"strings"
	"testing"
)

func TestIDHasOneSpelling(t *testing.T) {
	id, err := ParseID("000102030405060708090a0b0c0d0e0f")
	if err != nil || id.String() != "000102030405060708090a0b0c0d0e0f" {
		t.Fatalf("got %v, %v", id, err)
	}
	for _, s := range []string{"", "00", strings.Repeat("0", 31), strings.Repeat("0", 33), strings.Repeat("A", 32), strings.Repeat("g", 32), " " + strings.Repeat("0", 31)} {
		if got, err := ParseID(s); err == nil {
			t.Errorf("ParseID(%q) = %v, want it refused", s, got)
		}
	}
}

func TestIDText(t *testing.T) {
	var id ID
	if b, err := id.MarshalText(); err != nil || len(b) != 0 {
		t.Errorf("zero id written as %q, %v", b, err)
	}
	id[3] = 7
	b, _ := id.MarshalText()
	var back ID
	if err := back.UnmarshalText(b); err != nil || back != id {
		t.Errorf("got %v, %v; want %v", back, err, id)
	}
	if err := back.UnmarshalText(nil); err != nil || !back.IsZero() {
		t.Errorf("empty text gave %v, %v", back, err)
	}
}

func TestMedia(t *testing.T) {
	for m, want := range map[Media]string{Sound: "sound", Video: "video", 3: "media 3"} {
		if m.String() != want {
			t.Errorf("%d is %q, want %q", byte(m), m, want)
		}
	}
	if Media(0).Valid() || Media(3).Valid() || !Sound.Valid() || !Video.Valid() {
		t.Error("only sound and video are media")
	}
}
