//go:build js

// Package keep is where the state of a device lies in a browser: an IndexedDB
// database, with every name and value sealed by keys of WebCrypto that cannot
// be read out, not by this code either.
package keep

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"syscall/js"

	"github.com/ringfence/ringfence/client"
)

const (
	database = "ringfence"
	ivSize   = 12
)

// ErrKey says that a record was not sealed with this browser's keys.
var ErrKey = errors.New("a record does not open with this browser's keys, or it is damaged")

// Store is the open database. It is a client.Keep.
type Store struct {
	db     js.Value
	values js.Value // AES-GCM, not extractable
	names  js.Value // HMAC, not extractable
}

// Open opens the database, which it makes with its keys.
func Open(ctx context.Context) (*Store, error) {
	request := js.Global().Get("indexedDB").Call("open", database, 1)
	upgrade := js.FuncOf(func(js.Value, []js.Value) any {
		db := request.Get("result")
		db.Call("createObjectStore", "state")
		db.Call("createObjectStore", "keys")
		return nil
	})
	defer upgrade.Release()
	request.Set("onupgradeneeded", upgrade)
	db, err := result(ctx, request)
	if err != nil {
		return nil, err
	}
	s := &Store{db: db}
	if s.values, err = s.key(ctx, "values", map[string]any{"name": "AES-GCM", "length": 256}, "encrypt", "decrypt"); err != nil {
		return nil, err
	}
	s.names, err = s.key(ctx, "names", map[string]any{"name": "HMAC", "hash": "SHA-256"}, "sign")
	return s, err
}

// result waits for an IDBRequest.
func result(ctx context.Context, request js.Value) (js.Value, error) {
	return settled(ctx, request, "onsuccess", func() js.Value { return request.Get("result") })
}

// settled waits until a request or a transaction has succeeded or not.
func settled(ctx context.Context, target js.Value, good string, value func() js.Value) (js.Value, error) {
	type outcome struct {
		value js.Value
		err   error
	}
	done := make(chan outcome, 1)
	var once sync.Once
	succeed := js.FuncOf(func(js.Value, []js.Value) any {
		once.Do(func() { done <- outcome{value: value()} })
		return nil
	})
	fail := js.FuncOf(func(js.Value, []js.Value) any {
		why := "the browser's database refused"
		if e := target.Get("error"); e.Truthy() {
			why = e.Get("name").String() + ": " + e.Get("message").String()
		}
		once.Do(func() { done <- outcome{err: errors.New(why)} })
		return nil
	})
	defer func() {
		for _, event := range []string{good, "onerror", "onabort", "onblocked"} {
			target.Set(event, js.Null())
		}
		succeed.Release()
		fail.Release()
	}()
	target.Set(good, succeed)
	for _, event := range []string{"onerror", "onabort", "onblocked"} {
		target.Set(event, fail)
	}
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		return js.Value{}, ctx.Err()
	}
}

func subtle() js.Value { return js.Global().Get("crypto").Get("subtle") }

// key reads a key, or makes one that cannot be read out.
func (s *Store) key(ctx context.Context, name string, algorithm map[string]any, uses ...any) (js.Value, error) {
	store := s.db.Call("transaction", "keys").Call("objectStore", "keys")
	key, err := result(ctx, store.Call("get", name))
	if err != nil || key.Truthy() {
		return key, err
	}
	key, err = client.Await(ctx, subtle().Call("generateKey", algorithm, false, uses))
	if err != nil {
		return js.Value{}, err
	}
	tx := s.write("keys")
	tx.Call("objectStore", "keys").Call("put", key, name)
	return key, committed(ctx, tx)
}

// write begins a transaction that is on disk when it is complete.
func (s *Store) write(store string) js.Value {
	return s.db.Call("transaction", store, "readwrite", map[string]any{"durability": "strict"})
}

func committed(ctx context.Context, tx js.Value) error {
	_, err := settled(ctx, tx, "oncomplete", js.Undefined)
	return err
}

// hidden is what stands for a name.
func (s *Store) hidden(ctx context.Context, name string) (js.Value, error) {
	return client.Await(ctx, subtle().Call("sign", "HMAC", s.names, toJS([]byte(name))))
}

