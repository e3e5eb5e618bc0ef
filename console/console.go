// Package console is the analyst's desk: web pages, made on the server, on
// which verdicts appear as the guard gives them, each with what happened in
// plain words and the exact bytes, and on which an account can be blocked.
//
// What it shows was sent by attackers. So the pages carry it as text only,
// through html/template; there is no inline script or style, nothing from
// another host, no wasm and no WebRTC; and the host name is its own, because a
// service worker or a cookie of the messenger would reach a console on the
// messenger's origin.
package console

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/internal/look"
)

// Config is what a console needs.
type Config struct {
	Desk Desk
	Log  *slog.Logger     // nil: slog.Default
	Now  func() time.Time // nil: time.Now

	// TLS says that the pages are served over TLS, by us or by a proxy in
	// front of us. Cookies are then for TLS only.
	TLS bool

	// Build is shown at the foot of the page.
	Build string
}

// console is the handler and what it keeps between requests.
type console struct {
	Config
	streams streams
	cases   openCases

	passkeys keyring
}

// New returns the pages of the console. It serves one host name, at its root.
// Live pages end with the request's context: cancel the server's base context
// before http.Server.Shutdown.
func New(c Config) http.Handler {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	d := &console{Config: c, streams: streams{open: map[string]int{}}, cases: openCases{open: map[string]*casefile.Case{}},
		passkeys: keyring{ceremonies: map[string]ceremony{}, hands: map[string]held{}}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /assets/{file}", serveAsset)
	mux.Handle("GET "+look.Path, look.Handler())
	mux.HandleFunc("GET /sign-in", d.signInPage)
	mux.HandleFunc("POST /sign-in", d.signIn)
	mux.HandleFunc("POST /passkey/begin", d.enterBegin)
	mux.HandleFunc("POST /passkey/finish", d.enterFinish)
	for _, some := range []map[string]page{d.routes(), d.banRoutes()} {
		for pattern, page := range some {
			mux.HandleFunc(pattern, d.signedIn(page))
		}
	}
	crossOrigin := http.NewCrossOriginProtection()
	crossOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.problem(w, r, http.StatusForbidden, "This was sent from another site.", "Open the console in its own window and do it there.")
	}))
	return d.protect(crossOrigin.Handler(mux))
}

// routes are the pages of those who are signed in, but for those of bans.
func (d *console) routes() map[string]page {
	return map[string]page{
		"POST /sign-out":                 d.signOut,
		"GET /{$}":                       d.home,
		"GET /verdicts":                  d.verdicts,
		"GET /verdicts/live":             d.live,
		"GET /verdicts/{number}":         d.verdict,
		"GET /verdicts/{number}/data":    d.download,
		"GET /rules":                     d.rules,
		"GET /blocks":                    d.blocks,
		"GET /keys":                      d.keys,
		"GET /accounts":                  d.find,
		"GET /accounts/{id}":             d.account,
		"POST /accounts/{id}/block":      d.block,
		"POST /accounts/{id}/lift":       d.lift,
		"GET /campaigns":                 d.campaignList,
		"GET /campaigns/live":            d.liveCampaigns,
		"GET /campaigns/{id}":            d.campaign,
		"GET /campaigns/{id}/live":       d.liveCampaigns,
		"POST /campaigns/{id}/hold":      d.hold,
		"POST /campaigns/{id}/release":   d.release,
		"GET /palette":                   d.palette,
		"GET /me":                        d.me,
		"POST /me/passkey/begin":         d.addBegin,
		"POST /me/passkey/finish":        d.addFinish,
		"POST /me/passkey/again":         d.stepUp,
		"POST /campaigns/{id}/case":      d.caseOfCampaign,
		"POST /cases/{case}/evidence":    d.takeIn,
		"POST /cases/{case}/export":      d.exportCase,
		"GET /cases":                     d.caseList,
		"GET /cases/{case}":              d.inCase("", d.caseSummary),
		"GET /cases/{case}/graph":        d.inCase("graph", d.caseGraph),
		"GET /cases/{case}/timeline":     d.inCase("timeline", d.caseTimeline),
		"GET /cases/{case}/evidence":     d.inCase("evidence", d.caseEvidence),
		"GET /cases/{case}/people":       d.inCase("people", d.casePeople),
		"GET /cases/{case}/notices":      d.inCase("notices", d.caseNotices),
		"POST /cases/{case}/notices":     d.doNotice,
		"POST /cases/{case}/attribution": d.reviewJudgement,
		"GET /cases/{case}/attribution":  d.inCase("attribution", d.caseAttribution),
		"GET /cases/{case}/file":         d.inCase("file", d.caseFile),
		"GET /cases/{case}/log":          d.inCase("log", d.caseLog),
		"POST /cases/{case}/file":        d.act("file", d.caseFile, paragraphOf),
		"POST /cases/{case}":             d.act("", d.caseSummary, deadlineOf),
		"/":                              d.nowhere,
	}
}

// A page answers a request of somebody who is signed in.
type page func(http.ResponseWriter, *http.Request)

// The policy of every page. webrtc 'block' is CSP Level 3 §6.1.17; what is not
// named, wasm among it, is not allowed.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; webrtc 'block'; require-trusted-types-for 'script'; trusted-types 'none'"

// protect sets the headers that every answer has, and refuses requests that
// another site made other than by leading a person here.
func (d *console) protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Cache-Control", "no-store")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), display-capture=(), clipboard-read=()")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("X-Robots-Tag", "noindex")
		if d.TLS {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if foreign(r) {
			http.Error(w, "asked for by another site", http.StatusForbidden)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, mostOf(r))
		next.ServeHTTP(w, r)
	})
}

// maxForm is the largest body that a form of ours sends, with room: a reason
// of a thousand characters, percent-encoded.
const maxForm = 16 << 10

// mostOf is the largest body of a request: only exhibits are larger than forms.
func mostOf(r *http.Request) int64 {
	if r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/cases/") && strings.HasSuffix(r.URL.Path, "/evidence") {
		return maxUpload
	}
	return maxForm
}

// foreign tells whether another site loads this as a part of its own page
// (Fetch Metadata Request Headers, W3C, §2). A link that leads here is fine.
func foreign(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return false
	}
	return r.Method == http.MethodGet && (r.Header.Get("Sec-Fetch-Mode") != "navigate" || r.Header.Get("Sec-Fetch-Dest") != "document")
}

type analystKey struct{}

// analyst returns who is signed in. It is set on every page but the sign-in.
func analyst(r *http.Request) guard.Analyst {
	a, _ := r.Context().Value(analystKey{}).(guard.Analyst)
	return a
}

func withAnalyst(r *http.Request, a guard.Analyst) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), analystKey{}, a))
}

func (d *console) nowhere(w http.ResponseWriter, r *http.Request) {
	d.problem(w, r, http.StatusNotFound, "There is no such page.", "Choose one of the pages above.")
}
