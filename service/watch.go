package service

import (
	"context"

	"github.com/ringfence/ringfence/store"
)

// Watch looks at calls as they come: the hunt. Its methods must not block.
type Watch interface {
	// Saw takes the record of an attempt that has been kept, or was made by the
	// test range.
	Saw(r store.Record)
	// Held tells whether an attempt belongs to a campaign whose calls are held
	// back, and to which. Of the record all is known but how the call goes on.
	Held(r store.Record) (campaign string, held bool)
}

// keep keeps a record, and shows it to who watches. What the test range does is
// not kept: it must not count among what people do.
func (s *Service) keep(ctx context.Context, r store.Record) error {
	if r.Run == "" {
		if err := s.store.AddRecord(ctx, r); err != nil {
			return err
		}
	}
	if s.config.Watch != nil {
		s.config.Watch.Saw(r)
	}
	return nil
}

// campaignOf names the campaign that a call belongs to, when the calls of that
// campaign are held back.
func (s *Service) campaignOf(c store.Call) string {
	if s.config.Watch == nil {
		return ""
	}
	if id, held := s.config.Watch.Held(s.record(c, "blocked")); held {
		return id
	}
	return ""
}
