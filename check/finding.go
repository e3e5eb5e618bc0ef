package check

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/heuristic"
	"github.com/ringfence/ringfence/indicator"
)

// indicated is the finding that a record matches an indicator.
func indicated(r *artifact.Record, m *indicator.Match) Finding {
	in := &m.Indicator
	s := &Sign{Type: in.Type.String(), Value: in.Value, Source: in.Source, Malware: in.Malware, How: m.How}
	if m.Observable < len(r.Observables) {
		s.Matched = r.Observables[m.Observable].Value
	}
	f := fromRecord(r)
	f.Kind, f.Indicator = "indicator", s
	meaning := meaningOf(r.Act, in.Type)
	f.Severity = meaning.severity
	f.Title = meaning.title(s)
	f.Explanation = meaning.explanation + outdated(in, r.Time)
	f.Next = meaning.next
	if strings.Contains(m.How, "cut") && f.Severity > artifact.High {
		f.Severity = artifact.High
	}
	f.Shows = shows(&f)
	f.ID = id(f, s.Type, s.Value, s.Source)
	return f
}

// suspected is the finding of a heuristic.
func suspected(h heuristic.Heuristic, from heuristic.Finding) Finding {
	f := Finding{Act: artifact.Present}
	if from.Record != nil {
		f = fromRecord(from.Record)
	}
	f.Kind, f.Heuristic, f.AntiForensic, f.Refs = "heuristic", h.Name, h.AntiForensic, h.Refs
	f.Severity, f.Title, f.Explanation, f.Next, f.Attempt = from.Severity, from.Title, from.Explanation, from.Next, from.Attempt
	if f.Next == "" {
		f.Next = generalNext(f.Severity)
	}
	for _, r := range from.Around {
		f.Around = append(f.Around, beside(r))
	}
	f.Shows = shows(&f)
	f.ID = id(f, h.Name, f.Title, "")
	return f
}

func fromRecord(r *artifact.Record) Finding {
	f := Finding{Artifact: r.Artifact, Act: r.Act, Local: r.Local, Where: r.Where, Recovered: r.Recovered, Record: slices.Clone(r.Fields)}
	if !r.Time.IsZero() {
		at := r.Time.UTC()
		f.Time = &at
	}
	return f
}

// id is the same when the same thing is found again at the same place.
func id(f Finding, parts ...string) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %q %d %d %q", f.Artifact, f.Where.File, f.Where.Table, f.Where.Row, f.Where.Offset, parts)
	return "F-" + hex.EncodeToString(h.Sum(nil)[:6])
}

// outdated says when an indicator was not yet, or no longer, valid at that time.
func outdated(in *indicator.Indicator, at time.Time) string {
	switch {
	case at.IsZero():
		return ""
	case !in.ValidUntil.IsZero() && at.After(in.ValidUntil):
		return " The publisher says that this sign was valid until " + in.ValidUntil.Format(time.DateOnly) + "; this is later, so that somebody else may have used it by then."
	}
	return ""
}
