package edition

import (
	"context"
	_ "embed"
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/document"
	"github.com/ringfence/ringfence/casefile/fact"
	"github.com/ringfence/ringfence/verify"
)

// documents writes what a person reads: how to verify, and the case file itself.
func (x *export) documents(ctx context.Context) error {
	x.say("the case file")
	source, err := x.source(ctx)
	if err != nil {
		return err
	}
	files, err := document.Render(source)
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := x.bag.add("data/"+f.Path, f.Bytes); err != nil {
			return err
		}
		if f.Path == caseFile {
			if err := x.print(ctx, f.Bytes); err != nil {
				return err
			}
		}
	}
	return x.bag.add("data/README.md", []byte(x.readme()))
}

const caseFile = "case-file.html"

// print adds the case file as PDF, if there is a browser that prints.
func (x *export) print(ctx context.Context, html []byte) error {
	x.say("the case file as PDF")
	pdf, err := document.PDF(ctx, html)
	if errors.Is(err, document.ErrNoChromium) {
		x.result.Pending = append(x.result.Pending, "no PDF: "+err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	return x.bag.add("data/"+strings.TrimSuffix(caseFile, ".html")+".pdf", pdf)
}

// source is what the edition shows of the case, and nothing else.
func (x *export) source(ctx context.Context) (s document.Source, err error) {
	d := x.o.Edition
	s = document.Source{Edition: d.Name, Made: x.o.Now, By: x.h.Name, Tool: x.c.Room().Tool(), SelfTests: selfTests(x.o.Now), Records: map[fact.Kind][]casefile.Record{}}
	if s.Case, err = x.c.Summary(ctx); err != nil {
		return s, err
	}
	state, err := x.c.State(ctx)
	if err != nil {
		return s, err
	}
	s.Ledger = document.Ledger{Origin: x.c.Origin, Root: base64.StdEncoding.EncodeToString(state.Hash[:]), Key: x.c.Room().Key(), Entries: state.N}
	if s.Persons, err = x.c.Room().Persons(ctx); err != nil {
		return s, err
	}
	if !casefile.Court.Within(d.tier) {
		s.Case.Title, s.Case.By, s.By = "", "", ""
		for i, p := range s.Persons {
			s.Persons[i] = casefile.Person{Role: p.Role}
		}
	}
	return s, x.shown(ctx, &s)
}

// shown adds exhibits, records and the extract of the ledger.
func (x *export) shown(ctx context.Context, s *document.Source) error {
	latest := map[string]casefile.Record{}
	proved, err := x.c.Exhibits(ctx, 0, 0)
	if err != nil {
		return err
	}
	err = x.c.Each(ctx, func(e verify.Entry) error {
		one, hidden := x.o.Edition.entry(e, x.tiers)
		s.Entries = append(s.Entries, one)
		for _, field := range hidden {
			s.Withheld = append(s.Withheld, document.Withheld{Entry: e.N, Exhibit: one.Text("exhibit"), Field: field, Why: x.o.Edition.why(e, x.tiers, field)})
		}
		if _, said := one.Open["body"]; said {
			latest[subject(e)] = casefile.RecordOf(one)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, r := range latest {
		s.Records[r.Kind] = append(s.Records[r.Kind], r)
	}
	for _, all := range s.Records {
		slices.SortFunc(all, func(a, b casefile.Record) int { return int(a.Entry - b.Entry) })
	}
	for _, one := range proved {
		if x.o.Edition.exhibit(one) {
			s.Exhibits = append(s.Exhibits, x.exhibit(s, one))
		}
	}
	return nil
}

// exhibit is an exhibit as the edition shows it.
func (x *export) exhibit(s *document.Source, one casefile.Exhibit) casefile.Exhibit {
	shown := casefile.ExhibitOf(s.Entries[one.Entry]) // which has them all
	shown.Proved = one.Proved
	return shown
}

// readme says how a stranger verifies the case file, with nothing of ours.
func (x *export) readme() string {
	return strings.NewReplacer("{bag}", x.bag.root, "{case}", x.c.ID, "{edition}", x.o.Edition.Name, "{origin}", x.c.Origin, "{made}", x.o.Now.UTC().Format("2006-01-02 15:04 MST")).Replace(readmeText)
}

//go:embed readme.txt
var readmeText string
