package ios

import (
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/acquisition/sqlite"
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.contacts",
		Title: "Contacts (AddressBook.sqlitedb)",
		Kinds: inPhone,
		Paths: []string{"/private/var/mobile/Library/AddressBook/AddressBook.sqlitedb"},
		Refs:  []string{"https://docs.mvt.re/en/latest/ios/records/", "https://theapplewiki.com/wiki/Filesystem:/var/mobile/Library/AddressBook"},
		Fields: [][2]string{
			{"name", "the person's name"}, {"organization", "where it works"}, {"note", "what was noted"},
			{"phone", "numbers"}, {"email", "mail addresses"}, {"url", "pages"}, {"other", "values of any other kind"},
			{"created", "when it was entered"}, {"changed", "when it was last changed"},
			{"person", "of values whose person is gone: the row of the person"},
		},
		Parse: parseContacts,
	})
}

// Kinds of values (ABMultiValue.property) of the framework AddressBook.
const (
	contactPhone = 3
	contactEmail = 4
	contactURL   = 22
)

// reach is how a contact can be reached.
type reach struct{ phone, email, url, other []string }

func (c *reach) add(kind int64, value string) {
	switch {
	case value == "":
	case kind == contactPhone:
		c.phone = append(c.phone, value)
	case kind == contactEmail:
		c.email = append(c.email, value)
	case kind == contactURL:
		c.url = append(c.url, value)
	default:
		c.other = append(c.other, value)
	}
}

func (c *reach) set(r *artifact.Record) {
	r.Set("phone", strings.Join(c.phone, " "))
	r.Set("email", strings.Join(c.email, " "))
	r.Set("url", strings.Join(c.url, " "))
	r.Set("other", strings.Join(c.other, " "))
	for _, mail := range c.email {
		r.Observe(indicator.Email, mail)
	}
	for _, text := range append(c.url, c.other...) {
		r.Links(text)
	}
}

func parseContacts(src *artifact.Source, to *artifact.Sink) error {
	db, err := src.SQLite()
	if err != nil {
		return err
	}
	values := map[int64]*reach{}
	for row := range db.Table("ABMultiValue").Rows("record_id", "property", "value") {
		if row.Recovered != "" {
			lostValue(row, to)
			continue
		}
		if values[row.Int(0)] == nil {
			values[row.Int(0)] = &reach{}
		}
		values[row.Int(0)].add(row.Int(1), row.Text(2))
	}
	for row := range db.Table("ABPerson").Rows("First", "Middle", "Last", "Nickname", "Organization", "Note", "CreationDate", "ModificationDate") {
		r := to.Row("ABPerson", row, artifact.Named, macTime(row.Float(6)))
		r.Set("name", strings.Join(strings.Fields(row.Text(0)+" "+row.Text(1)+" "+row.Text(2)+" "+row.Text(3)), " "))
		r.Set("organization", row.Text(4))
		r.Set("note", row.Text(5))
		r.Set("created", macTime(row.Float(6)))
		r.Set("changed", macTime(row.Float(7)))
		r.Links(row.Text(5))
		if c := values[row.ID]; c != nil && row.Recovered == "" {
			c.set(r)
			delete(values, row.ID)
		}
		to.Emit()
	}
	// What is left belongs to people who are gone.
	left := make([]int64, 0, len(values))
	for id := range values {
		left = append(left, id)
	}
	slices.Sort(left)
	for _, id := range left {
		r := to.Record(artifact.Named, time.Time{})
		r.Where.Table = "ABMultiValue"
		r.Set("person", id)
		values[id].set(r)
		to.Emit()
	}
	return nil
}

// lostValue gives a deleted value of a contact.
func lostValue(row *sqlite.Row, to *artifact.Sink) {
	r := to.Row("ABMultiValue", row, artifact.Named, time.Time{})
	r.Set("person", row.Int(0))
	var c reach
	c.add(row.Int(1), row.Text(2))
	c.set(r)
	to.Emit()
}
