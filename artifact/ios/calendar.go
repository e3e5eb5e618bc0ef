package ios

import (
	"strings"

	"github.com/ringfence/ringfence/acquisition"
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
			{"organizer", "mail address of who invited"}, {"participant", "mail addresses of who was invited"}, {"url", "the event's own link"},
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
	people := map[int64]*invited{}
	mails := map[int64]string{}
	for row := range db.Table("Identity").Rows("address") {
		mails[row.ID] = strings.TrimPrefix(row.Text(0), "mailto:")
	}
	for row := range db.Table("Participant").Rows("owner_id", "email", "is_self", "role", "identity_id", "entity_type") {
		p := people[row.Int(0)]
		if p == nil {
			p = &invited{}
			people[row.Int(0)] = p
		}
		mail := row.Text(1)
		if mail == "" {
			mail = mails[row.Int(4)]
		}
		const organizer = 8 // entity_type of who invited
		switch {
		case mail == "":
		case row.Int(5) == organizer:
			p.organizer = append(p.organizer, mail)
		default:
			p.participants = append(p.participants, mail)
		}
	}
	for row := range db.Table("CalendarItem").Rows("summary", "description", "start_date", "end_date", "creation_date", "url", "location_id", "organizer_id") {
		created := macTime(row.Float(4))
		r := to.Row("CalendarItem", row, artifact.Received, created)
		r.Set("summary", row.Text(0))
		r.Set("description", row.Text(1))
		r.Set("start", macTime(row.Float(2)))
		r.Set("end", macTime(row.Float(3)))
		r.Set("created", created)
		r.Set("url", row.Text(5))
		if p := people[row.ID]; p != nil {
			r.Set("organizer", strings.Join(p.organizer, " "))
			r.Set("participant", strings.Join(p.participants, " "))
			for _, mail := range append(p.organizer, p.participants...) {
				r.Observe(indicator.Email, mail)
			}
		}
		r.Links(row.Text(0))
		r.Links(row.Text(1))
		r.Links(row.Text(5))
		to.Emit()
	}
	return nil
}
