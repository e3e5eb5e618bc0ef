package service

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire/call"
)

func (w *world) want(status int, method, path, token string, in any) map[string]any {
	w.t.Helper()
	got, out := w.do(method, path, token, in)
	if got != status {
		w.t.Fatalf("%s %s: %d %v, want %d", method, path, got, out, status)
	}
	return out
}

func (p *phone) signature(nonce string) string {
	value, _ := b64.DecodeString(nonce)
	signed := append([]byte("ringfence session v1\x00"), p.w.s.ServerID()...)
	signed = append(append(signed, p.account[:]...), value...)
	return b64.EncodeToString(ed25519.Sign(p.key, signed))
}

func (p *phone) challenge() string {
	p.w.t.Helper()
	return p.w.want(200, "POST", "/v1/session/challenge", "", map[string]any{"account": p.account})["nonce"].(string)
}

func TestAnInviteIsGoodOnce(t *testing.T) {
	w := newWorld(t)
	code := w.invite("")
	w.want(422, "POST", "/v1/register", "", registration(newKey(), code, "NotAName"))
	w.want(200, "POST", "/v1/register", "", registration(newKey(), code, "alice"))
	w.want(403, "POST", "/v1/register", "", registration(newKey(), code, "bob"))
	w.want(403, "POST", "/v1/register", "", registration(newKey(), "", "bob"))
	second := w.invite("")
	w.want(409, "POST", "/v1/register", "", registration(newKey(), second, "alice"))
	forged := registration(newKey(), second, "bob")
	forged["device"].(map[string]string)["ed25519"] = b64.EncodeToString(newKey().Public().(ed25519.PublicKey))
	w.want(422, "POST", "/v1/register", "", forged)
	w.want(200, "POST", "/v1/register", "", registration(newKey(), second, "bob"))
}

func TestSignInAndOut(t *testing.T) {
	w := newWorld(t)
	alice, eve := w.register("alice"), w.register("eve")
	nonce := alice.challenge()
	proof := map[string]any{"account": alice.account, "nonce": nonce, "signature": alice.signature(nonce)}
	again := w.want(200, "POST", "/v1/session", "", proof)
	w.want(401, "POST", "/v1/session", "", proof) // a nonce is good once
	nonce = alice.challenge()
	w.want(401, "POST", "/v1/session", "", map[string]any{"account": alice.account, "nonce": nonce, "signature": eve.signature(nonce)})
	nonce = eve.challenge() // for another account
	w.want(401, "POST", "/v1/session", "", map[string]any{"account": alice.account, "nonce": nonce, "signature": alice.signature(nonce)})
	nobody := w.want(200, "POST", "/v1/session/challenge", "", map[string]any{"account": w.s.id()})
	if len(nobody["nonce"].(string)) != len(nonce) || len(nobody) != 1 {
		t.Errorf("the challenge for nobody is %v, one for somebody %q", nobody, nonce)
	}
	alice.token = again["token"].(string)
	w.want(200, "GET", "/v1/account", alice.token, nil)
	alice.connect()
	w.want(204, "DELETE", "/v1/session", alice.token, nil)
	w.want(401, "GET", "/v1/account", alice.token, nil)
	for b := alice.next(); b != nil; b = alice.next() {
		if b[0] == call.TypeRing {
			t.Fatal("a ring after the sign-out")
		}
	}
	if !w.refusedBy("R20") {
		t.Error("no verdict of R20")
	}
}

// upload uploads everything that others need to write to p.
func (p *phone) upload(keys int) {
	p.w.t.Helper()
	sign := func(context string, ids bool, fields ...[]byte) string {
		b := []byte(context + "\x00")
		if ids {
			b = append(append(b, p.account[:]...), p.device[:]...)
		}
		return b64.EncodeToString(ed25519.Sign(p.key, append(b, bytes.Join(fields, nil)...)))
	}
	fallback, public, one := make([]byte, 32), make([]byte, envelopeKeySize), make([]string, keys)
	rand.Read(fallback)
	rand.Read(public)
	for i := range one {
		k := make([]byte, 32)
		rand.Read(k)
		one[i] = b64.EncodeToString(k)
	}
	out := p.w.want(200, "POST", "/v1/keys", p.token, map[string]any{
		"one_time_keys": one,
		"fallback_key":  map[string]any{"key": b64.EncodeToString(fallback), "signature": sign("ringfence fallback key v1", true, fallback)},
		"envelope_key":  map[string]any{"id": 1, "key": b64.EncodeToString(public), "signature": sign("ringfence envelope key v1", true, []byte{0, 0, 0, 1}, public)},
	})
	if out["one_time_keys"].(float64) != float64(keys) {
		p.w.t.Fatalf("%v one-time keys are there, want %d", out["one_time_keys"], keys)
	}
}

