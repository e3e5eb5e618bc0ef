//go:build js

// Command engine is the messenger's engine in the browser: the Go client as
// WebAssembly, offered to the page as web/app/engine.d.ts says. It keeps its
// state in IndexedDB, sealed, and lets one window at a time use it.
package main

import (
	"context"
	"errors"
	"sync"
	"syscall/js"

	"github.com/ringfence/ringfence/client"
	"github.com/ringfence/ringfence/client/keep"
	"github.com/ringfence/ringfence/wire"
)

func main() {
	e := &engine{}
	js.Global().Set("ringfence", e.object())
	js.Global().Call("dispatchEvent", js.Global().Get("Event").New("ringfence-ready"))
	select {} // the page calls from now on
}

// engine is the one client of this window.
type engine struct {
	mu       sync.Mutex
	client   *client.Client
	locked   bool
	listener js.Value
	early    []any // events that came before the page listened
}

// arguments are what the page called a method with.
type arguments []js.Value

func (a arguments) text(i int) string {
	if i < len(a) && a[i].Type() == js.TypeString {
		return a[i].String()
	}
	return ""
}

func (a arguments) number(i int) int64 {
	if i < len(a) && a[i].Type() == js.TypeNumber {
		return int64(a[i].Float())
	}
	return 0
}

func (a arguments) id(i int) (wire.ID, error) {
	id, err := wire.ParseID(a.text(i))
	if err != nil {
		return id, &client.Error{Code: "usage", What: "the page's call", Why: err}
	}
	return id, nil
}

// method is one method of the engine; what it returns is the promise's value.
type method func(ctx context.Context, a arguments) (any, error)

// object is what the page sees.
func (e *engine) object() js.Value {
	o := js.Global().Get("Object").New()
	for name, m := range e.methods() {
		o.Set(name, promising(m))
	}
	o.Set("listen", js.FuncOf(func(_ js.Value, args []js.Value) any {
		if len(args) == 1 && args[0].Type() == js.TypeFunction {
			e.listen(args[0])
		}
		return nil
	}))
	return o
}

// promising makes a function that returns a promise. Work is done in a
// goroutine: Go may not wait inside a call of the browser's.
func promising(m method) js.Func {
	return js.FuncOf(func(_ js.Value, args []js.Value) any {
		var executor js.Func
		executor = js.FuncOf(func(_ js.Value, settle []js.Value) any {
			resolve, reject := settle[0], settle[1]
			go func() {
				defer executor.Release()
				v, err := m(context.Background(), args)
				if err != nil {
					reject.Invoke(problem(err))
					return
				}
				resolve.Invoke(v)
			}()
			return nil
		})
		return js.Global().Get("Promise").New(executor)
	})
}

// problem makes an EngineError.
func problem(err error) js.Value {
	v := js.Global().Get("Error").New(err.Error())
	code, hint := "failed", ""
	var ce *client.Error
	if errors.As(err, &ce) {
		code, hint = ce.Code, ce.Hint
	}
	v.Set("code", code)
	v.Set("hint", hint)
	return v
}

func (e *engine) listen(f js.Value) {
	e.mu.Lock()
	e.listener = f
	early := e.early
	e.early = nil
	e.mu.Unlock()
	for _, ev := range early {
		f.Invoke(ev)
	}
}

// tell hands an event to the page, or keeps it until the page listens.
func (e *engine) tell(ev any) {
	e.mu.Lock()
	f := e.listener
	if !f.Truthy() && len(e.early) < 256 {
		e.early = append(e.early, ev)
	}
	e.mu.Unlock()
	if f.Truthy() {
		f.Invoke(ev)
	}
}

// get returns the client, or why there is none.
func (e *engine) get() (*client.Client, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.client == nil {
		return nil, &client.Error{Code: "closed", What: "the engine", Why: errors.New("not open"), Hint: "load the page again"}
	}
	return e.client, nil
}

// open takes the lock and loads the state.
func (e *engine) open(ctx context.Context) (*client.Client, error) {
	if c, err := e.get(); err == nil {
		return c, nil
	}
	if !e.locked && !lock() {
		e.tell(map[string]any{"kind": "connection", "state": string(client.OtherWindow)})
		return nil, &client.Error{Code: "other_window", What: "opening the messenger", Why: errors.New("another window of this browser is using it"), Hint: "go on there, or close it and load this page again"}
	}
	e.locked = true
	persist(ctx)
	store, err := keep.Open(ctx)
	if err != nil {
		return nil, &client.Error{Code: "storage", What: "this browser's storage", Why: err, Hint: "allow this site to store data; private windows may not"}
	}
	c, err := client.Open(ctx, client.Options{Keep: store})
	if err != nil {
		store.Close()
		return nil, err
	}
	e.mu.Lock()
	e.client = c
	e.mu.Unlock()
	go func() {
		for ev := range c.Events() {
			if v := event(ev); v != nil {
				e.tell(v)
			}
		}
	}()
	return c, nil
}

// close lets go of the client, for open to begin anew.
func (e *engine) close() {
	e.mu.Lock()
	c := e.client
	e.client = nil
	e.mu.Unlock()
	if c != nil {
		c.Close()
	}
}

// lock takes the account's Web Lock for as long as the window lives.
func lock() bool {
	locks := js.Global().Get("navigator").Get("locks")
	got := make(chan bool, 1)
	forever := js.Global().Get("Promise").New(js.FuncOf(func(js.Value, []js.Value) any { return nil }))
	locks.Call("request", "ringfence-account", map[string]any{"ifAvailable": true}, js.FuncOf(func(_ js.Value, args []js.Value) any {
		got <- args[0].Truthy()
		if args[0].Truthy() {
			return forever
		}
		return nil
	}))
	return <-got
}

// persist asks the browser not to throw the state away when it needs room. It
// may decline; then the state is as safe as any page's.
func persist(ctx context.Context) {
	storage := js.Global().Get("navigator").Get("storage")
	if storage.Truthy() && storage.Get("persist").Truthy() {
		_, _ = client.Await(ctx, storage.Call("persist"))
	}
}
