package service

import (
	"context"
	"errors"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/wire"
)

// Listener is a Watch that also wants to know what people found strange.
type Listener interface {
	// Reported takes a person's report of an attempt at that person, by the id
	// that its record has; run is that of the test range, or "". It must not
	// block.
	Reported(run string, reporter, attempt wire.ID)
}

// report keeps that a person found a call, or a knock, strange. In 2019 a target
// complained in March and was not heard.
func (r *request) report() (any, error) {
	var in struct {
		Call  wire.ID `json:"call"`
		Knock wire.ID `json:"knock"`
	}
	if err := r.body(&in); err != nil {
		return nil, err
	}
	if in.Call.IsZero() == in.Knock.IsZero() {
		return nil, r.refused(&wire.Refusal{Rule: "R3", Clause: "docs/protocol.md, HTTP", Reason: "a report names either a call or a knock"}, errMalformed)
	}
	// Each try counts, so that nobody finds out by trying which calls there are.
	r.event.Spends = []guard.Spend{{Name: "reports of an account", Key: r.account.ID.String(), Limit: r.s.guard.Limits().ReportsPerDay, Per: day}}
	if err := r.judge(errNoSuch); err != nil {
		return nil, err
	}
	attempt, err := r.s.keepReport(r.Context(), r.account.ID, in.Call, in.Knock)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNoSuch
	}
	if err != nil {
		return nil, err
	}
	if l, ok := r.s.config.Watch.(Listener); ok {
		l.Reported(r.account.Run, r.account.ID, attempt)
	}
	return nil, nil
}

// keepReport keeps a report of a call, or else of who knocks, and returns the id
// that the record of it has.
func (s *Service) keepReport(ctx context.Context, reporter, call, knock wire.ID) (attempt wire.ID, err error) {
	if knock.IsZero() {
		return call, s.store.ReportCall(ctx, reporter, call)
	}
	return s.store.ReportKnock(ctx, reporter, knock)
}