// Many ask at once, and no one-time key is given to two of them.
func TestOneTimeKeysAreGivenOnce(t *testing.T) {
	w := newWorld(t)
	alice, bob, eve := w.register("alice"), w.register("bob"), w.register("eve")
	bob.upload(12)
	path := "/v1/accounts/" + bob.account.String() + "/keys?one_time=1"
	w.want(404, "GET", path, eve.token, nil)
	w.befriend(alice, bob)
	var mu sync.Mutex
	var asking sync.WaitGroup
	given := map[string]int{}
	for range 15 {
		asking.Go(func() {
			status, out := w.do("GET", path, alice.token, nil)
			mu.Lock()
			defer mu.Unlock()
			if status != 200 {
				t.Errorf("keys: %d %v", status, out)
				return
			}
			given[out["one_time_key"].(string)]++
		})
	}
	asking.Wait()
	if given[""] != 3 || len(given) != 13 {
		t.Errorf("%d keys and %d times none, want 12 and 3", len(given)-1, given[""])
	}
	w.limits(func(l *guard.Limits) { l.KeysPerContactDay = 1 })
	w.want(200, "GET", path, alice.token, nil)
	w.want(429, "GET", path, alice.token, nil)
	stranger := w.want(404, "GET", "/v1/accounts/"+w.s.id().String()+"/keys", eve.token, nil)
	known := w.want(404, "GET", "/v1/accounts/"+bob.account.String()+"/keys", eve.token, nil)
	if fmt.Sprint(stranger) != fmt.Sprint(known) {
		t.Errorf("who asks for nobody's keys is told %v, for a stranger's %v", stranger, known)
	}
}

func TestKeysMustBeSigned(t *testing.T) {
	w := newWorld(t)
	alice := w.register("alice")
	key, signature := b64.EncodeToString(make([]byte, 32)), b64.EncodeToString(make([]byte, 64))
	w.want(403, "POST", "/v1/keys", alice.token, map[string]any{"fallback_key": map[string]any{"key": key, "signature": signature}})
	w.want(403, "POST", "/v1/keys", alice.token, map[string]any{"envelope_key": map[string]any{"id": 1, "key": b64.EncodeToString(make([]byte, envelopeKeySize)), "signature": signature}})
	many := make([]string, 101)
	for i := range many {
		many[i] = key
	}
	w.want(422, "POST", "/v1/keys", alice.token, map[string]any{"one_time_keys": many})
	w.want(422, "POST", "/v1/keys", alice.token, map[string]any{"one_time_keys": []string{key[1:]}})
}

// A knock is answered alike whoever it is for.
func TestKnocksTellNothing(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.register("alice"), w.register("bob").connect()
	var answers []string
	for _, name := range []string{"bob", "nobody", "alice", "bob"} {
		status, out := w.do("POST", "/v1/knock", alice.token, map[string]string{"name": name})
		answers = append(answers, fmt.Sprint(status, out))
	}
	for _, a := range answers {
		if a != answers[0] {
			t.Fatalf("knocks are answered %q", answers)
		}
	}
	if b := bob.await(call.TypeNotice); !bytes.Contains(b, []byte(`"knock"`)) || !bytes.Contains(b, []byte(alice.account.String())) {
		t.Errorf("bob is told %s", b)
	}
	w.want(404, "POST", "/v1/contacts/"+bob.account.String()+"/accept", alice.token, sealed()) // he did not knock
	w.limits(func(l *guard.Limits) { l.KnocksPerDay = 1 })
	w.want(202, "POST", "/v1/knock", alice.token, map[string]string{"name": "nobody"})
	w.want(429, "POST", "/v1/knock", alice.token, map[string]string{"name": "nobody"})
}

func TestDeliveryTokens(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.register("alice"), w.register("bob")
	hash := func(n byte) string { return strings.Repeat(hex.EncodeToString([]byte{n}), 32) }
	for n := range byte(spareTokens) {
		w.want(204, "POST", "/v1/tokens", alice.token, map[string]string{"hash": hash(n)})
	}
	w.want(409, "POST", "/v1/tokens", alice.token, map[string]string{"hash": hash(99)})
	w.want(409, "POST", "/v1/tokens", bob.token, map[string]string{"hash": hash(1)})
	w.want(204, "DELETE", "/v1/tokens/"+hash(1), bob.token, nil) // not his: nothing happens
	w.want(409, "POST", "/v1/tokens", bob.token, map[string]string{"hash": hash(1)})
	w.want(204, "DELETE", "/v1/tokens/"+hash(1), alice.token, nil)
	w.want(204, "POST", "/v1/tokens", bob.token, map[string]string{"hash": hash(1)})
	w.want(422, "POST", "/v1/tokens", alice.token, map[string]string{"hash": strings.ToUpper(hash(0xab))})
}

