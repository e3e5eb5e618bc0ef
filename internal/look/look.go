// Package look is what all pages have in common to the eye: colours in light and
// dark, and type. Reports, which stand alone, begin their style with Base. The
// messenger and the console share forms, notices and small signs besides; each is
// served from its own host, so each serves its own copy of the whole, under a name
// that holds the hash of what is in it.
package look

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the style sheets
	"encoding/hex"
	"net/http"
	"time"
)

//go:embed base.css
var base string

//go:embed parts.css
var parts string

var css = []byte(base + parts)

// Base is the style of every page: the tokens, and what is built of nothing else.
func Base() string { return base }

// Path is where Handler serves the style sheet: /assets/look.HASH.css. What is
// behind it never changes, so it may be cached for good.
var Path = "/assets/" + Name

// Name is the last part of Path.
var Name = func() string {
	sum := sha256.Sum256(css)
	return "look." + hex.EncodeToString(sum[:8]) + ".css"
}()

// CSS returns a copy of the whole style sheet.
func CSS() []byte { return bytes.Clone(css) }

// Handler serves the style sheet, whatever the path of the request: mount it
// at Path.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/css; charset=utf-8")
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("X-Content-Type-Options", "nosniff")
		http.ServeContent(w, r, Name, time.Time{}, bytes.NewReader(css))
	})
}
