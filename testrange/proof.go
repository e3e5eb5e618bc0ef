package testrange

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ringfence/ringfence/client"
)

const (
	exporter      = "EXPORTER-ringfence-range"
	serverContext = "ringfence range server v1\x00"
	clientContext = "ringfence range client v1\x00"
	maxAnswer     = 64 << 10
)

var b64 = base64.RawURLEncoding

// ErrNotYours says that a server did not prove to hold the key.
var ErrNotYours = errors.New("the server does not prove to be the one whose data folder was given")

// grant is what a server that has proved itself allows.
type grant struct {
	relay   []string
	invites []string
}

// prove lets the server prove that it holds the key, proves the same to it, and
// gets invites for accounts of the range's own (docs/range.md).
func prove(ctx context.Context, server string, key ed25519.PrivateKey, accounts int) (grant, error) {
	u, err := url.Parse(server)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return grant{}, fmt.Errorf("server %q: want a URL like https://host or http://127.0.0.1:8080", server)
	}
	// One connection, so that both proofs are bound to the same one.
	t := &http.Transport{MaxConnsPerHost: 1, DialContext: dialer(u.Scheme == "http"), TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"}}}
	defer t.CloseIdleConnections()
	p := prover{http: &http.Client{Transport: t, Timeout: 20 * time.Second}, server: strings.TrimSuffix(server, "/"), key: key}
	return p.run(ctx, accounts)
}

// dialer dials; without TLS loopback addresses only.
func dialer(loopback bool) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		a, ok := c.RemoteAddr().(*net.TCPAddr)
		if loopback && (!ok || !a.IP.IsLoopback()) {
			c.Close()
			return nil, fmt.Errorf("%s is not loopback: without TLS the range attacks this machine only", addr)
		}
		return c, nil
	}
}

type prover struct {
	http   *http.Client
	server string
	key    ed25519.PrivateKey
}

func (p prover) run(ctx context.Context, accounts int) (grant, error) {
	ours := make([]byte, 32)
	rand.Read(ours)
	var challenge struct {
		Nonce     string   `json:"nonce"`
		Relay     []string `json:"relay"`
		Signature string   `json:"signature"`
	}
	state, err := p.post(ctx, "/v1/range/challenge", map[string]any{"nonce": b64.EncodeToString(ours)}, &challenge)
	if err != nil {
		return grant{}, err
	}
	theirs, err := b64.DecodeString(challenge.Nonce)
	signature, err2 := b64.DecodeString(challenge.Signature)
	bound, err3 := exported(state)
	if err = errors.Join(err, err2, err3); err != nil || len(theirs) != 32 {
		return grant{}, fmt.Errorf("%w: its answer is not that of docs/range.md", ErrNotYours)
	}
	fields := append(append(append([]byte(nil), ours...), theirs...), bound...)
	if !ed25519.Verify(p.key.Public().(ed25519.PublicKey), append(append([]byte(serverContext), fields...), relayHash(challenge.Relay)...), signature) {
		return grant{}, ErrNotYours
	}
	text := binary.BigEndian.AppendUint32(append([]byte(clientContext), fields...), uint32(accounts))
	var opened struct {
		Invites []string `json:"invites"`
		Until   int64    `json:"until"`
	}
	_, err = p.post(ctx, "/v1/range/open", map[string]any{
		"nonce": b64.EncodeToString(ours), "challenge": challenge.Nonce, "accounts": accounts, "signature": b64.EncodeToString(ed25519.Sign(p.key, text)),
	}, &opened)
	if err == nil && len(opened.Invites) != accounts {
		err = fmt.Errorf("the server gave %d invites, want %d", len(opened.Invites), accounts)
	}
	return grant{relay: challenge.Relay, invites: opened.Invites}, err
}

// relayHash is SHA-256 of the relay addresses, one a line.
func relayHash(relay []string) []byte {
	h := sha256.New()
	for _, r := range relay {
		io.WriteString(h, r+"\n")
	}
	return h.Sum(nil)
}

// exported is what ties a proof to one connection.
func exported(state *tls.ConnectionState) ([]byte, error) {
	if state == nil {
		return make([]byte, 32), nil
	}
	return state.ExportKeyingMaterial(exporter, nil, 32)
}

func (p prover) post(ctx context.Context, path string, in, out any) (*tls.ConnectionState, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.server+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := p.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, &client.Error{Code: "range", What: p.server + path, Why: errors.New("it answered " + resp.Status), Status: resp.StatusCode}
	}
	return resp.TLS, json.Unmarshal(answer, out)
}
