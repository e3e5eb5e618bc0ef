// Package look is what the messenger and the console have in common to the
// eye: colours in light and dark, type, forms, notices and small signs, as one
// style sheet. Each is served from its own host, so each serves its own copy,
// under a name that holds the hash of what is in it.
package look

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the style sheet
	"encoding/hex"
	"net/http"
	"time"
)

//go:embed look.css
var css []byte

// Path is where Handler serves the style sheet: /assets/look.HASH.css. What is
// behind it never changes, so it may be cached for good.
var Path = "/assets/" + Name

// Name is the last part of Path.
var Name = func() string {
	sum := sha256.Sum256(css)
	return "look." + hex.EncodeToString(sum[:8]) + ".css"
}()

// CSS returns a copy of the style sheet.
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
