package service

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/document"
)

// maxBody is the longest JSON body, in bytes.
const maxBody = 32 << 10

var b64 = base64.RawURLEncoding.Strict()

// problem is what a client is told when a request is not granted.
type problem struct {
	status              int
	code, message, hint string
}

func (p *problem) Error() string { return p.message }

var (
	errUnproven  = &problem{http.StatusUnauthorized, "unauthorized", "nobody is signed in with this token", "sign in again"}
	errForbidden = &problem{http.StatusForbidden, "forbidden", "this is not for this account", ""}
	errTooMany   = &problem{http.StatusTooManyRequests, "too_many", "too many requests", "wait a minute and try again"}
	errMalformed = &problem{http.StatusUnprocessableEntity, "malformed", "the request is not what docs/protocol.md says", "see docs/protocol.md, HTTP"}
	errNoSuch    = &problem{http.StatusNotFound, "not_found", "there is no such thing", ""}
	errInvite    = &problem{http.StatusForbidden, "invite", "the invite is not valid, was used or has expired", "ask for another one"}
	errTaken     = &problem{http.StatusConflict, "name_taken", "the name is taken", "choose another name"}
	errName      = &problem{http.StatusUnprocessableEntity, "name", "a name has 3 to 20 characters of a-z, 0-9 and _", "choose another name"}
	errFull      = &problem{http.StatusInsufficientStorage, "full", "the recipient's mailbox or the server's disk is full", "try again later"}
)

// request is one request that is being answered.
type request struct {
	*http.Request
	s       *Service
	event   guard.Event
	account store.Account // who is signed in; zero for nobody
	session [32]byte      // hash of the session token
}

// answer handles a request and returns what is sent as JSON; nil: no content.
type answer func(*request) (any, error)

// routes are all requests of docs/protocol.md, HTTP, that have JSON answers.
func (s *Service) routes() *http.ServeMux {
	m := http.NewServeMux()
	open := func(pattern string, kind guard.Kind, a answer) { m.Handle(pattern, s.handle(kind, false, a)) }
	in := func(pattern string, a answer) { m.Handle(pattern, s.handle(guard.Request, true, a)) }
	open("GET /v1/server", guard.Request, (*request).server)
	open("POST /v1/register", guard.SignIn, (*request).register)
	open("POST /v1/session/challenge", guard.SignIn, (*request).challenge)
	open("POST /v1/session", guard.SignIn, (*request).signIn)
	open("POST /v1/range/challenge", guard.SignIn, (*request).rangeChallenge)
	open("POST /v1/range/open", guard.SignIn, (*request).rangeOpen)
	open("POST /v1/verify", guard.SignIn, (*request).verify)
	open("GET /v1/terms", guard.Request, (*request).showTerms)
	in("POST /v1/terms", (*request).acceptTerms)
	in("GET /v1/standing", (*request).standing)
	in("POST /v1/standing", (*request).object)
	in("DELETE /v1/session", (*request).signOut)
	in("DELETE /v1/account", (*request).deleteAccount)
	in("GET /v1/account", (*request).showAccount)
	in("POST /v1/keys", (*request).uploadKeys)
	in("GET /v1/accounts/{id}/keys", (*request).showKeys)
	in("POST /v1/tokens", (*request).addToken)
	in("DELETE /v1/tokens/{hash}", (*request).removeToken)
	in("POST /v1/knock", (*request).knock)
	in("GET /v1/contacts", (*request).contacts)
	in("POST /v1/contacts/{id}/accept", (*request).acceptContact)
	in("POST /v1/contacts/{id}/introduce", (*request).introduce)
	in("DELETE /v1/contacts/{id}", (*request).removeContact)
	in("GET /v1/notices", (*request).notices)
	in("POST /v1/reports", (*request).report)
	s.securityRoutes(func(pattern string, a answer) { open(pattern, guard.Request, a) }, in)
	m.HandleFunc("POST /v1/envelopes", s.office.ServeEnvelope)
	m.HandleFunc("GET /v1/handin", s.office.ServeStream)
	m.HandleFunc("GET /v1/device", s.serveDevice)
	m.HandleFunc("/v1/", func(w http.ResponseWriter, _ *http.Request) { writeProblem(w, errNoSuch) })
	return m
}

// handle wraps an answer: who asks, the budgets, a panic as a refusal (R22),
// and the JSON around it.
func (s *Service) handle(kind guard.Kind, signedIn bool, a answer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		r := &request{Request: hr, s: s}
		addr, _ := netip.ParseAddrPort(hr.RemoteAddr)
		r.event = guard.Event{Kind: kind, At: s.config.Now(), Addr: addr, Authentic: true}
		defer func() {
			if p := recover(); p != nil {
				s.panicked(&r.event, p)
				writeProblem(w, &problem{http.StatusInternalServerError, "internal", "the server could not judge this request", "try again later"})
			}
		}()
		hr.Body = http.MaxBytesReader(w, hr.Body, maxBody+1)
		out, err := r.run(signedIn, a)
		if err != nil {
			s.fail(w, hr, err)
			return
		}
		writeJSON(w, out)
	})
}

func (r *request) run(signedIn bool, a answer) (any, error) {
	if signedIn {
		if err := r.whoAsks(); err != nil {
			return nil, err
		}
	}
	return a(r)
}

