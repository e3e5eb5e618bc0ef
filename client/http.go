package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/ringfence/ringfence/wire/envelope"
)

const (
	// maxAnswer bounds the body of an answer, in bytes.
	maxAnswer = 1 << 20
	// maxMessage bounds a message of the device socket: a letter, or a notice.
	maxMessage = 17 + envelope.MaxSize

	octets = "application/octet-stream"
)

var errNotBinary = errors.New("the server sent a text message, and the protocol has none")

// The methods, spelled here because net/http is not in the browser's build.
const (
	get    = "GET"
	post   = "POST"
	remove = "DELETE"
)

// request makes one request and reads its JSON answer into out, when that is
// not nil.
func (c *Client) request(ctx context.Context, r Request, out any) error {
	what := strings.ToLower(r.Method) + " " + strings.TrimPrefix(r.URL, c.server())
	resp, err := c.options.Transport.Do(ctx, r)
	if err != nil {
		return &Error{Code: "offline", What: what, Why: err, Hint: "see whether the server can be reached, and try again"}
	}
	if resp.Status/100 != 2 {
		return refusal(what, resp)
	}
	if out == nil {
		return nil
	}
	if err := strict(resp.Body, out); err != nil {
		return &Error{Code: "protocol", What: what, Why: err, Hint: "client and server may be of different versions", Status: resp.Status}
	}
	return nil
}

// strict reads one JSON document of known fields, and nothing behind it.
func strict(b []byte, out any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(out); err != nil {
		return fmt.Errorf("not the answer of this protocol: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something stands behind the answer")
	}
	return nil
}

// refusal makes an error of what the server says, which is text of the
// server's: it is cut and cleaned.
func refusal(what string, resp Response) error {
	var body struct {
		Error struct{ Code, Message, Hint string } `json:"error"`
	}
	e := &Error{Code: fmt.Sprintf("status_%d", resp.Status), What: what, Status: resp.Status}
	if json.Unmarshal(resp.Body, &body) == nil && body.Error.Message != "" {
		e.Code, e.Why, e.Hint = clean(body.Error.Code, 40), errors.New(clean(body.Error.Message, 300)), clean(body.Error.Hint, 300)
	} else {
		e.Why = fmt.Errorf("the server answered %d", resp.Status)
	}
	return e
}

func clean(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, s)
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return s
}

// status returns the HTTP status that an error stands for, or 0.
func status(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}

func (c *Client) server() string { return c.state.device.Me.Server }

// api makes a signed-in request; in is sent as JSON when it is not nil, or as
// it is when it is bytes. A session that has ended is begun anew, once.
func (c *Client) api(ctx context.Context, method, path string, in, out any) error {
	r := Request{Method: method, URL: c.server() + path}
	switch in := in.(type) {
	case nil:
	case []byte:
		r.Body, r.Type = in, octets
	default:
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		r.Body, r.Type = b, "application/json"
	}
	token, err := c.token(ctx, nil)
	if err != nil {
		return err
	}
	r.Token = b64.EncodeToString(token)
	if err = c.request(ctx, r, out); status(err) != 401 {
		return err
	}
	if token, err = c.token(ctx, token); err != nil {
		return err
	}
	r.Token = b64.EncodeToString(token)
	return c.request(ctx, r, out)
}

// handIn gives a letter to the server with a delivery token, and without
// signing in. It returns nil only when the server has it on disk.
func (c *Client) handIn(ctx context.Context, token, sealed []byte) error {
	body := append(bytes.Clone(token), sealed...)
	r := Request{Method: post, URL: c.server() + "/v1/envelopes", Type: octets, Body: body}
	return c.again(ctx, func() error { return c.request(ctx, r, nil) })
}

// again tries something that may be done twice up to four times, while the
// server cannot be reached or is not well.
func (c *Client) again(ctx context.Context, try func() error) error {
	var err error
	for i := range 4 {
		err = try()
		var e *Error
		if !errors.As(err, &e) || e.Code != "offline" && e.Status != 502 && e.Status != 503 {
			return err
		}
		if i == 3 || sleep(ctx, backoff(i)) != nil {
			break
		}
	}
	return err
}

// backoff is how long to wait before try n+1: doubling from 200 ms to 30 s,
// with up to half of it again at random, so that many devices do not come back
// at once.
func backoff(n int) time.Duration {
	d := min(200*time.Millisecond<<min(n, 10), 30*time.Second)
	var b [1]byte
	rand.Read(b[:])
	return d + d*time.Duration(b[0])/510
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
