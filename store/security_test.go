package store

import (
	"errors"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/notice"
)

// told is a notice as two persons signed it.
func told(t *testing.T, code, body string) notice.Notice {
	t.Helper()
	n := notice.Notice{ID: "N-2026-0001", Code: code, Issuer: "chat.example", Issued: "2026-11-23", Wordings: map[string]notice.Wording{"en": {Title: "A message from chat.example", Body: body}}}
	var known []note.Verifier
	for _, name := range []string{"mara", "noor"} {
		secret, public, err := note.GenerateKey(nil, name)
		check(t, err)
		s, err := note.NewSigner(secret)
		check(t, err)
		v, err := note.NewVerifier(public)
		check(t, err)
		known = append(known, v)
		check(t, n.Sign(s, known))
	}
	return n
}

func TestSecurityNotice(t *testing.T) {
	s, c, folder := open(t)
	ctx := t.Context()
	a, b := account(t, s, "amal"), account(t, s, "bob")
	n := told(t, "4839-2071", "You were called by somebody who meant harm.")
	for range 2 { // the second time changes nothing
		check(t, s.Deliver(ctx, a.ID.String(), n))
	}
	other := told(t, "4839-2071", "Something else.")
	if err := s.Deliver(ctx, a.ID.String(), other); err == nil {
		t.Error("one code stands for two notices")
	}
	same(t, "to nobody", errors.Is(s.Deliver(ctx, wire.ID(random[[16]byte]()).String(), n), ErrNotFound), true)
	c.pass(time.Hour)
	check(t, s.ReadSecurity(ctx, a.ID, n.Code))
	c.pass(time.Hour)
	check(t, s.ReadSecurity(ctx, a.ID, n.Code))
	same(t, "another's notice read", errors.Is(s.ReadSecurity(ctx, b.ID, n.Code), ErrNotFound), true)
	same(t, "another's notice answered", errors.Is(s.AnswerSecurity(ctx, b.ID, n.Code, Counted, true), ErrNotFound), true)
	for _, yes := range []bool{true, true, false, true} {
		check(t, s.AnswerSecurity(ctx, a.ID, n.Code, Examination, yes))
	}
	check(t, s.AnswerSecurity(ctx, a.ID, n.Code, Counted, true))
	check(t, s.AnswerSecurity(ctx, a.ID, n.Code, Counted, false))
	if s.AnswerSecurity(ctx, a.ID, n.Code, "newsletter", true) == nil {
		t.Error("an answer to what nobody asked was kept")
	}
	check(t, s.Close())
	s, err := Open(folder, c.now)
	check(t, err)
	t.Cleanup(func() { check(t, s.Close()) })
	all, err := s.SecurityNotices(ctx, a.ID)
	check(t, err)
	same(t, "how many", len(all), 1)
	one := all[0]
	same(t, "read", one.Read, one.Delivered.Add(time.Hour))
	same(t, "answers", len(one.Answers), 5)
	same(t, "examination", one.Last(Examination), true)
	same(t, "counted", one.Last(Counted), false)
	same(t, "opt out", one.Last(OptOut), false)
	all, err = s.SecurityTold(ctx, one.SHA256)
	check(t, err)
	same(t, "told", len(all) == 1 && all[0].Account == a.ID && len(all[0].Answers) == 5, true)

	texts, err := s.SecurityTexts(ctx)
	check(t, err)
	same(t, "texts", len(texts) == 1 && texts[0].Notice.Code == "" && texts[0].Notice.Wordings["en"] == n.Wordings["en"], true)
	_, err = s.DeleteAccount(ctx, a.ID)
	check(t, err)
	all, err = s.SecurityTold(ctx, one.SHA256)
	check(t, err)
	same(t, "after the account is gone", len(all), 0)
}

// Somebody who runs beside the one who delivers hears of each once.
func TestSecuritySince(t *testing.T) {
	s, _, _ := open(t)
	ctx := t.Context()
	a, b := account(t, s, "amal"), account(t, s, "bob")
	was, err := s.SecurityNewest(ctx)
	check(t, err)
	check(t, s.Deliver(ctx, a.ID.String(), told(t, "1111-1111", "One.")))
	check(t, s.Deliver(ctx, b.ID.String(), told(t, "2222-2222", "Two.")))
	to, now, err := s.SecuritySince(ctx, was)
	check(t, err)
	same(t, "to", slices.Contains(to, a.ID) && slices.Contains(to, b.ID) && len(to) == 2, true)
	to, _, err = s.SecuritySince(ctx, now)
	check(t, err)
	same(t, "again", len(to), 0)
}

func TestSecurityBounds(t *testing.T) {
	s, _, _ := open(t)
	ctx := t.Context()
	a := account(t, s, "amal")
	n := told(t, "0000-0000", "One.")
	codes := []string{}
	for i := range MaxSecurityNotices {
		n.Code = "0000-00" + string(rune('0'+i/10)) + string(rune('0'+i%10))
		codes = append(codes, n.Code)
		check(t, s.Deliver(ctx, a.ID.String(), n))
	}
	n.Code = "9999-9999"
	same(t, "one more", errors.Is(s.Deliver(ctx, a.ID.String(), n), ErrTooMany), true)
	var err error
	for i := 0; err == nil && i < 2*maxSecurityAnswers; i++ {
		err = s.AnswerSecurity(ctx, a.ID, codes[0], Counted, i%2 == 0)
	}
	same(t, "answers without end", errors.Is(err, ErrTooMany), true)
	all, err := s.SecurityNotices(ctx, a.ID)
	check(t, err)
	same(t, "what counts in the end", all[0].Last(Counted), false)
}
