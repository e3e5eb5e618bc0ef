package record

import "github.com/ringfence/ringfence/store"

// Of is a record of the service as a hunt knows it.
func Of(r store.Record) Record {
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	l := Record{
		Time: r.Time.UnixNano(), Call: r.Call.String(), Caller: r.Caller.String(), Callee: r.Callee.String(),
		CallerPrint: text(r.CallerPrint), CallerVersion: text(r.CallerVersion), CallerNetwork: text(r.CallerNetwork), CallerCountry: text(r.CallerCountry), CalleeCountry: text(r.CalleeCountry),
		Outcome: ParseOutcome(r.Outcome), RingMS: r.RingMS, TalkMS: r.TalkMS, CallerAge: NoAge, Rules: r.Rules,
	}
	if r.Contact != nil {
		l.Contact = Stranger
		if *r.Contact {
			l.Contact = Accepted
		}
	}
	if r.CallerAgeDays != nil {
		l.CallerAge = *r.CallerAgeDays
	}
	return l
}
