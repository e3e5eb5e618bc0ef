package bench

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/service/post"
	"github.com/ringfence/ringfence/service/socket"
	"github.com/ringfence/ringfence/store/mailbox"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
	"github.com/ringfence/ringfence/wire/letter"
)

type standin struct {
	sync.RWMutex
	tokens   map[[32]byte]wire.ID
	sessions map[string]wire.ID
}

func (s *standin) Recipient(h [32]byte) (a, d wire.ID, ok bool) {
	s.RLock()
	defer s.RUnlock()
	d, ok = s.tokens[h]
	return d, d, ok
}

func newStandin(dir string) (http.Handler, func(), error) {
	s := &standin{tokens: map[[32]byte]wire.ID{}, sessions: map[string]wire.ID{}}
	c := guard.DefaultConfig()
	c.Limits.HandInsPerTokenMinute, c.Limits.LettersPerMailbox, c.Limits.BytesPerMailbox = 1<<30, 1<<30, 1<<40
	set, err := guard.New(c, time.Now, func(guard.Verdict) {})
	if err != nil {
		return nil, nil, err
	}
	m, err := mailbox.Open(dir)
	if err != nil {
		return nil, nil, err
	}
	o := post.New(post.Options{Mailbox: m, Guard: set, Tokens: s, Folder: dir})
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/envelopes", o.ServeEnvelope)
	mux.HandleFunc("GET /v1/handin", o.ServeStream)
	mux.HandleFunc("POST /v1/register", func(w http.ResponseWriter, r *http.Request) {
		var d wire.ID
		rand.Read(d[:])
		t := make([]byte, 32)
		rand.Read(t)
		s.Lock()
		s.sessions[string(t)] = d
		s.Unlock()
		json.NewEncoder(w).Encode(map[string]any{"account": d, "device": d, "token": base64.RawURLEncoding.EncodeToString(t)})
	})
	mux.HandleFunc("POST /v1/tokens", func(w http.ResponseWriter, r *http.Request) {
		t, _ := base64.RawURLEncoding.DecodeString(r.Header.Get("Authorization")[7:])
		var b struct{ Hash string }
		json.NewDecoder(r.Body).Decode(&b)
		h, _ := hex.DecodeString(b.Hash)
		s.Lock()
		s.tokens[[32]byte(h)] = s.sessions[string(t)]
		s.Unlock()
	})
	mux.HandleFunc("GET /v1/device", func(w http.ResponseWriter, r *http.Request) {
		var box *post.Box
		var conn *socket.Conn
		conn, err := socket.Accept(w, r, socket.Options{Limit: 8 << 10, Fill: func(send func([]byte)) {
			more, err := box.Pour(64, send)
			if err != nil {
				conn.CloseNow()
			} else if more {
				conn.Wake()
			}
		}})
		if err != nil {
			return
		}
		go func() {
			defer conn.CloseNow()
			hello := func(b []byte) error {
				s.RLock()
				d := s.sessions[string(b[6:38])]
				s.RUnlock()
				box = o.Open(d, conn.Wake)
				return nil
			}
			if conn.Read(10*time.Second, hello) != nil {
				return
			}
			defer box.Close()
			conn.Wake()
			for conn.Read(0, func(b []byte) error {
				if b[0] == call.TypeTaken {
					n, err := letter.Taken(b)
					if err != nil {
						return err
					}
					return box.Taken(n)
				}
				return nil
			}) == nil {
			}
		}()
	})
	return mux, func() { o.Close(); m.Close() }, nil
}
