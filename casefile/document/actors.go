package document

import (
	"fmt"
	"strings"
)

func (x *bundle) campaignObjects(accounts map[string]string, incident string) {
	class, _, _ := x.shares()
	targets := map[string]string{}
	for _, t := range class {
		targets[t.Name] = x.domain("identity", "targets "+t.Name, x.Case.Opened, object{"name": "Targets: " + x.clean(t.Name), "identity_class": "class", "roles": []string{"target"}})
	}
	for _, c := range x.campaigns {
		f := c.Fact
		id := x.domain("campaign", c.ID, c.At, object{"name": c.ID, "description": x.clean(f.Summary), "first_seen": instant(f.From), "last_seen": instant(later(f.From, f.Until))})
		x.relate(id, "associated-with", incident, c.Record)
		for _, t := range class {
			x.relate(id, "targets", targets[t.Name], c.Record)
		}
		for _, a := range f.Accounts {
			if of := accounts[a]; of != "" {
				x.relate(of, "related-to", id, c.Record)
			}
		}
	}
}

// partyObjects adds who is named. To be named a vendor is not yet to be the one who
// did it: that is said only by a judgement.
func (x *bundle) partyObjects(incident string) {
	for _, p := range x.parties {
		f, role := p.Fact, strings.ToLower(p.Fact.Role)
		o := object{"name": x.clean(f.Name), "description": x.clean(fmt.Sprintf("Named in the case as: %s. %s", f.Role, f.Text))}
		switch {
		case role == "operator of the service":
			continue // the author
		case strings.Contains(role, "vendor"):
			o["threat_actor_types"] = []string{"unknown"}
			x.domain("threat-actor", p.ID, p.At, o)
		case strings.Contains(role, "customer"):
			x.domain("intrusion-set", p.ID, p.At, o)
		default:
			o["identity_class"] = "organization"
			if strings.Contains(role, "class") {
				o["identity_class"] = "class"
			}
			x.domain("identity", p.ID, p.At, o)
		}
	}
}

// targetObjects adds single targets for the court, under names that nobody can make
// who has not the case's key. Those without such a name stay out.
func (x *bundle) targetObjects(incident string) {
	if x.open {
		return
	}
	for _, p := range x.targets {
		if p.Fact.Tag == "" {
			continue
		}
		id := x.domain("identity", "target "+p.Fact.Tag, p.At, object{"name": "Target " + x.clean(p.Fact.Tag), "identity_class": "individual", "roles": []string{"target"}})
		x.relate(incident, "targets", id, p.Record)
	}
}

// traces adds what was found on devices.
func (x *bundle) traces(incident string) error {
	if x.open {
		return nil
	}
	for _, f := range x.findings {
		of, err := x.observable("file", object{"name": x.clean(f.Fact.Where)}, nil)
		if err != nil {
			return err
		}
		when := f.Fact.At
		if when.IsZero() {
			when = f.At
		}
		data := x.domain("observed-data", f.ID, f.At, object{"first_observed": instant(when), "last_observed": instant(when), "number_observed": 1, "object_refs": []string{of}})
		text := f.Fact.What
		for _, more := range []string{f.Fact.Explanation, f.Fact.Indicator} {
			if more != "" {
				text += "\n\n" + more
			}
		}
		x.domain("note", f.ID, f.At, object{"abstract": "Trace on a device, " + x.clean(f.Fact.Severity), "content": x.clean(text), "object_refs": []string{data, incident}})
	}
	return nil
}

// remarks adds what was done after notice.
func (x *bundle) remarks(incident string) {
	for _, c := range x.conduct {
		x.domain("note", c.ID, c.At, object{"abstract": "Conduct after notice", "content": x.clean(fmt.Sprintf("Told on %s. On %s: %s", instant(c.Fact.Notice), instant(c.Fact.At), c.Fact.What)), "object_refs": []string{incident}})
	}
}
