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
	"log/slog"
	"net/http"
	"time"
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

// New returns the pages of the console. It serves one host name, at its root.
func New(c Config) http.Handler {
	return http.NotFoundHandler()
}
