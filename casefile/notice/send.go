package notice

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/mod/sumdb/note"

	wire "github.com/ringfence/ringfence/wire/notice"
)

// Courier brings notices to accounts. Bringing the same notice twice is one.
type Courier interface {
	// Deliver gives the notice to the account of a pseudonym.
	Deliver(ctx context.Context, pseudonym string, n wire.Notice) error
}

// Dispatch hands over the notices of those who were sent to and do not have them
// yet, and returns the steps that say who has them now: at most MaxBatch targets
// each, without By and At. When a delivery does not succeed the others go on, and
// Dispatch again tries it again. It is called after the send-batch step stands in
// the ledger, and again after a crash.
func Dispatch(ctx context.Context, p *Plan, r *Roster, to Courier) (steps []Step, undelivered int, err error) {
	if err := r.Check(); err != nil {
		return nil, 0, err
	}
	if r.Plan != p.ID {
		return nil, 0, fmt.Errorf("notice: the list is for plan %s, this is %s", r.Plan, p.ID)
	}
	if err := p.Ready(); err != nil {
		return nil, 0, err
	}
	known := make(map[string]Target, len(r.Targets))
	for _, t := range r.Targets {
		known[r.Commitment(t)] = t
	}
	var done []string
	for _, c := range p.Undelivered() {
		t, ok := known[c]
		if !ok || ctx.Err() != nil || p.mayEnter(batchOf(r, p.Text.Facts, []*Target{&t}).Countries, p.now) != nil {
			undelivered++
			continue
		}
		n, err := p.Notice(t.Code)
		if err != nil {
			return nil, 0, err
		}
		if to.Deliver(ctx, t.Pseudonym, n) != nil { // the error may name an account, so it goes no further
			undelivered++
			continue
		}
		done = append(done, c)
	}
	for some := range slices.Chunk(done, MaxBatch) {
		steps = append(steps, Step{Kind: Delivered, Plan: p.ID, Targets: some})
	}
	return steps, undelivered, ctx.Err()
}

// SignedText is what an approver signs and devices verify.
func (p *Plan) SignedText() (string, error) {
	return wire.Notice{Issuer: p.Text.Facts.Issuer, Issued: p.Text.Issued, Wordings: p.Text.Wordings}.Text()
}

// Sign makes the step by which a person approves the notice; By and At are left
// to fill in.
func (p *Plan) Sign(as note.Signer) (Step, error) {
	text, err := p.SignedText()
	if err != nil {
		return Step{}, err
	}
	signed, err := note.Sign(&note.Note{Text: text}, as)
	return Step{Kind: Approve, Plan: p.ID, Signed: string(signed)}, err
}

// Notice is what the person with this code is sent, with the signatures of those
// who approved it. It refuses while the plan is not ready.
func (p *Plan) Notice(code string) (wire.Notice, error) {
	if err := p.Ready(); err != nil {
		return wire.Notice{}, err
	}
	text, err := p.SignedText()
	if err != nil {
		return wire.Notice{}, err
	}
	signed := text + "\n" // https://c2sp.org/signed-note: text, empty line, a line for each signature
	for _, a := range p.inForce(p.approvals, p.now) {
		signed += "— " + a.Sig.Name + " " + a.Sig.Base64 + "\n"
	}
	n := wire.Notice{ID: p.ID, Code: code, Issuer: p.Text.Facts.Issuer, Issued: p.Text.Issued, Wordings: maps.Clone(p.Text.Wordings), Signed: signed}
	return n, n.Check()
}

// Page is the person's page in a language that was reviewed.
func (p *Plan) Page(tag, code string) (Page, error) {
	if err := p.reviewed(tag); err != nil {
		return Page{}, err
	}
	return NewPage(p.Text.Facts, tag, code)
}

// Carry is the text that a partner hands over, in a language that was reviewed.
func (p *Plan) Carry(tag, code string) (string, error) {
	if err := p.reviewed(tag); err != nil {
		return "", err
	}
	return Carry(p.Text.Facts, tag, code)
}

func (p *Plan) reviewed(tag string) error {
	if _, ok := p.reviews[tag]; !ok {
		return refuse("no fluent reviewer has approved the text in %.20q", tag)
	}
	if tongues()[tag].version != p.Text.Versions[tag] {
		return refuse("the texts in %s are of another version than the reviewer has approved", tag)
	}
	return nil
}