func TestADeviceIsReplaced(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.register("alice").connect(), w.register("bob").connect()
	w.befriend(alice, bob)
	alice.upload(3)
	old := *alice
	alice.key = newKey()
	in := registration(alice.key, w.invite("alice"), "")
	alice.take(w.want(200, "POST", "/v1/register", "", in))
	if alice.account != old.account || alice.device == old.device {
		t.Fatalf("account %v and device %v, were %v and %v", alice.account, alice.device, old.account, old.device)
	}
	w.want(401, "GET", "/v1/account", old.token, nil)
	for old.next() != nil {
	}
	if n := w.want(200, "GET", "/v1/account", alice.token, nil)["one_time_keys"]; n.(float64) != 0 {
		t.Errorf("the old device's %v one-time keys are still there", n)
	}
	for !bytes.Contains(bob.await(call.TypeNotice), []byte(`"keys_changed"`)) {
	}
	w.want(204, "POST", "/v1/contacts/"+bob.account.String()+"/introduce", alice.token, sealed())
	bob.await(call.TypeLetter)
}

// Neither name nor key of a deleted account is left in any file of the data
// folder.
func TestDeletionDeletes(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.register("alice_in_wonder"), w.register("bob").connect()
	w.befriend(alice, bob)
	alice.upload(5)
	w.want(204, "POST", "/v1/contacts/"+alice.account.String()+"/introduce", bob.token, sealed())
	w.want(204, "DELETE", "/v1/account", alice.token, nil)
	w.want(401, "GET", "/v1/account", alice.token, nil)
	for !bytes.Contains(bob.await(call.TypeNotice), []byte(`"removed"`)) {
	}
	if out := w.want(200, "GET", "/v1/contacts", bob.token, nil); len(out["contacts"].([]any)) != 0 {
		t.Errorf("bob's contacts are %v", out)
	}
	w.stop()
	public := alice.key.Public().(ed25519.PublicKey)
	for what, b := range map[string][]byte{"name": []byte(alice.name), "key": public} {
		for _, file := range w.filesWith(b) {
			t.Errorf("the deleted account's %s is in %s", what, file)
		}
	}
	if len(w.filesWith([]byte("bob"))) == 0 {
		t.Error("not even bob is found: the search finds nothing")
	}
}

func (w *world) filesWith(b []byte) (files []string) {
	w.t.Helper()
	err := filepath.WalkDir(w.folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, b) {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return files
}

func TestABlockedAccountIsOut(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.register("alice").connect(), w.register("bob").connect()
	w.befriend(alice, bob)
	if err := w.s.Block(context.Background(), alice.account, "dana", "attacks"); err != nil {
		t.Fatal(err)
	}
	for alice.next() != nil {
	}
	w.want(401, "GET", "/v1/account", alice.token, nil)
	nonce := alice.challenge()
	proof := func() map[string]any {
		return map[string]any{"account": alice.account, "nonce": nonce, "signature": alice.signature(nonce)}
	}
	w.want(401, "POST", "/v1/session", "", proof())
	if err := w.s.Lift(context.Background(), alice.account, "dana", "a mistake"); err != nil {
		t.Fatal(err)
	}
	nonce = alice.challenge()
	alice.token = w.want(200, "POST", "/v1/session", "", proof())["token"].(string)
	alice.connect()
}

// While tries are made from one address, they are few, and what they cost is
// bounded: a code has 120 random bits.
func TestTriesAtAnInviteAreFew(t *testing.T) {
	w := newWorld(t)
	code := w.invite("")
	w.limits(func(l *guard.Limits) { l.TriesPerMinute = 5 })
	in, refused := registration(newKey(), "aaaa-aaaa-aaaa-aaaa-aaaa-aaaa", "eve"), 0
	for range 3000 {
		switch status, out := w.do("POST", "/v1/register", "", in); status {
		case 403:
			refused++
		case 429:
		default:
			t.Fatalf("a guess: %d %v", status, out)
		}
	}
	// Now the right one is told no more than a wrong one.
	w.want(429, "POST", "/v1/register", "", registration(newKey(), code, "alice"))
	if refused < 5 || refused > 15 {
		t.Errorf("%d guesses were looked at, the limit is 5 a minute", refused)
	}
	if n := len(w.verdicts()); n > 20 {
		t.Errorf("3000 guesses alike make %d lines in the ledger", n)
	}
}