// whoAsks finds the account of the bearer token and draws on its budget.
func (r *request) whoAsks() error {
	text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	token, err := b64.DecodeString(text)
	if ok && err == nil && len(token) == 32 {
		r.session = sha256.Sum256(token)
		r.account, err = r.s.bySession(r.Context(), r.session)
	} else {
		err = store.ErrNotFound
	}
	limits := r.s.guard.Limits()
	r.event.Authentic, r.event.Account = err == nil, r.account.ID
	r.event.Range = r.account.Run != ""
	r.event.Bytes = []byte(r.Method + " " + r.URL.Path)
	if err == nil {
		r.event.Spends = []guard.Spend{{Name: "requests of an account", Key: r.account.ID.String(), Limit: limits.RequestsPerMinute, Per: time.Minute}}
	} else {
		r.event.Spends = []guard.Spend{r.s.tries(r.event.Addr)}
	}
	v := r.s.guard.Judge(&r.event)
	r.event.Spends = nil
	return verdictError(v, errUnproven)
}

// bySession returns the account of a session that is in force.
func (s *Service) bySession(ctx context.Context, hash [32]byte) (store.Account, error) {
	id, device, err := s.store.Session(ctx, hash)
	if err != nil {
		return store.Account{}, err
	}
	a, err := s.store.Account(ctx, id)
	if err == nil && (a.Blocked || a.Device != device) {
		err = store.ErrNotFound
	}
	return a, err
}

// tries is the budget of an address for what it cannot prove.
func (s *Service) tries(addr netip.AddrPort) guard.Spend {
	return guard.Spend{Name: "tries of an address", Key: network(addr), Limit: s.guard.Limits().TriesPerMinute, Per: time.Minute}
}

// network is what of an address is one subscriber's: IPv6 networks are given
// out as /64, so that single addresses of one cost nothing.
func network(addr netip.AddrPort) string {
	ip := addr.Addr().Unmap()
	if ip.Is4() {
		return ip.String()
	}
	p, err := ip.Prefix(64)
	if err != nil {
		return ip.String()
	}
	return p.String()
}

// verdictError turns a verdict into what the client is told. Whose budget is
// spent is told that and nothing else: he would go on guessing otherwise.
func verdictError(v guard.Verdict, otherwise *problem) error {
	switch {
	case v.Passed():
		return nil
	case slices.Contains(v.Rules, "R13"):
		return errTooMany
	}
	return otherwise
}

// body reads the JSON body strictly. What cannot be read is judged, so that it
// is recorded, and refused.
func (r *request) body(into any) error {
	b, err := io.ReadAll(r.Body)
	r.event.Bytes = b
	if err != nil {
		return r.refused(&wire.Refusal{Rule: "R5", Offset: min(maxBody, len(b)), Clause: "docs/protocol.md, HTTP", Reason: "a body longer than 32 KiB, or cut short"},
			&problem{http.StatusRequestEntityTooLarge, "too_long", "the body is longer than 32 KiB, or was cut short", ""})
	}
	var twofold *wire.Refusal
	if errors.As(document.Check(b), &twofold) {
		if err := r.refused(twofold, errMalformed); err != nil {
			return err
		}
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err = d.Decode(into); err == nil {
		if _, end := d.Token(); !errors.Is(end, io.EOF) {
			err = errors.New("something stands behind the document")
		}
	}
	if err != nil {
		return r.refused(&wire.Refusal{Rule: "R3", Offset: int(d.InputOffset()), Clause: "docs/protocol.md, HTTP", Reason: "not the JSON of this request: " + err.Error()}, errMalformed)
	}
	return nil
}

// refused records what a parser refused.
func (r *request) refused(why *wire.Refusal, p *problem) error {
	ev := r.event
	ev.Kind, ev.Refusal = guard.Message, why
	if r.s.guard.Judge(&ev).Passed() {
		return nil // only in a build whose barriers are out
	}
	return p
}

// judge judges the request's event as it stands.
func (r *request) judge(otherwise *problem) error {
	return verdictError(r.s.guard.Judge(&r.event), otherwise)
}

// panicked records what made a part of the server stumble (R22). It passes only
// in a build whose barriers are out.
func (s *Service) panicked(ev *guard.Event, p any) (passed bool) {
	s.config.Log.Error("a request could not be judged", "kind", ev.Kind, "why", fmt.Sprint(p))
	e := *ev
	e.Kind = guard.Message
	e.Refusal = &wire.Refusal{Rule: "R22", Clause: "guard, R22", Reason: "the server could not judge this and refused it"}
	return s.guard.Judge(&e).Passed()
}

// isolated wraps what runs by itself: a panic there ends it, is recorded, and
// does not end the server (R22).
func (s *Service) isolated(ev guard.Event, f func()) func() {
	return func() {
		defer func() {
			if p := recover(); p != nil {
				s.panicked(&ev, p)
			}
		}()
		f()
	}
}

// fail answers an error: what the client may know, and the rest to the log.
func (s *Service) fail(w http.ResponseWriter, r *http.Request, err error) {
	var p *problem
	if !errors.As(err, &p) {
		s.config.Log.Error("a request went wrong", "request", r.Method+" "+r.Pattern, "why", err)
		p = &problem{http.StatusInternalServerError, "internal", "the server could not do this", "try again later"}
	}
	writeProblem(w, p)
}

func writeProblem(w http.ResponseWriter, p *problem) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{"code": p.code, "message": p.message, "hint": p.hint}})
}

func writeJSON(w http.ResponseWriter, out any) {
	w.Header().Set("Cache-Control", "no-store")
	if out == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if status, ok := out.(int); ok {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(out)
}

// Server is an HTTP server that waits for nobody long: not for a header, not for
// a body, not for somebody to read an answer.
func Server(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// ServeHTTP answers everything below /v1.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.hub.once.Do(func() { s.hub.mux = s.routes() })
	s.hub.mux.ServeHTTP(w, r)
}

// fixed decodes base64url of exactly the length of out.
func fixed(text string, out []byte) error {
	b, err := b64.DecodeString(text)
	if err != nil || len(b) != len(out) {
		return errMalformed
	}
	copy(out, b)
	return nil
}
