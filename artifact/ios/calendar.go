package ios

import (
	"strings"
	"time"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/acquisition/sqlite"
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.calendar",
		Title: "Calendar: events, invitations and who sent them",
		Kinds: []acquisition.Kind{acquisition.IOSBackup, acquisition.IOSFileSystem},
		Paths: []string{"/private/var/mobile/Library/Calendar/Calendar.sqlitedb"},
		Refs: []string{"https://citizenlab.ca/2023/04/spyware-vendor-quadream-exploits-victims-customers/",
			"https://docs.mvt.re/en/latest/ios/records/"},
		Fields: [][2]string{
			{"summary", "the event's title"}, {"description", "its notes"}, {"location", "where"},
			{"start", "when it begins"}, {"end", "when it ends"}, {"created", "when it was entered"},
			{"organizer", "mail address of who invited"}, {"participant", "mail addresses of who was invited"}, {"url", "the event's own link"}, {"conference", "the link of its video call"},
		},
		Parse: parseCalendar,
	})
}

// invited are the people of an event.
type invited struct{ organizer, participants []string }

func parseCalendar(src *artifact.Source, to *artifact.Sink) error {
	db, err := src.SQLite()
	if err != nil {
		return err
	}
	people, places := invitations(db, to), locations(db)
	for row := range db.Table("CalendarItem").Rows("summary", "description", "start_date", "end_date", "creation_date", "url", "location_id", "conference_url") {
		created := macTime(row.Float(4))
		p, act := people[row.ID], artifact.Named
		if p != nil && len(p.organizer) > 0 {
			act = artifact.Received
		}
		r := to.Row("CalendarItem", row, act, created)
		r.Set("summary", row.Text(0))
		r.Set("description", row.Text(1))
		r.Set("start", macTime(row.Float(2)))
		r.Set("end", macTime(row.Float(3)))
		r.Set("created", created)
		r.Set("location", places[row.Int(6)])
		r.Set("url", row.Text(5))
		r.Set("conference", row.Text(7))
		if p != nil {
			r.Set("organizer", strings.Join(p.organizer, " "))
			r.Set("participant", strings.Join(p.participants, " "))
			for _, mail := range append(p.organizer, p.participants...) {
				r.Observe(indicator.Email, mail)
			}
		}
		r.Links(row.Text(0))
		r.Links(row.Text(1))
		r.Links(places[row.Int(6)])
		r.Links(row.Text(5))
		r.Links(row.Text(7))
		to.Emit()
	}
	return nil
}

// invitations are the people of each event.
//
// A deleted invitation may have been to an event whose row is another's by now,
// so it is given by itself.
func invitations(db *sqlite.DB, to *artifact.Sink) map[int64]*invited {
	people := map[int64]*invited{}
	mails := map[int64]string{}
	for row := range db.Table("Identity").Rows("address") {
		mail := strings.TrimPrefix(row.Text(0), "mailto:")
		if row.Recovered == "" {
			mails[row.ID] = mail
		} else {
			lostInvitation("Identity", row, to, "participant", mail)
		}
	}
	for row := range db.Table("Participant").Rows("owner_id", "email", "is_self", "role", "identity_id", "entity_type") {
		const organizer = 8 // entity_type of who invited
		role := "participant"
		if row.Int(5) == organizer {
			role = "organizer"
		}
		if row.Recovered != "" {
			lostInvitation("Participant", row, to, role, row.Text(1))
			continue
		}
		p := people[row.Int(0)]
		if p == nil {
			p = &invited{}
			people[row.Int(0)] = p
		}
		mail := row.Text(1)
		if mail == "" {
			mail = mails[row.Int(4)]
		}
		switch {
		case mail == "":
		case role == "organizer":
			p.organizer = append(p.organizer, mail)
		default:
			p.participants = append(p.participants, mail)
		}
	}
	return people
}

// lostInvitation gives a deleted row that names who invited or was invited.
func lostInvitation(table string, row *sqlite.Row, to *artifact.Sink, role, mail string) {
	if mail == "" {
		return
	}
	r := to.Row(table, row, artifact.Named, time.Time{})
	r.Set(role, mail)
	r.Observe(indicator.Email, mail)
	to.Emit()
}

// locations are the places that events are at.
func locations(db *sqlite.DB) map[int64]string {
	places := map[int64]string{}
	for row := range db.Table("Location").Rows("title", "address") {
		if row.Recovered == "" {
			places[row.ID] = strings.TrimSpace(row.Text(0) + " " + row.Text(1))
		}
	}
	return places
}
