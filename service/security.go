package service

import (
	"context"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/notice"
)

// Approvers says by whose keys, as golang.org/x/mod/sumdb/note writes them, devices
// know a genuine security notice.
type Approvers func(ctx context.Context) ([]string, error)

// SetApprovers says who approves security notices; before it, nobody does.
func (s *Service) SetApprovers(a Approvers) { s.approvers.Store(&a) }

func (s *Service) approverKeys(ctx context.Context) ([]string, error) {
	a := s.approvers.Load()
	if a == nil {
		return []string{}, nil
	}
	keys, err := (*a)(ctx)
	return append([]string{}, keys...), err
}

// watchSecurity tells devices of notices that another process brings, until the
// context ends: whoever sends them works on the store beside this service.
func (s *Service) watchSecurity(ctx context.Context) error {
	seen, err := s.store.SecurityNewest(ctx)
	if err != nil {
		return err
	}
	s.running.Go(func() {
		look := time.NewTicker(bansEvery)
		defer look.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-look.C:
			}
			var to []wire.ID
			var err error
			if to, seen, err = s.store.SecuritySince(ctx, seen); err != nil && ctx.Err() == nil {
				s.config.Log.Error("it could not be seen whether there are new security notices; it is tried again", "why", err)
			}
			for _, id := range to {
				if err := s.tell(ctx, id, store.Notice{Kind: "security"}); err != nil {
					s.config.Log.Error("a device was not told of a security notice; it sees it when it connects", "why", err)
				}
			}
		}
	})
	return nil
}

func (s *Service) securityRoutes(open, in func(pattern string, a answer)) {
	open("GET /v1/security-keys", (*request).securityKeys)
	open("GET /v1/security-texts", (*request).securityTexts)
	open("GET /v1/security-texts/{sha256}", (*request).securityText)
	in("GET /v1/security-notices", (*request).securityNotices)
	in("POST /v1/security-notices/{code}/read", (*request).readSecurity)
	in("POST /v1/security-notices/{code}/answers", (*request).answerSecurity)
}

func (r *request) securityKeys() (any, error) {
	keys, err := r.s.approverKeys(r.Context())
	return map[string]any{"keys": keys}, err
}

// securityTexts lists every wording that was ever sent, for anybody.
func (r *request) securityTexts() (any, error) {
	type line struct {
		SHA256    string   `json:"sha256"`
		Issuer    string   `json:"issuer"`
		Issued    string   `json:"issued"`
		Languages []string `json:"languages"`
		Since     int64    `json:"since"`
	}
	all, err := r.s.store.SecurityTexts(r.Context())
	out := []line{}
	for _, t := range all {
		out = append(out, line{hex.EncodeToString(t.SHA256[:]), t.Notice.Issuer, t.Notice.Issued, slices.Sorted(maps.Keys(t.Notice.Wordings)), t.Since.UnixMilli()})
	}
	return map[string]any{"texts": out}, err
}

func (r *request) securityText() (any, error) {
	t, err := r.s.store.SecurityText(r.Context(), r.PathValue("sha256"))
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNoSuch
	}
	return struct {
		Issuer   string                    `json:"issuer"`
		Issued   string                    `json:"issued"`
		Wordings map[string]notice.Wording `json:"wordings"`
		Signed   string                    `json:"signed"`
	}{t.Notice.Issuer, t.Notice.Issued, t.Notice.Wordings, t.Notice.Signed}, err
}

// securityNotices lists what this person was told.
func (r *request) securityNotices() (any, error) {
	type line struct {
		ID        string          `json:"id"`
		Code      string          `json:"code"`
		Text      string          `json:"text"` // hash
		Delivered int64           `json:"delivered"`
		Read      int64           `json:"read"`
		Answers   map[string]bool `json:"answers"` // as they stand
	}
	all, err := r.s.store.SecurityNotices(r.Context(), r.account.ID)
	out := []line{}
	for _, n := range all {
		l := line{n.ID, n.Code, hex.EncodeToString(n.SHA256[:]), n.Delivered.UnixMilli(), 0, map[string]bool{}}
		if !n.Read.IsZero() {
			l.Read = n.Read.UnixMilli()
		}
		for _, a := range n.Answers {
			l.Answers[a.What] = a.Yes
		}
		out = append(out, l)
	}
	return map[string]any{"notices": out}, err
}

func (r *request) readSecurity() (any, error) {
	err := r.s.store.ReadSecurity(r.Context(), r.account.ID, r.PathValue("code"))
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNoSuch
	}
	return nil, err
}

// answerSecurity takes a consent that is given or withdrawn.
func (r *request) answerSecurity() (any, error) {
	var in struct {
		What string `json:"what"`
		Yes  bool   `json:"yes"`
	}
	if err := r.body(&in); err != nil {
		return nil, err
	}
	if !slices.Contains(store.Answers, in.What) {
		return nil, errMalformed
	}
	err := r.s.store.AnswerSecurity(r.Context(), r.account.ID, r.PathValue("code"), in.What, in.Yes)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, errNoSuch
	case errors.Is(err, store.ErrTooMany):
		return nil, errTooMany
	}
	return nil, err
}
