package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/attribution"
	"github.com/ringfence/ringfence/casefile/judging"
)

type caseAttributeCommand struct {
	casePlace
	actsAs
	Case    string `arg:"" help:"The case, like K-2026-0001."`
	Edit    bool   `help:"Write it in your editor ($EDITOR): the claims, the evidence, the matrix."`
	File    string `placeholder:"FILE" help:"With --edit: take it from FILE, or - for standard input, instead of an editor."`
	Form    bool   `help:"Print what --edit begins with, as JSON."`
	Review  string `placeholder:"OPINION" enum:"strongly-disagree,disagree,neutral,agree,strongly-agree," default:"" help:"Review exactly the version that stands: strongly-disagree, disagree, neutral, agree, strongly-agree. Not by who wrote it."`
	Text    string `help:"With --review: why."`
	Of      string `placeholder:"HASH" help:"With --review: the version that you have read, as it is printed; another one is not reviewed."`
	History bool   `help:"Show every version, who wrote it, and what changed."`
}

// Run shows what is judged, or changes it.
func (c *caseAttributeCommand) Run(e *env) error {
	if n := count(c.Edit, c.Form, c.Review != "", c.History); n > 1 {
		return &failure{code: "usage", what: "case attribute", hint: "give one of --edit, --form, --review, --history", exit: exitUsage}
	}
	return c.with(e, c.Case, &c.actsAs, func(k *casefile.Case, h *casefile.Hand) error {
		d := &judging.Desk{Case: k, Hand: h, Now: e.now}
		err := c.do(e, d, k)
		var f *failure
		if err != nil && !errors.As(err, &f) {
			return &failure{code: "attribution", what: "case attribute " + c.Case, why: err, hint: "docs/attribution.md has the fields and the rules"}
		}
		return err
	})
}

func count(all ...bool) (n int) {
	for _, one := range all {
		if one {
			n++
		}
	}
	return n
}

func (c *caseAttributeCommand) do(e *env, d *judging.Desk, k *casefile.Case) error {
	v, err := d.Newest(e.ctx)
	hash := ""
	switch {
	case errors.Is(err, judging.ErrNone):
		v.Judgement = d.Start(k.ID)
		v.Result = v.Judgement.Judge(attribution.Provenance{})
	case err != nil:
		return err
	default:
		hash = v.Judgement.Hash()
	}
	switch {
	case c.Form:
		return form(e.stdout, v.Judgement)
	case c.History:
		return c.history(e, d)
	case c.Review != "" && !strings.HasPrefix(hash, c.Of):
		return errors.New("the version that stands is " + hash[:min(16, len(hash))] + ", and not the one that you have read; look at it again")
	case c.Review != "":
		if v, err = d.Review(e.ctx, hash, c.Review, c.Text); err != nil {
			return err
		}
	case c.Edit:
		if v, err = c.edit(e, d, v.Judgement, hash); err != nil {
			return err
		}
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "judgement": v.Judgement, "result": v.Result})
	}
	showJudgement(e.stdout, v)
	return nil
}

// form writes what a person edits: all but the reviews, which are signed acts of
// their own.
func form(w io.Writer, j attribution.Judgement) error {
	j.Reviews = nil
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(j)
}

// edit lets a person write the judgement. What does not read is given back, with what
// is wrong, until it does or nothing was changed.
func (c *caseAttributeCommand) edit(e *env, d *judging.Desk, was attribution.Judgement, hash string) (judging.Version, error) {
	if c.File != "" {
		b, err := readGiven(c.File, attribution.MaxJudgement)
		if err != nil {
			return judging.Version{}, err
		}
		j, err := attribution.Read(b)
		if err != nil {
			return judging.Version{}, err
		}
		return d.Save(e.ctx, j, hash)
	}
	editor := os.Getenv("EDITOR")
	if editor == "" {
		return judging.Version{}, &failure{code: "usage", what: "case attribute --edit", why: errors.New("no editor is named"), hint: "set EDITOR, or print the form with --form and give it back with --edit --file", exit: exitUsage}
	}
	folder, err := os.MkdirTemp("", "ringfence-judgement-")
	if err != nil {
		return judging.Version{}, err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "judgement.json")
	var text bytes.Buffer
	if err := errors.Join(form(&text, was), os.WriteFile(path, text.Bytes(), 0o600)); err != nil {
		return judging.Version{}, err
	}
	for before := text.Bytes(); ; {
		b, err := editedWith(e, editor, path)
		if err != nil {
			return judging.Version{}, err
		}
		if bytes.Equal(b, before) {
			return judging.Version{}, errors.New("nothing was changed")
		}
		j, err := attribution.Read(b)
		if err == nil {
			return d.Save(e.ctx, j, hash)
		}
		fmt.Fprintf(e.stderr, "this cannot be taken: %v\nthe editor opens again; leave the text as it is to give up\n", err)
		before = b
	}
}

