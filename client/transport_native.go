//go:build !js

package client

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

// NewTransport returns a transport over net/http; nil is a client with
// timeouts of its own. Redirects are not followed: a server is what it was when
// the device registered.
func NewTransport(h *http.Client) Transport {
	if h == nil {
		h = &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}
	}
	own := *h
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &native{&own}
}

func defaultTransport() Transport { return NewTransport(nil) }

type native struct{ http *http.Client }

// requestTime bounds one request.
const requestTime = 30 * time.Second

func (n *native) Do(ctx context.Context, r Request) (Response, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.Method, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return Response{}, err
	}
	if r.Token != "" {
		req.Header.Set("Authorization", "Bearer "+r.Token)
	}
	if r.Type != "" {
		req.Header.Set("Content-Type", r.Type)
	}
	resp, err := n.http.Do(req)
	if err != nil {
		return Response{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return Response{}, err
	}
	if len(body) > maxAnswer {
		return Response{}, fmt.Errorf("answer of %s: longer than %d bytes", r.URL, maxAnswer)
	}
	return Response{resp.StatusCode, body}, nil
}

// Close lets go of idle connections.
func (n *native) Close() { n.http.CloseIdleConnections() }

func (n *native) Dial(ctx context.Context, url string) (Socket, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	c, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPClient: n.http, CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return nil, err
	}
	c.SetReadLimit(maxMessage)
	return nativeSocket{c}, nil
}

type nativeSocket struct{ c *websocket.Conn }

func (s nativeSocket) Read(ctx context.Context) ([]byte, error) {
	kind, b, err := s.c.Read(ctx)
	if err == nil && kind != websocket.MessageBinary {
		return nil, errNotBinary
	}
	return b, err
}

func (s nativeSocket) Write(ctx context.Context, b []byte) error {
	return s.c.Write(ctx, websocket.MessageBinary, b)
}

// Ping returns when the server has read everything that was written before.
func (s nativeSocket) Ping(ctx context.Context) error { return s.c.Ping(ctx) }

func (s nativeSocket) Close() error { return s.c.CloseNow() }
