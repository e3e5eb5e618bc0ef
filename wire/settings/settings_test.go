package settings

import (
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/wire"
)

func key(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune(seed)), ed25519.SeedSize)))
}

func public(k ed25519.PrivateKey) ed25519.PublicKey { return k.Public().(ed25519.PublicKey) }

func example() Settings {
	return Settings{
		Serial: 5, Issued: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), MinimumBuild: 2,
		Relay: []string{"turn:127.0.0.1:3478?transport=udp", "turn:[::1]:3478?transport=tcp", "turns:relay.example.org:443?transport=tcp"},
	}
}

func TestSigned(t *testing.T) {
	b, err := example().Sign(key('a'))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(b, public(key('a')), 5)
	if err != nil || s.Serial != 5 || s.MinimumBuild != 2 || len(s.Relay) != 3 {
		t.Fatalf("got %+v, %v", s, err)
	}
}

func TestRefused(t *testing.T) {
	good, _ := example().Sign(key('a'))
	change := func(at int) []byte { b := append([]byte(nil), good...); b[at] ^= 1; return b }
	payload := func(s string) []byte {
		return append(ed25519.Sign(key('a'), []byte(Context+s)), s...)
	}
	for name, c := range map[string]struct {
		in   []byte
		last uint64
		rule string
	}{
		"empty":                {nil, 0, "R5"},
		"only a signature":     {good[:64], 0, "R5"},
		"too long":             {append(good, make([]byte, MaxSize)...), 0, "R5"},
		"signature changed":    {change(3), 0, "R23"},
		"payload changed":      {change(80), 0, "R23"},
		"older than in force":  {good, 6, "R23"},
		"unknown field":        {payload(`{"serial":9,"call_settings":"x"}`), 0, "R3"},
		"two documents":        {payload(`{"serial":9}{"serial":9}`), 0, "R3"},
		"relay over http":      {payload(`{"serial":9,"relay":["http://127.0.0.1:3478?transport=udp"]}`), 0, "R7"},
		"relay without port":   {payload(`{"serial":9,"relay":["turn:127.0.0.1?transport=udp"]}`), 0, "R7"},
		"relay with user info": {payload(`{"serial":9,"relay":["turn:a@127.0.0.1:1?transport=udp"]}`), 0, "R7"},
		"nine relays":          {payload(`{"serial":9,"relay":["a","a","a","a","a","a","a","a","a"]}`), 0, "R5"},
	} {
		var r *wire.Refusal
		if _, err := Open(c.in, public(key('a')), c.last); !errors.As(err, &r) || r.Rule != c.rule {
			t.Errorf("%s: %v, want %s", name, err, c.rule)
		}
	}
	if _, err := Open(good, public(key('b')), 0); err == nil {
		t.Error("settings of another server were accepted")
	}
	if _, err := Open(good, nil, 0); err == nil {
		t.Error("settings were accepted without a key")
	}
}

// Fuzzed behind the signature, where only the server's own payload comes: it
// must not be a way to crash a client all the same.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"serial":1,"relay":["turn:127.0.0.1:3478?transport=udp"]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parse(b)
		if err == nil && len(s.Relay) > maxRelays {
			t.Fatalf("%d relays were accepted", len(s.Relay))
		}
	})
}
