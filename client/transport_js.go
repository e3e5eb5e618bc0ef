//go:build js

package client

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall/js"
)

// In a browser requests go by fetch and sockets by WebSocket: net/http would
// make the engine twice as large.

func defaultTransport() Transport { return browser{} }

type browser struct{}

var errAborted = errors.New("the browser could not reach the server")

// Await waits for a promise.
func Await(ctx context.Context, promise js.Value) (js.Value, error) {
	type outcome struct {
		value js.Value
		err   error
	}
	done := make(chan outcome, 1)
	var then, catch js.Func
	release := sync.OnceFunc(func() { then.Release(); catch.Release() })
	then = js.FuncOf(func(_ js.Value, args []js.Value) any {
		defer release()
		v := js.Undefined()
		if len(args) > 0 {
			v = args[0]
		}
		done <- outcome{value: v}
		return nil
	})
	catch = js.FuncOf(func(_ js.Value, args []js.Value) any {
		defer release()
		done <- outcome{err: rejected(args)}
		return nil
	})
	promise.Call("then", then, catch)
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		return js.Value{}, ctx.Err()
	}
}

func rejected(args []js.Value) error {
	if len(args) > 0 && args[0].Type() == js.TypeObject {
		return fmt.Errorf("%s: %s", args[0].Get("name").String(), args[0].Get("message").String())
	}
	return errAborted
}

func (browser) Do(ctx context.Context, r Request) (Response, error) {
	abort := js.Global().Get("AbortController").New()
	stop := context.AfterFunc(ctx, func() { abort.Call("abort") })
	defer stop()
	headers := map[string]any{}
	if r.Token != "" {
		headers["Authorization"] = "Bearer " + r.Token
	}
	if r.Type != "" {
		headers["Content-Type"] = r.Type
	}
	options := map[string]any{
		"method": r.Method, "headers": headers, "signal": abort.Get("signal"),
		"credentials": "omit", "redirect": "error", "cache": "no-store", "referrerPolicy": "no-referrer",
	}
	if len(r.Body) > 0 {
		options["body"] = bytesToJS(r.Body)
	}
	answer, err := Await(ctx, js.Global().Call("fetch", r.URL, options))
	if err != nil {
		return Response{}, err
	}
	buffer, err := Await(ctx, answer.Call("arrayBuffer"))
	if err != nil {
		return Response{}, err
	}
	if buffer.Get("byteLength").Int() > maxAnswer {
		return Response{}, fmt.Errorf("answer of %s: longer than %d bytes", r.URL, maxAnswer)
	}
	return Response{answer.Get("status").Int(), bytesFromJS(buffer)}, nil
}

func bytesToJS(b []byte) js.Value {
	a := js.Global().Get("Uint8Array").New(len(b))
	js.CopyBytesToJS(a, b)
	return a
}

func bytesFromJS(buffer js.Value) []byte {
	a := js.Global().Get("Uint8Array").New(buffer)
	b := make([]byte, a.Get("length").Int())
	js.CopyBytesToGo(b, a)
	return b
}

// waitingMessages bounds what came on a socket and was not read yet.
const waitingMessages = 4096

type browserSocket struct {
	ws     js.Value
	in     chan []byte
	opened chan struct{}
	closed chan struct{}
	close  func()
	funcs  []js.Func
	once   sync.Once
}

func (browser) Dial(ctx context.Context, url string) (Socket, error) {
	s := &browserSocket{in: make(chan []byte, waitingMessages), opened: make(chan struct{}), closed: make(chan struct{})}
	s.close = sync.OnceFunc(func() { close(s.closed) })
	s.ws = js.Global().Get("WebSocket").New("ws" + strings.TrimPrefix(url, "http"))
	s.ws.Set("binaryType", "arraybuffer")
	s.on("open", func(js.Value) { close(s.opened) })
	s.on("close", func(js.Value) { s.close() })
	s.on("error", func(js.Value) { s.close() })
	s.on("message", s.arrived)
	select {
	case <-s.opened:
		return s, nil
	case <-s.closed:
		s.Close()
		return nil, errAborted
	case <-ctx.Done():
		s.Close()
		return nil, ctx.Err()
	}
}

func (s *browserSocket) on(event string, f func(js.Value)) {
	fn := js.FuncOf(func(_ js.Value, args []js.Value) any {
		f(args[0])
		return nil
	})
	s.funcs = append(s.funcs, fn)
	s.ws.Call("addEventListener", event, fn)
}

// arrived queues a message. The browser cannot be made to wait: a server that
// sends more than is read, or something that no server sends, loses its socket.
func (s *browserSocket) arrived(event js.Value) {
	data := event.Get("data")
	if data.Type() != js.TypeObject || data.Get("byteLength").Int() > maxMessage {
		s.close()
		return
	}
	select {
	case s.in <- bytesFromJS(data):
	default:
		s.close()
	}
}

func (s *browserSocket) Read(ctx context.Context) ([]byte, error) {
	select {
	case b := <-s.in:
		return b, nil
	default:
	}
	select {
	case b := <-s.in:
		return b, nil
	case <-s.closed:
		return nil, errAborted
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *browserSocket) Write(_ context.Context, b []byte) error {
	select {
	case <-s.closed:
		return errAborted
	default:
	}
	s.ws.Call("send", bytesToJS(b))
	return nil
}

func (s *browserSocket) Close() error {
	s.once.Do(s.end)
	return nil
}

func (s *browserSocket) end() {
	s.close()
	s.ws.Call("close")
	// The browser may still call a listener that is on its way.
	for i, event := range []string{"open", "close", "error", "message"} {
		s.ws.Call("removeEventListener", event, s.funcs[i])
		s.funcs[i].Release()
	}
}
