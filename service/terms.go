package service

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/wire"
)

// MaxTerms is the longest text of terms of service, in bytes.
const MaxTerms = 200 << 10

var versionLine = regexp.MustCompile(`^(?:[Vv]ersion )?([0-9A-Za-z][0-9A-Za-z._-]{0,31})$`)

// TermsVersion returns the version of a text of terms of service: its first line,
// "2026-11" or "Version 2026-11", or else the beginning of its hash. It refuses
// what is no text, empty, or too long.
func TermsVersion(text string) (string, error) {
	switch {
	case len(text) > MaxTerms:
		return "", fmt.Errorf("the terms have %d bytes, at most %d", len(text), MaxTerms)
	case !utf8.ValidString(text) || strings.TrimSpace(text) == "" || strings.ContainsRune(text, 0):
		return "", errors.New("the terms are empty, or no UTF-8 text")
	}
	first, _, _ := strings.Cut(text, "\n")
	if m := versionLine.FindStringSubmatch(strings.TrimSpace(first)); m != nil {
		return m[1], nil
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6]), nil
}

// terms are the terms of service that are shown now; nil: there are none.
type terms struct{ now atomic.Pointer[store.Terms] }

// composeTerms puts together what is shown: the operator's text, and whom bans by
// terms exclude. It is kept before it is shown.
func (s *Service) composeTerms(ctx context.Context) error {
	if s.config.Terms == "" {
		return nil
	}
	version, err := TermsVersion(s.config.Terms)
	if err != nil {
		return err
	}
	shown, err := s.store.TermsShown(ctx)
	if err != nil {
		return err
	}
	known := map[string]bool{version: true}
	for _, t := range shown {
		known[t.Version] = true
	}
	t := store.Terms{Version: version, Text: withExcluded(s.config.Terms, s.bans.all(), known)}
	if err := s.store.ShowTerms(ctx, t); err != nil {
		return err
	}
	s.terms.now.Store(&t)
	return nil
}

// withExcluded writes below the terms whom they exclude, from a version on that is
// in force or was.
func withExcluded(text string, all []guard.Ban, known map[string]bool) string {
	var b strings.Builder
	for _, ban := range all {
		if ban.Kind != guard.BanTerms || !known[ban.Terms] {
			continue
		}
		if b.Len() == 0 {
			b.WriteString(strings.TrimRight(text, "\n") + "\n\nExcluded from this service, and from acting through others on it:\n")
		}
		fmt.Fprintf(&b, "- %s (from version %s on, decision %s)\n", ban.Value, ban.Terms, ban.ID)
	}
	if b.Len() == 0 {
		return text
	}
	return b.String()
}

// TermsOf returns what terms an account accepted and when, the oldest first; for
// an account that was there before the terms, none.
func (s *Service) TermsOf(ctx context.Context, account wire.ID) ([]store.Acceptance, error) {
	return s.store.TermsOf(ctx, account)
}

var errTerms = &problem{403, "terms", "this server has terms of service that a new account must accept", "read them (GET /v1/terms), and accept them by their hash"}

// showTerms shows the terms; an empty version where there are none.
func (r *request) showTerms() (any, error) {
	t := r.s.terms.now.Load()
	if t == nil {
		return map[string]any{"version": "", "text": "", "sha256": ""}, nil
	}
	sum := t.SHA256()
	return map[string]any{"version": t.Version, "text": t.Text, "sha256": hex.EncodeToString(sum[:])}, nil
}

// acceptTerms keeps that somebody accepts the terms that are shown.
func (r *request) acceptTerms() (any, error) {
	var in struct {
		SHA256 string `json:"sha256"`
	}
	if err := r.body(&in); err != nil {
		return nil, err
	}
	sum, err := r.s.termsAccepted(in.SHA256)
	if err != nil || sum == nil {
		return nil, err
	}
	return nil, r.s.store.AcceptTerms(r.Context(), r.account.ID, *sum)
}

// termsAccepted reads which terms somebody accepts; only those that are shown can
// be. It is nil where there are none.
func (s *Service) termsAccepted(text string) (*[32]byte, error) {
	t := s.terms.now.Load()
	if t == nil {
		return nil, nil
	}
	sum := t.SHA256()
	if text != hex.EncodeToString(sum[:]) {
		return nil, errTerms
	}
	return &sum, nil
}

// standing tells a person how the account stands: whether its calls are held back
// and why, and whether there are terms to accept.
func (r *request) standing() (any, error) {
	out := map[string]any{"held": false, "ban": "", "since": int64(0), "appealed": false, "terms": "", "accepted": true}
	if f, held := r.s.held(r.Context(), r.account.ID); held {
		out["held"], out["ban"], out["since"], out["appealed"] = true, f.Ban, f.At.UnixMilli(), !f.Appealed.IsZero()
	}
	t := r.s.terms.now.Load()
	if t == nil {
		return out, nil
	}
	accepted, err := r.s.store.TermsOf(r.Context(), r.account.ID)
	out["terms"], out["accepted"] = t.Version, false
	for _, a := range accepted {
		if a.SHA256 == t.SHA256() {
			out["accepted"] = true
		}
	}
	return out, err
}

// object takes what a person says whose calls are held back, once.
func (r *request) object() (any, error) {
	var in struct {
		Text string `json:"text"`
	}
	if err := r.body(&in); err != nil {
		return nil, err
	}
	if n := utf8.RuneCountInString(in.Text); strings.TrimSpace(in.Text) == "" || n > guard.MaxAppeal {
		return nil, errAppeal
	}
	err := r.s.store.AppealEvasion(r.Context(), r.account.ID, in.Text)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNoSuch
	}
	return nil, err
}
