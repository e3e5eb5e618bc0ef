package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/ringfence/ringfence/hunt/approval"
	"github.com/ringfence/ringfence/hunt/archive"
	"github.com/ringfence/ringfence/hunt/record"
	"github.com/ringfence/ringfence/hunt/sign"
	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/wire"
)

// signFlags are those of a hunt with a sign.
type signFlags struct {
	Rule  string   `placeholder:"CEL" help:"Find the records that fit a rule, like 'outcome == \"missed\" && \"R23\" in rules'."`
	From  []string `sep:"none" placeholder:"SIGN" help:"Find all that is tied to account:X, target:Y, print:Z or network:N; X may be @FILE with one a line. May be given several times."`
	Depth int      `placeholder:"2" help:"With --from: how many times to go from accounts to targets and on to accounts (1 to 8)."`
	Case  string   `placeholder:"K-2026-0001" help:"The case that the query is for; a service's own records want one."`
	As    string   `placeholder:"KEY" help:"Key file of who asks, from hunt key; a service's own records want it."`
}

func (f signFlags) any() bool { return f.Rule != "" || len(f.From) > 0 }

// signQuery is a hunt with a sign on its way.
type signQuery struct {
	signFlags
	command *findCommand
	signs   []sign.Sign
	person  bool
	own     string // the data folder of the service whose records these are, or ""
	id      string // of the query in the log
}

func (q *signQuery) wrong(what string, why error, hint string) error {
	return &failure{code: "usage", what: "hunt: " + what, why: why, hint: hint, exit: exitUsage}
}

// read looks at the flags.
func (q *signQuery) read() error {
	switch {
	case q.Rule != "" && len(q.From) > 0:
		return q.wrong("--rule and --from", nil, "give one of the two at a time")
	case q.Depth < 0 || q.Depth > 8 || q.Depth > 0 && q.Rule != "":
		return q.wrong("--depth "+strconv.Itoa(q.Depth), nil, "give 1 to 8, with --from")
	case q.Case != "" && !caseForm.MatchString(q.Case):
		return q.wrong("--case "+q.Case, nil, "give a case like K-2026-0001")
	case q.command.Report != "" || q.command.Share != "":
		return q.wrong("--report and --share", nil, "they are of a hunt without a sign; leave them out, or --rule and --from")
	}
	if q.Rule != "" {
		c, err := sign.ParseRule(q.Rule)
		if err != nil {
			return q.wrong("--rule", err, "see docs/hunt.md")
		}
		q.person = c.Person()
		return nil
	}
	if q.Depth == 0 {
		q.Depth = 2
	}
	var err error
	if q.signs, err = sign.ParseSigns(q.From); err != nil {
		return q.wrong("--from", err, "see docs/hunt.md")
	}
	if len(q.signs) == 0 {
		return q.wrong("--from", errors.New("the list has no sign"), "see docs/hunt.md")
	}
	slices.SortFunc(q.signs, func(a, b sign.Sign) int { return strings.Compare(a.String(), b.String()) })
	q.signs = slices.Compact(q.signs)
	q.person = slices.ContainsFunc(q.signs, sign.Sign.Person)
	return nil
}

// text says the query as it is approved: all that decides the answer.
func (q *signQuery) text() string {
	var b strings.Builder
	if q.Rule != "" {
		fmt.Fprintf(&b, "rule %s\n", strconv.Quote(q.Rule))
		return b.String()
	}
	for _, s := range q.signs {
		fmt.Fprintf(&b, "from %s\n", strconv.Quote(s.String()))
	}
	fmt.Fprintf(&b, "depth %d\n", q.Depth)
	return b.String()
}

// archived knows the records of the service in the data folder also where its
// archive is another folder.
func (q *signQuery) archived(e *env) error {
	dir := q.command.dir()
	if _, err := os.Stat(filepath.Join(dir, "server.key")); err != nil || q.own != "" {
		return nil
	}
	st, err := openStore(e, dir)
	if err != nil {
		return err
	}
	defer st.Close()
	a, err := st.Archive(e.ctx)
	if err != nil || a.Place == "" {
		return err
	}
	for _, p := range q.command.Paths {
		if rel, err := filepath.Rel(realPath(a.Place), realPath(p)); err == nil && filepath.IsLocal(rel) {
			q.own = dir
		}
	}
	return nil
}

// realPath is a path without links in it.
func realPath(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	return path
}

// serviceOf returns the data folder of the service in which a path lies, or "".
func serviceOf(path string) string {
	for path = realPath(path); ; path = filepath.Dir(path) {
		if _, err := os.Stat(filepath.Join(path, "server.key")); err == nil {
			return path
		}
		if path == filepath.Dir(path) {
			return ""
		}
	}
}