// Load reads everything.
func (s *Store) Load(ctx context.Context) (map[string][]byte, error) {
	store := s.db.Call("transaction", "state").Call("objectStore", "state")
	all := store.Call("getAll")
	names := store.Call("getAllKeys") // in the same order, in the same transaction
	sealed, err := result(ctx, all)
	if err != nil {
		return nil, err
	}
	hidden, err := settledKeys(ctx, names)
	if err != nil {
		return nil, err
	}
	kept := map[string][]byte{}
	for i := range sealed.Length() {
		name, value, err := s.unseal(ctx, hidden.Index(i), sealed.Index(i))
		if err != nil {
			return nil, err
		}
		kept[name] = value
	}
	return kept, nil
}

// settledKeys waits for a request that may have succeeded already.
func settledKeys(ctx context.Context, request js.Value) (js.Value, error) {
	if request.Get("readyState").String() == "done" {
		return request.Get("result"), nil
	}
	return result(ctx, request)
}

func (s *Store) unseal(ctx context.Context, hidden, sealed js.Value) (string, []byte, error) {
	b := fromJS(sealed)
	if len(b) < ivSize {
		return "", nil, ErrKey
	}
	how := map[string]any{"name": "AES-GCM", "iv": toJS(b[:ivSize]), "additionalData": hidden}
	opened, err := client.Await(ctx, subtle().Call("decrypt", how, s.values, toJS(b[ivSize:])))
	if err != nil {
		return "", nil, ErrKey
	}
	plain := fromJS(opened)
	if len(plain) < 4 || uint64(binary.BigEndian.Uint32(plain)) > uint64(len(plain)-4) {
		return "", nil, ErrKey
	}
	n := 4 + binary.BigEndian.Uint32(plain)
	return string(plain[4:n]), plain[n:], nil
}

func (s *Store) seal(ctx context.Context, hidden js.Value, name string, value []byte) (js.Value, error) {
	iv := js.Global().Get("crypto").Call("getRandomValues", js.Global().Get("Uint8Array").New(ivSize))
	plain := append(binary.BigEndian.AppendUint32(nil, uint32(len(name))), name...)
	how := map[string]any{"name": "AES-GCM", "iv": iv, "additionalData": hidden}
	sealed, err := client.Await(ctx, subtle().Call("encrypt", how, s.values, toJS(append(plain, value...))))
	if err != nil {
		return js.Value{}, err
	}
	return toJS(append(fromJS(iv), fromJS(sealed)...)), nil
}

// Apply writes and deletes in one transaction, which is on disk when it
// returns. Everything is sealed before: a transaction of IndexedDB does not
// wait for anything but itself.
func (s *Store) Apply(ctx context.Context, puts map[string][]byte, deletes []string) error {
	type put struct{ hidden, sealed js.Value }
	var writes []put
	var gone []js.Value
	for _, name := range deletes {
		hidden, err := s.hidden(ctx, name)
		if err != nil {
			return err
		}
		gone = append(gone, hidden)
	}
	for name, value := range puts {
		hidden, err := s.hidden(ctx, name)
		if err != nil {
			return err
		}
		sealed, err := s.seal(ctx, hidden, name, value)
		if err != nil {
			return err
		}
		writes = append(writes, put{hidden, sealed})
	}
	tx := s.write("state")
	store := tx.Call("objectStore", "state")
	for _, hidden := range gone {
		store.Call("delete", hidden)
	}
	for _, w := range writes {
		store.Call("put", w.sealed, w.hidden)
	}
	return committed(ctx, tx)
}

// Close lets go of the database.
func (s *Store) Close() error {
	s.db.Call("close")
	return nil
}

func toJS(b []byte) js.Value {
	a := js.Global().Get("Uint8Array").New(len(b))
	js.CopyBytesToJS(a, b)
	return a
}

func fromJS(v js.Value) []byte {
	a := js.Global().Get("Uint8Array").New(v)
	b := make([]byte, a.Get("length").Int())
	js.CopyBytesToGo(b, a)
	return b
}