func editedWith(e *env, editor, path string) ([]byte, error) {
	words := strings.Fields(editor)
	run := exec.CommandContext(e.ctx, words[0], append(words[1:], path)...)
	run.Stdin, run.Stdout, run.Stderr = os.Stdin, e.stderr, e.stderr
	if err := run.Run(); err != nil {
		return nil, fmt.Errorf("the editor %q: %w", editor, err)
	}
	return readBounded(path, attribution.MaxJudgement)
}

func (c *caseAttributeCommand) history(e *env, d *judging.Desk) error {
	all, err := d.Versions(e.ctx)
	if err != nil {
		return err
	}
	var was attribution.Judgement
	type line struct {
		Entry   int64     `json:"entry"`
		By      string    `json:"by"`
		At      time.Time `json:"at"`
		Hash    string    `json:"hash"`
		Changes []string  `json:"changes"`
	}
	lines := []line{}
	for i, v := range all {
		changes := attribution.Diff(was, v.Judgement)
		if i == 0 {
			changes = []string{"the first version"}
		}
		lines = append(lines, line{v.Entry, v.By, v.At, v.Judgement.Hash(), changes})
		was = v.Judgement
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "history": lines})
	}
	for _, l := range lines {
		fmt.Fprintf(e.stdout, "entry %d  %s  %s  %s\n", l.Entry, l.At.UTC().Format(time.DateTime), l.By, l.Hash[:16])
		for _, change := range l.Changes {
			fmt.Fprintf(e.stdout, "  %s\n", change)
		}
	}
	return nil
}

// showJudgement prints the ladder, and below each rung its matrix.
func showJudgement(w io.Writer, v judging.Version) {
	fmt.Fprintf(w, "%s\n%s\nversion %s\n", v.Judgement.Question, v.Result.Short(), v.Judgement.Hash()[:16])
	for i, s := range v.Judgement.Say(v.Result) {
		fmt.Fprintf(w, "\n%d  %s\n   %s\n", i+1, strings.ToUpper(s.Rung), s.Judged)
		if s.Sure != "" {
			fmt.Fprintf(w, "   %s\n", s.Sure)
		}
		for _, list := range []struct {
			what string
			all  []string
		}{{"because", s.Because}, {"for", s.For}, {"against", s.Against}, {"rivals", s.Rivals}, {"looked for, not found", s.Gaps}, {"assumed", s.Assumes}, {"would change it", s.Change}, {"dissent", s.Dissent}} {
			for _, one := range list.all {
				fmt.Fprintf(w, "     %s: %s\n", list.what, one)
			}
		}
		if s.Hangs != "" {
			fmt.Fprintf(w, "   %s\n", s.Hangs)
		}
		showMatrix(w, v.Judgement.Rungs[i], v.Result.Rungs[i])
	}
	for _, r := range v.Judgement.Reviews {
		fmt.Fprintf(w, "\nreviewed by %s, %s: %s %s\n", r.By, r.At, strings.ReplaceAll(r.Opinion, "-", " "), r.Text)
	}
}

func showMatrix(w io.Writer, r attribution.Rung, f attribution.Finding) {
	if len(r.Cells) == 0 {
		return
	}
	mark := map[string]string{}
	for _, c := range r.Cells {
		mark[c.Evidence+c.Hypothesis] = c.Mark
	}
	fmt.Fprintf(w, "\n     %-8s %-7s", "evidence", "family")
	for _, h := range r.Hypotheses {
		fmt.Fprintf(w, " %-5s", h.ID)
	}
	fmt.Fprintln(w)
	for _, row := range f.Rows {
		fmt.Fprintf(w, "     %-8s %-7d", row.Evidence, row.Family)
		for _, h := range r.Hypotheses {
			fmt.Fprintf(w, " %-5s", mark[row.Evidence+h.ID])
		}
		if !row.Counts {
			fmt.Fprintf(w, " struck: %s", row.Why)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "     %-16s", "spoken against")
	weight := map[string]int{}
	for _, one := range f.Ranking {
		weight[one.Hypothesis] = one.Weight
	}
	for _, h := range r.Hypotheses {
		fmt.Fprintf(w, " %-5d", weight[h.ID])
	}
	fmt.Fprintln(w)
}