// bySign hunts with a sign. On a service's own records it is in the log before,
// and again before anything is shown.
func (c *findCommand) bySign(e *env, own string) error {
	q := &signQuery{signFlags: c.signFlags, command: c, own: own}
	for _, p := range c.Paths {
		if q.own == "" {
			q.own = serviceOf(p)
		}
	}
	if err := q.read(); err != nil {
		return err
	}
	if err := q.archived(e); err != nil {
		return err
	}
	if q.own == "" {
		return q.answer(e, func(int64) error { return nil })
	}
	if q.Case == "" || q.As == "" {
		return q.wrong("these are a service's own records", nil, "name the case with --case, and who asks with --as KEY (docs/hunt.md)")
	}
	as, err := readSigner(q.As)
	if err != nil {
		return err
	}
	st, err := openStore(e, q.own)
	if err != nil {
		return err
	}
	defer st.Close()
	return q.logged(e, approval.Open(st, e.now), as)
}

func (q *signQuery) logged(e *env, book *approval.Book, as note.Signer) error {
	p, err := book.Ask(e.ctx, approval.Query{Case: q.Case, Text: q.text(), Person: q.person}, as)
	if err != nil {
		return approvalFailure("hunt: the query", err)
	}
	q.id = p.ID
	if err := book.Ready(e.ctx, p.ID); err != nil {
		return approvalFailure(fmt.Sprintf("hunt: query %s starts from a person", p.ID), err)
	}
	key, err := archive.ReadKey(q.own)
	if err != nil && !errors.Is(err, archive.ErrNoKey) {
		return &failure{code: "key", what: "hunt: the key of pseudonyms", why: err}
	}
	if key != nil {
		q.hide(key)
	}
	return q.answer(e, func(results int64) error {
		if err := book.Ran(e.ctx, p.ID, results, as); err != nil {
			return approvalFailure("hunt: nothing is shown that is not in the log", err)
		}
		return nil
	})
}

// hide replaces the ids of accounts by their pseudonyms, which the archive has.
func (q *signQuery) hide(key *archive.Key) {
	for i, s := range q.signs {
		if _, err := wire.ParseID(s.Value); err == nil && s.Person() {
			q.signs[i].Value = key.Account(s.Value)
		}
	}
}

func approvalFailure(what string, err error) error {
	f := &failure{code: "approval", what: what, why: err}
	if errors.Is(err, approval.ErrApproval) {
		f.hint = "two persons approve it with ringfence hunt approve, and it is asked again within a day"
	}
	if errors.Is(err, store.ErrQueries) {
		f.code, f.hint = "log", "see ringfence verify"
	}
	return f
}

// answered is what a hunt with a sign prints.
type answered interface {
	Print(w io.Writer) error
}

// answer looks into the records, has the number of results logged, and prints.
func (q *signQuery) answer(e *env, logged func(results int64) error) error {
	files, err := record.Open(q.command.Paths, record.Options{Now: e.now()})
	if err != nil {
		return &failure{code: "unreadable", what: "hunt: opening the records", why: err, hint: "give files or folders of Parquet, JSON lines or CSV (docs/records.md)"}
	}
	show := newProgress(e.stderr)
	defer show.end()
	phase := ""
	o := sign.Options{
		Depth: q.Depth, Now: e.now, NoIndex: q.own != "", // an index would outlive the records
		Phase:    func(what string) { phase = what },
		Progress: func(read, of int64) { show.show(phase, "", read, of) },
	}
	var result answered
	var results int64
	var unread []string
	var document any
	if q.Rule != "" {
		r, err2 := sign.Rule(e.ctx, files, q.Rule, o)
		result, results, unread, err = r, r.Matches, r.Unread, err2
		document = struct {
			Case  string `json:"case,omitempty"`
			Query string `json:"query,omitempty"`
			sign.RuleResult
		}{q.Case, q.id, r}
	} else {
		r, err2 := sign.Expand(e.ctx, files, files.Paths(), q.signs, o)
		result, results, unread, err = r, tied(r), r.Unread, err2
		document = struct {
			Case  string `json:"case,omitempty"`
			Query string `json:"query,omitempty"`
			sign.Expansion
		}{q.Case, q.id, r}
	}
	if err != nil {
		return &failure{code: "hunt", what: "hunt in " + strings.Join(q.command.Paths, ", "), why: err, hint: "see docs/hunt.md"}
	}
	if err := logged(results); err != nil {
		return err
	}
	if q.command.JSON {
		err = json.NewEncoder(e.stdout).Encode(document)
	} else {
		err = q.print(e.stdout, result)
	}
	switch {
	case err != nil:
		return err
	case results > 0:
		return found(exitFound)
	case len(unread) > 0:
		return found(exitIncomplete)
	}
	return nil
}

func (q *signQuery) print(w io.Writer, result answered) error {
	if q.Case != "" {
		fmt.Fprintf(w, "For case %s", q.Case)
		if q.id != "" {
			fmt.Fprintf(w, ", query %s in the log", q.id)
		}
		fmt.Fprintln(w, ".")
	}
	return result.Print(w)
}

// tied is how much an expansion found besides its signs.
func tied(r sign.Expansion) (n int64) {
	for _, a := range r.Accounts {
		if len(a.Path) > 0 {
			n++
		}
	}
	for _, t := range r.Targets {
		if len(t.Path) > 0 {
			n++
		}
	}
	return n
}
