package notice

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

func key(t *testing.T, name string) (note.Signer, note.Verifier) {
	t.Helper()
	secret, public, err := note.GenerateKey(nil, name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	return s, v
}

func sample() Notice {
	return Notice{ID: "N-2026-0001", Code: "4839-2071", Issuer: "chat.example", Issued: "2026-11-23", Wordings: map[string]Wording{
		"en": {"A message from chat.example", "We stopped an attack.\n\n1. Keep your phone."},
		"fa": {"پیامی از chat.example", "ما جلوی یک حمله را گرفتیم؛ نمی\u200cخواهیم شما را بترسانیم."},
	}}
}

func TestVerify(t *testing.T) {
	lena, lenaKey := key(t, "lena")
	omar, omarKey := key(t, "omar")
	mallory, _ := key(t, "mallory")
	known := []note.Verifier{lenaKey, omarKey}

	n := sample()
	if err := n.Sign(lena, known); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Verify(known); !errors.Is(err, ErrUnsigned) {
		t.Errorf("one signature: %v, want ErrUnsigned", err)
	}
	again := n
	if err := again.Sign(lena, known); err != nil {
		t.Fatal(err)
	}
	if _, err := again.Verify(known); !errors.Is(err, ErrUnsigned) {
		t.Errorf("one person twice: %v, want ErrUnsigned", err)
	}
	stranger := n
	if err := stranger.Sign(mallory, known); err != nil {
		t.Fatal(err)
	}
	if _, err := stranger.Verify(known); !errors.Is(err, ErrUnsigned) {
		t.Errorf("one of two is not known: %v, want ErrUnsigned", err)
	}
	if err := n.Sign(omar, known); err != nil {
		t.Fatal(err)
	}
	if names, err := n.Verify(known); err != nil || len(names) != 2 {
		t.Fatalf("%v, %v", names, err)
	}
	n.Wordings["en"] = Wording{"A message from chat.example", "We stopped an attack.\n\n1. Wipe your phone."}
	if _, err := n.Verify(known); !errors.Is(err, ErrOther) {
		t.Errorf("another wording: %v, want ErrOther", err)
	}
}

func TestCheck(t *testing.T) {
	for what, change := range map[string]func(*Notice){
		"id":       func(n *Notice) { n.ID = "1" },
		"code":     func(n *Notice) { n.Code = "48392071" },
		"issuer":   func(n *Notice) { n.Issuer = "a\nissued 2026-01-01" },
		"day":      func(n *Notice) { n.Issued = "2026-11-23T00:00:00Z" },
		"no words": func(n *Notice) { n.Wordings = nil },
		"tag":      func(n *Notice) { n.Wordings["en\n"] = n.Wordings["en"] },
		"title":    func(n *Notice) { n.Wordings["en"] = Wording{"a\nb", "c"} },
		"hidden":   func(n *Notice) { n.Wordings["en"] = Wording{"a", "b\u202ec"} },
		"long":     func(n *Notice) { n.Wordings["en"] = Wording{"a", strings.Repeat("b", MaxBody+1)} },
		"empty":    func(n *Notice) { n.Wordings["en"] = Wording{"a", ""} },
	} {
		n := sample()
		change(&n)
		if n.Check() == nil {
			t.Errorf("%s was not refused", what)
		}
	}
	if err := sample().Check(); err != nil {
		t.Error(err)
	}
}

func FuzzNotice(f *testing.F) {
	b, err := json.Marshal(sample())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		var n Notice
		if json.Unmarshal(b, &n) != nil || n.Check() != nil {
			return
		}
		if _, err := n.Text(); err != nil {
			t.Errorf("it passes Check and has no text: %v", err)
		}
		if _, err := n.Verify(nil); err == nil {
			t.Error("it is genuine without a key")
		}
	})
}
