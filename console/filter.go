package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
)

// query is a filter as it stands in the URL of a page.
type query struct {
	filter  guard.Filter
	Account string // as typed: a name or an id
	before  int64
}

// minute is how a datetime-local input writes a time (HTML, §2.3.5.5).
const minute = "2006-01-02T15:04"

var (
	severities = []guard.Severity{guard.Critical, guard.High, guard.Medium, guard.Low, guard.Info}
	actions    = []guard.Action{guard.Quarantine, guard.Refuse, guard.Drop}
	kinds      = []guard.Kind{guard.Offer, guard.Step, guard.Message, guard.HandIn, guard.Knock, guard.SignIn, guard.Request,
		guard.Allocate, guard.Permission, guard.Packet, guard.Parameters, guard.Settings}
	origins = []guard.Origin{guard.FromPeople, guard.FromRange}

	accountName = regexp.MustCompile(`^[a-z0-9_]{3,20}$`)
)

// parseQuery reads a filter from a URL. What it does not know is an error: a
// filter that is silently wider than what was asked for would mislead.
func parseQuery(v url.Values) (query, error) {
	var q query
	var err error
	for name, values := range v {
		if len(values) != 1 {
			return query{}, fmt.Errorf("%q is given %d times", inert(name), len(values))
		}
		if err = q.set(name, values[0]); err != nil {
			return query{}, err
		}
	}
	if f := q.filter; !f.From.IsZero() && !f.Until.IsZero() && !f.From.Before(f.Until) {
		return query{}, errors.New("the time begins when it ends, or later")
	}
	return q, nil
}

func (q *query) set(name, value string) (err error) {
	if value == "" {
		return nil
	}
	f := &q.filter
	switch name {
	case "rule":
		if _, ok := guard.Lookup(value); !ok {
			return fmt.Errorf("there is no rule %q", inert(value))
		}
		f.Rule = value
	case "severity":
		f.Severity, err = oneOf(severities, name, value)
	case "action":
		f.Action, err = oneOf(actions, name, value)
	case "kind":
		f.Kind, err = oneOf(kinds, name, value)
	case "origin":
		f.Origin, err = oneOf(origins, name, value)
	case "account":
		q.Account = value
		if !accountName.MatchString(value) {
			f.Account, err = wire.ParseID(value)
		}
	case "call":
		f.Call, err = wire.ParseID(value)
	case "from":
		f.From, err = parseMinute(value)
	case "until":
		f.Until, err = parseMinute(value)
	case "before":
		q.before, err = parseNumber(value)
	default:
		return fmt.Errorf("there is no filter %q", inert(name))
	}
	return err
}

func oneOf[T ~string](known []T, name, value string) (T, error) {
	if !slices.Contains(known, T(value)) {
		return "", fmt.Errorf("there is no %s %q", name, inert(value))
	}
	return T(value), nil
}

func parseMinute(s string) (time.Time, error) {
	t, err := time.Parse(minute, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("time %q is not of the form 2026-11-22T18:30", inert(s))
	}
	return t, nil
}

// parseNumber reads the number of a verdict or block: 1 or more, without sign
// or leading zeros, so that a page has one address.
func parseNumber(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 1 || strconv.FormatInt(n, 10) != s {
		return 0, fmt.Errorf("%q is no number of a verdict", inert(s))
	}
	return n, nil
}

// query reads the filter of a request, and turns an account's name into its
// id.
func (d *console) query(ctx context.Context, v url.Values) (query, error) {
	q, err := parseQuery(v)
	if err != nil || q.Account == "" || !q.filter.Account.IsZero() {
		return q, err
	}
	p, err := d.Desk.People.Find(ctx, q.Account)
	if errors.Is(err, guard.ErrNotFound) {
		return q, fmt.Errorf("there is no account with the name %q", q.Account)
	}
	q.filter.Account = p.Account
	return q, err
}

// values writes the filter back into a URL.
func (q query) values() url.Values {
	f, v := q.filter, url.Values{}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("rule", f.Rule)
	set("severity", string(f.Severity))
	set("action", string(f.Action))
	set("kind", string(f.Kind))
	set("origin", string(f.Origin))
	set("account", q.Account)
	if q.Account == "" && !f.Account.IsZero() {
		set("account", f.Account.String())
	}
	if !f.Call.IsZero() {
		set("call", f.Call.String())
	}
	set("from", q.From())
	set("until", q.Until())
	return v
}

// address is the list with this filter from a number on; before 0 is its head.
func (q query) address(path string, before int64) string {
	v := q.values()
	if before > 0 {
		v.Set("before", strconv.FormatInt(before, 10))
	}
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

// The fields of the form.

// Rule is the rule chosen.
func (q query) Rule() string { return q.filter.Rule }

// Severity is the severity chosen.
func (q query) Severity() guard.Severity { return q.filter.Severity }

// Action is the action chosen.
func (q query) Action() guard.Action { return q.filter.Action }

// Kind is the kind of event chosen.
func (q query) Kind() guard.Kind { return q.filter.Kind }

// Origin is the origin chosen.
func (q query) Origin() guard.Origin { return q.filter.Origin }

// Call is the call chosen, or "".
func (q query) Call() string {
	if q.filter.Call.IsZero() {
		return ""
	}
	return q.filter.Call.String()
}

// From is the beginning chosen, as the input writes it.
func (q query) From() string { return formatMinute(q.filter.From) }

// Until is the end chosen, as the input writes it.
func (q query) Until() string { return formatMinute(q.filter.Until) }

// Narrow tells whether anything is filtered.
func (q query) Narrow() bool { return q.filter != guard.Filter{} }

// More tells whether one of the fields that the form folds away is filled.
func (q query) More() bool {
	f := q.filter
	return f.Kind != "" || f.Action != "" || !f.From.IsZero() || !f.Until.IsZero() || !f.Call.IsZero()
}

func formatMinute(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(minute)
}

// wrongQuery answers a filter that does not exist.
func (d *console) wrongQuery(w http.ResponseWriter, r *http.Request, err error) {
	d.problem(w, r, http.StatusBadRequest, "These verdicts cannot be looked up: "+err.Error()+".", "Go back and change the filter.")
}
