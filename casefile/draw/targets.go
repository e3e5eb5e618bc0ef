package draw

import "time"

// Target is what is known of one person's phone, under a pseudonym.
type Target struct {
	Name     string
	Attempts []Point   // against this person
	Traces   []Point   // on the phone
	Records  []Span    // times of which the phone has records: outside nothing is known
	Examined time.Time // zero: not examined
}

// Targets are the attempts against each person above the traces on the phone.
type Targets struct {
	Head
	From, Until time.Time
	People      []Target
	Marks       []Mark
}

// timeline has two lanes for each person.
func (t Targets) timeline() Timeline {
	l := Timeline{Head: t.Head, From: t.From, Until: t.Until, Marks: t.Marks}
	for _, one := range t.People {
		phone := Lane{Name: one.Name, Role: "on the phone", Points: one.Traces, Spans: one.Records}
		if one.Examined.IsZero() {
			phone.Role = "phone not examined"
		} else {
			phone.Points = append(phone.Points[:len(phone.Points):len(phone.Points)], Point{At: one.Examined, Says: t.say("examined")})
		}
		l.Lanes = append(l.Lanes, Lane{Name: one.Name, Role: "attempts", Points: one.Attempts}, phone)
	}
	return l
}

// SVG implements Drawing.
func (t Targets) SVG(id string) []byte { return t.timeline().SVG(id) }

// Table implements Drawing.
func (t Targets) Table() []byte { return t.timeline().Table() }
