// Package load is the other side of the service in its benchmarks and crash
// tests: clients that speak the protocol of docs/protocol.md with as little
// work of their own as possible, so that it is the server that is measured.
//
// It seals nothing: what it hands in has the layout of an envelope and random
// bytes in it.
package load

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
	"github.com/ringfence/ringfence/wire/envelope"
	"github.com/ringfence/ringfence/wire/letter"
)

// Account is an account with its device and one delivery token.
type Account struct {
	Server  string // URL
	ID      wire.ID
	Device  wire.ID
	Session []byte
	Token   []byte // delivers to this account's device
}

// Register makes an account. The invite may be empty where the server is open.
func Register(server, invite, name string) (*Account, error) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	curve := make([]byte, 32)
	rand.Read(curve)
	text := base64.RawURLEncoding.EncodeToString
	signed := append(append([]byte("ringfence device v1\x00"), public...), curve...)
	var answer struct {
		Account, Device wire.ID
		Token           string
	}
	err = post(server+"/v1/register", "", map[string]any{"invite": invite, "name": name, "device": map[string]string{
		"ed25519": text(public), "curve25519": text(curve), "signature": text(ed25519.Sign(private, signed)),
	}}, &answer)
	if err != nil {
		return nil, err
	}
	session, err := base64.RawURLEncoding.DecodeString(answer.Token)
	if err != nil || len(session) != 32 {
		return nil, fmt.Errorf("a session token of %d bytes (%v)", len(session), err)
	}
	a := &Account{Server: server, ID: answer.Account, Device: answer.Device, Session: session, Token: make([]byte, letter.TokenSize)}
	rand.Read(a.Token)
	hash := sha256.Sum256(a.Token)
	return a, post(server+"/v1/tokens", answer.Token, map[string]string{"hash": hex.EncodeToString(hash[:])}, nil)
}

func post(url, session string, body, answer any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequest("POST", url, bytes.NewReader(b))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	if session != "" {
		r.Header.Set("Authorization", "Bearer "+session)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err = io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s: %s: %s", url, resp.Status, b)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(b, answer)
}

// Envelope makes an envelope of a size class, of random bytes.
func Envelope(class byte) []byte {
	e := envelope.Envelope{Class: class, Key: 1, Enc: make([]byte, envelope.KeySize), Ciphertext: make([]byte, envelope.PlainSize(class)+envelope.TagSize)}
	rand.Read(e.Enc)
	rand.Read(e.Ciphertext)
	return e.AppendTo(nil)
}

// MarkAt is where in an envelope its maker may put a number of 8 bytes.
const MarkAt = envelope.Header

// Socket is a WebSocket's client side, bare.
type Socket struct {
	net.Conn
	r   *bufio.Reader
	out []byte
}

// Dial opens a WebSocket.
func Dial(server, path string) (*Socket, error) {
	u, err := url.Parse(server)
	if err != nil {
		return nil, err
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		return nil, err
	}
	s := &Socket{Conn: conn, r: bufio.NewReaderSize(conn, 4<<10)}
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n", path, u.Host)
	resp, err := http.ReadResponse(s.r, nil)
	if err == nil && resp.StatusCode != http.StatusSwitchingProtocols {
		err = fmt.Errorf("%s: %s", path, resp.Status)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return s, nil
}

// Put adds a binary message to what Flush sends. Its mask is zero, which RFC
// 6455 allows and which costs nothing.
func (s *Socket) Put(parts ...[]byte) {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	s.out = append(s.out, 0x82)
	if n < 126 {
		s.out = append(s.out, 0x80|byte(n))
	} else if n < 1<<16 {
		s.out = binary.BigEndian.AppendUint16(append(s.out, 0x80|126), uint16(n))
	} else {
		s.out = binary.BigEndian.AppendUint64(append(s.out, 0x80|127), uint64(n))
	}
	s.out = append(s.out, 0, 0, 0, 0)
	for _, p := range parts {
		s.out = append(s.out, p...)
	}
}

// Flush sends what was put.
func (s *Socket) Flush() error {
	_, err := s.Conn.Write(s.out)
	s.out = s.out[:0]
	return err
}

// Buffered tells whether more has already been read.
func (s *Socket) Buffered() bool { return s.r.Buffered() > 0 }

// Read returns the next binary message in b, which it grows when it must. A
// ping is answered, a close is an error.
func (s *Socket) Read(b []byte) ([]byte, error) {
	for {
		var head [10]byte
		if _, err := io.ReadFull(s.r, head[:2]); err != nil {
			return nil, err
		}
		n := uint64(head[1])
		switch n {
		case 126:
			if _, err := io.ReadFull(s.r, head[2:4]); err != nil {
				return nil, err
			}
			n = uint64(binary.BigEndian.Uint16(head[2:]))
		case 127:
			if _, err := io.ReadFull(s.r, head[2:10]); err != nil {
				return nil, err
			}
			n = binary.BigEndian.Uint64(head[2:])
		}
		if n > 1<<20 {
			return nil, fmt.Errorf("a frame of %d bytes", n)
		}
		if uint64(cap(b)) < n {
			b = make([]byte, n)
		}
		b = b[:n]
		if _, err := io.ReadFull(s.r, b); err != nil {
			return nil, err
		}
		switch head[0] {
		case 0x82:
			return b, nil
		case 0x89:
			if _, err := s.Conn.Write(append([]byte{0x8a, 0x80 | byte(n), 0, 0, 0, 0}, b...)); err != nil {
				return nil, err
			}
		case 0x88:
			return nil, fmt.Errorf("closed by the server: %x", b)
		default:
			return nil, fmt.Errorf("a frame of type %x", head[0])
		}
	}
}

// Connect opens an account's device socket.
func (a *Account) Connect() (*Socket, error) {
	s, err := Dial(a.Server, "/v1/device")
	if err != nil {
		return nil, err
	}
	hello := append([]byte{call.TypeHello, 1, 0xff, 0xff, 0xff, 0xff}, a.Session...)
	s.Put(hello)
	if err := s.Flush(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}
