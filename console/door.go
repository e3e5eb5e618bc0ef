package console

import (
	"encoding/base64"
	"errors"
	"net/http"

	"github.com/ringfence/ringfence/guard"
)

// cookieName is the name of the session's cookie. The prefix __Host- keeps it
// to this host, to TLS and to the whole host (RFC 6265bis §4.1.3.2); browsers
// accept it over TLS only, so that a console on loopback goes without.
func (d *console) cookieName() string {
	if d.TLS {
		return "__Host-console"
	}
	return "ringfence-console"
}

func (d *console) setCookie(w http.ResponseWriter, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: d.cookieName(), Value: value, Path: "/", MaxAge: maxAge,
		Secure: d.TLS, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}

// session returns the token that the browser holds, or "".
func (d *console) session(r *http.Request) string {
	c, err := r.Cookie(d.cookieName())
	if err != nil || !isToken(c.Value) {
		return ""
	}
	return c.Value
}

// isToken tells whether this looks like 32 bytes in base64url, before anything
// is looked up for it.
func isToken(s string) bool {
	if len(s) != 43 {
		return false
	}
	_, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil
}

// signedIn lets only those through who are signed in. A browser that asks for
// a page is led to the sign-in.
func (d *console) signedIn(next page) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		session := d.session(r)
		if session == "" {
			d.turnAway(w, r)
			return
		}
		a, err := d.Desk.Doors.Analyst(r.Context(), session)
		switch {
		case errors.Is(err, guard.ErrNotFound):
			d.setCookie(w, "", -1)
			d.turnAway(w, r)
		case err != nil:
			d.broken(w, r, "the session could not be looked up", err)
		default:
			next(w, withAnalyst(r, a))
		}
	}
}

func (d *console) turnAway(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/verdicts/live":
		// An EventSource cannot read a status, but a message.
		w.Header().Set("Content-Type", "text/event-stream")
		w.Write([]byte("event: over\ndata: {\"why\":\"signed out\"}\n\n"))
	case r.Method == http.MethodGet:
		http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
	default:
		d.door(w, r, http.StatusUnauthorized, "You are signed out; nothing was changed.")
	}
}

// door shows the sign-in page with what went wrong, if anything did.
func (d *console) door(w http.ResponseWriter, r *http.Request, status int, wrong string) {
	d.render(w, r, status, "signin", "Sign in", struct{ Wrong string }{wrong})
}

func (d *console) signInPage(w http.ResponseWriter, r *http.Request) {
	d.door(w, r, http.StatusOK, "")
}

// signIn redeems the token of a link. The token travels in the fragment of the
// link, which no server, proxy or log sees, and from there in this form.
func (d *console) signIn(w http.ResponseWriter, r *http.Request) {
	token := r.PostFormValue("token")
	if !isToken(token) {
		d.door(w, r, http.StatusBadRequest, "This is not a whole sign-in link: part of it is missing or something was added.")
		return
	}
	session, err := d.Desk.Doors.Redeem(r.Context(), token)
	switch {
	case errors.Is(err, guard.ErrLinkUsed):
		d.door(w, r, http.StatusForbidden, "This link has been used. If it was not you who used it, somebody else is signed in: tell whoever runs the server at once.")
	case errors.Is(err, guard.ErrLinkExpired):
		d.door(w, r, http.StatusForbidden, "This link has expired: a link is good for ten minutes.")
	case errors.Is(err, guard.ErrNotFound):
		d.door(w, r, http.StatusForbidden, "This server does not know this link.")
	case err != nil:
		d.broken(w, r, "the link could not be redeemed", err)
	default:
		d.enter(w, r, session)
	}
}

func (d *console) enter(w http.ResponseWriter, r *http.Request, session string) {
	a, err := d.Desk.Doors.Analyst(r.Context(), session)
	if err != nil {
		d.broken(w, r, "the new session could not be looked up", err)
		return
	}
	if old := d.session(r); old != "" {
		if err := d.Desk.Doors.End(r.Context(), old); err != nil {
			d.Log.Warn("console: the browser's earlier session could not be ended", "error", err)
		}
	}
	d.setCookie(w, session, max(1, int(a.Expires.Sub(d.Now()).Seconds())))
	d.Log.Info("console: signed in", "analyst", a.Name)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (d *console) signOut(w http.ResponseWriter, r *http.Request) {
	if err := d.Desk.Doors.End(r.Context(), d.session(r)); err != nil {
		d.broken(w, r, "the session could not be ended", err)
		return
	}
	d.passkeys.give(d.session(r), nil, d.Now())
	d.setCookie(w, "", -1)
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
}
