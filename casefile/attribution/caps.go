package attribution

import (
	"fmt"
	"slices"
	"strings"
)

// lower brings the confidence of a finding down to a level, and says why.
func (f *Finding) lower(to, why string) {
	if slices.Index(Confidences, f.Confidence) >= slices.Index(Confidences, to) {
		f.Confidence = to
	}
	f.Caps = append(f.Caps, "at most "+to+": "+why)
}

// caps leaves each family out in turn, and holds the confidence down where the
// judgement hangs on little.
func (b *bench) caps(f *Finding) {
	lead := leader(f.Ranking)
	counting := map[int]bool{}
	individual, solid := false, false
	for _, e := range b.j.Evidence {
		if ok, _ := b.counts(e); !ok {
			continue
		}
		counting[b.of[e.ID]] = true
		individual = individual || !e.Class
		solid = solid || e.Forgeable == ""
	}
	flips := false
	for i, one := range b.families {
		if !counting[i] {
			continue
		}
		now := leader(b.ranking(func(e Evidence) bool { return b.of[e.ID] == i }))
		d := Drop{i + 1, strings.Join(one.sources, ", "), now, now != lead}
		if d.Flips {
			flips = true
			f.HangsOn = append(f.HangsOn, d.Source)
		}
		f.Drops = append(f.Drops, d)
	}
	if len(counting) == 0 {
		f.lower("low", "no evidence tells the hypotheses apart")
		return
	}
	if flips {
		f.lower("low", "without "+strings.Join(f.HangsOn, " or without ")+" another hypothesis would lead, or none")
	}
	if len(counting) == 1 {
		f.lower("moderate", "all of it goes back to one source")
	}
	if !individual {
		f.lower("low", "all of it are class characteristics, which many unrelated share")
	} else if now := leader(b.ranking(func(e Evidence) bool { return e.Class })); now != lead {
		f.lower("low", "without class characteristics, which many unrelated share, another hypothesis would lead, or none")
	}
	for _, e := range b.j.Evidence {
		if mark := b.mark(e.ID, b.rung.proposed()); !e.judged() && weight(mark, false) > 0 {
			f.lower("moderate", e.ID+" speaks against it, and is not counted because it is doubted ("+e.Grade+")")
		}
	}
	if !solid {
		f.lower("low", "all of it could have been made up")
	} else if now := leader(b.ranking(func(e Evidence) bool { return e.Forgeable != "" })); now != lead {
		f.lower("low", "without what could have been made up another hypothesis would lead, or none")
	}
}

// rests holds a rung to the one that it rests on.
func (b *bench) rests(f *Finding, done map[string]Finding) {
	name, ok := restsOn[f.Name]
	if !ok {
		return
	}
	below := done[name]
	if !below.Affirmed {
		f.Why = append(f.Why, fmt.Sprintf("it rests on %q, which is not attributed", name))
		return
	}
	if slices.Index(Confidences, f.Confidence) > slices.Index(Confidences, below.Confidence) {
		f.lower(below.Confidence, fmt.Sprintf("it can be no firmer than %q, on which it rests", name))
	}
}

// Families and reviewers that it takes to name a government.
const (
	governmentFamilies  = 2
	governmentReviewers = 2
)

// government asks for two independent families of evidence and two reviewers of
// exactly this version, neither of whom wrote it.
func (b *bench) government(f *Finding, from Provenance) {
	speaking := map[int]bool{}
	for _, e := range b.j.Evidence {
		if ok, _ := b.counts(e); ok && slices.Contains(f.For, e.ID) {
			speaking[b.of[e.ID]] = true
		}
	}
	if len(speaking) < governmentFamilies {
		f.Why = append(f.Why, fmt.Sprintf("%d of %d independent families of evidence speak for it", len(speaking), governmentFamilies))
	}
	if by := b.j.Agreeing(from); len(by) < governmentReviewers {
		f.Why = append(f.Why, fmt.Sprintf("%d of %d reviewers agree to exactly this version", len(by), governmentReviewers))
	}
}

// Agreeing are the persons who may review and agree to exactly this version; whoever
// wrote a part of it, or disagrees in a later word, is not among them.
func (j Judgement) Agreeing(from Provenance) (by []string) {
	hash, last := j.Hash(), map[string]string{}
	for _, r := range j.Reviews {
		if r.Hash == hash {
			last[r.By] = r.Opinion
		}
	}
	for _, who := range from.Who {
		if !slices.Contains(from.Authors, who) && (last[who] == "agree" || last[who] == "strongly-agree") && !slices.Contains(by, who) {
			by = append(by, who)
		}
	}
	slices.Sort(by)
	return by
}
