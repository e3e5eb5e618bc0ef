package archive

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
)

// person makes the keys of a person.
func person(t testing.TB) (recipient string, who []age.Identity) {
	t.Helper()
	i, err := age.GenerateX25519Identity()
	must(t, err)
	return i.Recipient().String(), []age.Identity{i}
}

func TestSplit(t *testing.T) {
	dir := t.TempDir()
	key, err := OpenKey(dir)
	must(t, err)
	ann, ofAnn := person(t)
	ben, ofBen := person(t)
	cem, ofCem := person(t)
	_, stranger := person(t)
	shares, err := key.Split([]string{ann, ben, cem})
	must(t, err)
	must(t, shares.Write(dir))
	if shares, err = ReadShares(dir); err != nil || len(shares.Pairs) != 3 {
		t.Fatalf("%+v, %v", shares, err)
	}
	for name, two := range map[string][2][]age.Identity{"ann, ben": {ofAnn, ofBen}, "cem, ann": {ofCem, ofAnn}, "ben, cem": {ofBen, ofCem}} {
		k, persons, err := shares.Join(two[0], two[1])
		if err != nil || *k != *key || persons[0] == persons[1] {
			t.Errorf("%s: %v, %v", name, persons, err)
		}
	}
	for name, two := range map[string][2][]age.Identity{"one alone": {ofAnn, ofAnn}, "a stranger": {ofAnn, stranger}, "nobody": {nil, ofBen}, "both of them one": {slices.Concat(ofAnn, stranger), ofAnn}} {
		if _, _, err := shares.Join(two[0], two[1]); !errors.Is(err, ErrTwo) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Halves that were exchanged make no other key.
	shares.Pairs[0].Halves[1], shares.Pairs[1].Halves[0] = shares.Pairs[1].Halves[0], shares.Pairs[0].Halves[1]
	if _, _, err := shares.Join(ofAnn, ofBen); !errors.Is(err, ErrTwo) {
		t.Errorf("exchanged halves: %v", err)
	}
	for _, persons := range [][]string{{ann}, {ann, ann}, {ann, " " + ann}, {ann, "nobody"}, {ann, ben + "\n" + cem}, slices.Repeat([]string{ann}, 20)} {
		if _, err := key.Split(persons); err == nil {
			t.Errorf("split among %q", persons)
		}
	}

	// The key stands in no file but its own, and in none once it was destroyed.
	text, err := os.ReadFile(filepath.Join(dir, SharesName))
	must(t, err)
	if bytes.Contains(text, key[:]) {
		t.Error("the key is in the shares")
	}
	must(t, DestroyKey(dir))
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if _, err := ReadShares(dir); !errors.Is(err, ErrNoShares) {
		t.Errorf("shares of a key that was destroyed: %v", err)
	}
}

func TestReveal(t *testing.T) {
	key := Key{7}
	ids := []string{"ann", "ben", "cem"}
	got := key.Reveal([]string{key.Account("cem"), key.Account("ann"), key.Account("nobody"), key.Call("ben")}, slices.Values(ids))
	if len(got) != 2 || got[key.Account("cem")] != "cem" || got[key.Account("ann")] != "ann" {
		t.Errorf("%v", got)
	}
}

func FuzzShares(f *testing.F) {
	f.Add([]byte(`{"version":1,"key":"k","persons":["age1a","age1b"],"pairs":[{"persons":[0,1],"halves":["YQ==","Yg=="]}]}`))
	_, one := person(f)
	_, other := person(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseShares(b)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "archive: ") {
				t.Error(err)
			}
			return
		}
		if _, _, err := s.Join(one, other); err == nil {
			t.Error("made-up shares are taken for real ones")
		}
	})
}
