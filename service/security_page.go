package service

import (
	_ "embed"
	"encoding/hex"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/ringfence/ringfence/wire/notice"
)

//go:embed security.html
var securityHTML string

var securityTemplate = template.Must(template.New("notices").Parse(securityHTML))

// publishedText is a text on the public page.
type publishedText struct {
	Hash, Issuer, Issued, Since string
	By                          []string
	Wordings                    []publishedWording
}

type publishedWording struct {
	Tag, Dir, Title, Hash string
	Paragraphs            []string
}

// rightToLeft are the languages of that direction that a notice may be in.
var rightToLeft = []string{"ar", "fa", "he", "ur", "ps", "ckb", "ug", "yi", "dv", "sd"}

func published(n notice.Notice) (all []publishedWording) {
	for _, tag := range slices.Sorted(maps.Keys(n.Wordings)) {
		w := n.Wordings[tag]
		base, _, _ := strings.Cut(tag, "-")
		dir := "ltr"
		if slices.Contains(rightToLeft, base) {
			dir = "rtl"
		}
		all = append(all, publishedWording{tag, dir, w.Title, w.Hash(), strings.Split(w.Body, "\n")})
	}
	return all
}

// NoticesPage is the page where anybody can confirm the wording of a security
// notice, and by whose keys it is known, without signing in.
func (s *Service) NoticesPage() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var data struct {
			Keys  []string
			Texts []publishedText
		}
		texts, err := s.store.SecurityTexts(r.Context())
		if err == nil {
			data.Keys, err = s.approverKeys(r.Context())
		}
		if err != nil {
			s.config.Log.Error("the page of security notices", "why", err)
			http.Error(w, "The notices cannot be shown now; try again later.", http.StatusInternalServerError)
			return
		}
		var known []note.Verifier
		for _, k := range data.Keys {
			if v, err := note.NewVerifier(k); err == nil {
				known = append(known, v)
			}
		}
		for _, t := range texts {
			n := t.Notice
			n.ID, n.Code = "N-0000-0000", "0000-0000" // each person has another one
			by, _ := n.Verify(known)
			data.Texts = append(data.Texts, publishedText{Hash: hex.EncodeToString(t.SHA256[:]), Issuer: n.Issuer, Issued: n.Issued, By: by, Wordings: published(n)})
		}
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		if err := securityTemplate.Execute(w, data); err != nil {
			s.config.Log.Debug("the page of security notices was not read to its end", "why", err)
		}
	})
}
