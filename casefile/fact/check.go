package fact

import (
	"errors"
	"fmt"
)

const (
	lineMost = 1000
	textMost = 64 << 10
)

// Check implements Fact.
func (f Incident) Check() error {
	return errors.Join(span(f.From, f.Until), text("what", f.What, textMost), id("account", KindAccount, f.Account, false),
		id("target", KindPerson, f.Target, false), id("server", KindServer, f.Server, false), notNegative("calls", int64(f.Calls)))
}

// Check implements Fact.
func (f Campaign) Check() error {
	err := errors.Join(span(f.From, f.Until), text("summary", f.Summary, textMost), oneOf("strength", f.Strength, []string{"strong", "moderate", "weak"}),
		notNegative("calls", int64(f.Calls)), notNegative("held_back", int64(f.HeldBack)), notNegative("targets", int64(f.Targets)))
	for class := range f.Classes {
		err = errors.Join(err, oneOf("class", class, Classes))
	}
	for c := range f.Countries {
		err = errors.Join(err, country(c, true))
	}
	for _, a := range f.Accounts {
		err = errors.Join(err, id("account", KindAccount, a, true))
	}
	return err
}

// Check implements Fact.
func (f Finding) Check() error {
	return errors.Join(id("device", KindDevice, f.Device, true), text("severity", f.Severity, lineMost), text("what", f.What, textMost), text("where", f.Where, textMost))
}

// Check implements Fact.
func (f Account) Check() error {
	err := errors.Join(text("role", f.Role, lineMost), notNegative("calls", int64(f.Calls)))
	for _, t := range f.Terms {
		err = errors.Join(err, text("terms", t.Version, lineMost))
	}
	for _, c := range f.Countries {
		err = errors.Join(err, country(c, true))
	}
	return err
}

// Check implements Fact.
func (f Infrastructure) Check() error {
	return errors.Join(oneOf("type", f.Type, []string{"host", "network", "domain", "certificate", "relay"}), text("value", f.Value, lineMost), country(f.Country, false))
}

// Check implements Fact.
func (f Device) Check() error {
	return errors.Join(id("person", KindPerson, f.Person, true), oneOf("verdict", f.Verdict, Verdicts))
}

// Check implements Fact.
func (f Person) Check() error {
	err := errors.Join(oneOf("class", f.Class, Classes), country(f.Country, false), notNegative("attempts", int64(f.Attempts)))
	if f.Class == "civil society" {
		err = errors.Join(err, text("known_by", f.KnownBy, lineMost))
	}
	for what, s := range map[string]string{"examined": f.Examined, "counted": f.Counted} {
		if s != "" {
			err = errors.Join(err, oneOf(what, s, []string{"given", "withdrawn", "refused", "not asked"}))
		}
	}
	return err
}

// Check implements Fact.
func (f Hours) Check() error {
	err := errors.Join(day(f.Day), text("who", f.Who, lineMost), text("task", f.Task, textMost), notNegative("rate", f.Rate))
	if f.Minutes <= 0 || f.Minutes > 24*60 {
		err = errors.Join(err, fmt.Errorf("%d minutes of one day", f.Minutes))
	}
	if f.Rate > 0 && !currencyForm.MatchString(f.Currency) {
		err = errors.Join(err, errors.New("a rate has a currency of three capital letters (ISO 4217)"))
	}
	return err
}

// Check implements Fact.
func (f Cost) Check() error {
	err := errors.Join(day(f.Day), text("what", f.What, textMost), notNegative("amount", f.Amount))
	if !currencyForm.MatchString(f.Currency) {
		err = errors.Join(err, errors.New("a cost has a currency of three capital letters (ISO 4217)"))
	}
	return err
}

// Check implements Fact.
func (f Terms) Check() error {
	err := errors.Join(text("version", f.Version, lineMost), span(f.From, f.Until))
	for _, c := range f.Clauses {
		err = errors.Join(err, text("clause", c, textMost))
	}
	return err
}

// Check implements Fact.
func (f Server) Check() error {
	return errors.Join(text("name", f.Name, lineMost), text("role", f.Role, lineMost), text("city", f.City, lineMost), country(f.Country, true),
		span(f.From, f.Until), text("basis", f.Basis, textMost), notNegative("events", int64(f.Events)))
}

// Check implements Fact.
func (f Conduct) Check() error {
	err := text("what", f.What, textMost)
	if f.Notice.IsZero() || f.At.Before(f.Notice) {
		err = errors.Join(err, errors.New("conduct after notice comes after the notice"))
	}
	return err
}

// Check implements Fact.
func (f Party) Check() error {
	return errors.Join(text("name", f.Name, lineMost), text("role", f.Role, lineMost), text("text", f.Text, textMost))
}

// Check implements Fact.
func (f Paragraph) Check() error {
	return errors.Join(oneOf("section", f.Section, Sections), text("text", f.Text, textMost), notNegative("order", int64(f.Order)))
}

// Check implements Fact.
func (f Deadline) Check() error { return errors.Join(day(f.Day), text("what", f.What, lineMost)) }

func notNegative(what string, n int64) error {
	if n < 0 {
		return fmt.Errorf("%s is %d", what, n)
	}
	return nil
}
