// Package settings is what a server tells its clients to do, signed with the
// server's key.
//
// In 2019 what a caller sent was dressed up as the server's own call settings.
// Here settings count only with the server's signature, never go backwards, and
// there is no message by which another client could pass them on (R23). The
// layout is in docs/protocol.md, Settings.
package settings

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/ringfence/ringfence/wire"
)

const (
	// MaxSize bounds signed settings, in bytes.
	MaxSize = 4096
	// Context is signed in front of the payload.
	Context = "ringfence settings v1\x00"

	maxRelays = 8
	clause    = "docs/protocol.md, Settings"
)

// Settings are the server's instructions to its clients.
type Settings struct {
	Serial       uint64    `json:"serial"`        // grows with each change
	Issued       time.Time `json:"issued"`        // the server's clock, for people
	MinimumBuild uint32    `json:"minimum_build"` // older clients may not call
	Relay        []string  `json:"relay"`         // TURN URIs, RFC 7065
}

// Sign writes the signature and the payload.
func (s Settings) Sign(key ed25519.PrivateKey) ([]byte, error) {
	payload, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	signature := ed25519.Sign(key, append([]byte(Context), payload...))
	return append(signature, payload...), nil
}

// Open verifies signed settings with the server's public key and reads them.
// Settings older than the serial last taken are refused, so that nobody can
// bring old ones back.
func Open(b []byte, server ed25519.PublicKey, last uint64) (Settings, error) {
	if len(b) > MaxSize || len(b) <= ed25519.SignatureSize {
		return Settings{}, refuse("R5", min(len(b), MaxSize), 0, "signed settings have 65 to 4096 bytes")
	}
	signature, payload := b[:ed25519.SignatureSize], b[ed25519.SignatureSize:]
	if len(server) != ed25519.PublicKeySize || !ed25519.Verify(server, append([]byte(Context), payload...), signature) {
		return Settings{}, refuse("R23", 0, ed25519.SignatureSize, "settings without this server's signature")
	}
	s, err := parse(payload)
	if err != nil {
		return Settings{}, err
	}
	if s.Serial < last {
		return Settings{}, refuse("R23", ed25519.SignatureSize, len(payload), "settings older than those in force")
	}
	return s, nil
}

func parse(payload []byte) (Settings, error) {
	d := json.NewDecoder(bytes.NewReader(payload))
	d.DisallowUnknownFields()
	var s Settings
	if err := d.Decode(&s); err != nil {
		return Settings{}, refuse("R3", ed25519.SignatureSize, len(payload), "settings that are not those of this version")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Settings{}, refuse("R3", ed25519.SignatureSize, len(payload), "something stands behind the settings")
	}
	if len(s.Relay) > maxRelays {
		return Settings{}, refuse("R5", ed25519.SignatureSize, len(payload), "more than eight relays")
	}
	for _, uri := range s.Relay {
		if !relayURI(uri) {
			return Settings{}, refuse("R7", ed25519.SignatureSize, len(payload), "a relay that is not a TURN URI with host, port and transport")
		}
	}
	return s, nil
}

// relayURI accepts RFC 7065 §3.1 with port and transport written out.
func relayURI(uri string) bool {
	scheme, rest, _ := strings.Cut(uri, ":")
	hostport, transport, ok := strings.Cut(rest, "?transport=")
	host, port, err := net.SplitHostPort(hostport)
	if !ok || err != nil || host == "" || strings.ContainsAny(host, " /?#@%\"'<>\\") {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0 && (scheme == "turn" && (transport == "udp" || transport == "tcp") || scheme == "turns" && transport == "tcp")
}

func refuse(rule string, offset, length int, reason string) error {
	return &wire.Refusal{Rule: rule, Offset: offset, Length: length, Clause: clause, Reason: reason}
}
