package jingle

import (
	"slices"
	"strings"
	"time"
)

const nsServices = "urn:xmpp:extdisco:2" // XEP-0215

const maxServices = 32

// Services is a list of servers that help with a call, or the question for
// one, XEP-0215 §3.
type Services struct {
	Credentials bool   // for credentials of a service that is known, XEP-0215 §3.3
	Type        string // of all that are asked for; "" stands for any
	List        []Service
}

// Service is one server, XEP-0215 §2.
type Service struct {
	Action     string    // add, delete, modify, remove; "" stands for add
	Expires    time.Time // of the credentials; zero where they do not
	Host       string
	Name       string
	Password   string
	Port       uint16 // 0 where it is absent
	Restricted bool
	Transport  string // tcp, udp, or ""
	Type       string // stun, stuns, turn, turns
	Username   string
}

var (
	// serviceActions has remove, which is in the text of XEP-0215 §2, and
	// delete, which is in its schema.
	serviceActions = []string{"add", "delete", "modify", "remove"}
	// serviceTypes are what a call has use for. Deviates from XEP-0215 §8.3,
	// which takes any registered one: what is of another type is dropped.
	serviceTypes = []string{"stun", "stuns", "turn", "turns"}
	serviceParts = children[Services]{}
)

func init() {
	specifications[nsServices] = "XEP-0215"
	iqPayloads[name{nsServices, "services"}] = readServices
	iqPayloads[name{nsServices, "credentials"}] = readServices
	serviceParts[name{nsServices, "service"}] = readService
}

func readServices(r *reader, e *element, s *Stanza) {
	f, v := r.fields(e), &Services{Credentials: e.local == "credentials"}
	if !v.Credentials {
		v.Type = among(f, "type", serviceTypes)
	}
	f.end()
	walk(r, e, v, serviceParts)
	s.Services = v
}

func readService(r *reader, e *element, v *Services) {
	r.full(e, len(v.List), maxServices)
	f := r.fields(e)
	f.must("host", "type")
	if a, ok := f.find("type"); ok && !slices.Contains(serviceTypes, a.value) {
		r.dropElement(e)
		return
	}
	p, _ := f.number("port", port)
	v.List = append(v.List, Service{
		Action:     enum(f, "action", serviceActions),
		Expires:    f.instant("expires"),
		Host:       f.text("host", host),
		Name:       f.text("name", sentence),
		Password:   f.text("password", credential),
		Port:       uint16(p),
		Restricted: f.flag("restricted", false),
		Transport:  among(f, "transport", protocols),
		Type:       among(f, "type", serviceTypes),
		Username:   f.text("username", credential),
	})
	f.end()
	walk[struct{}](r, e, nil, nil)
}

// instantForm is XEP-0082 §3.2 in UTC. What is below a second is dropped.
const instantForm = "2006-01-02T15:04:05Z"

// instant reads a point in time, XEP-0082 §3.2.
func (f *fields) instant(local string) time.Time {
	a, ok := f.find(local)
	if !ok {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, a.value)
	// XEP-0215 §2 has UTC only. Parse takes hours of one digit; we do not.
	if err != nil || !strings.HasSuffix(a.value, "Z") || !strings.HasPrefix(a.value, strings.TrimSuffix(t.Format(instantForm), "Z")) {
		f.r.stop(refuse("R7", a.at, a.end-a.at, "XEP-0082 §3.2", "not a time in UTC"))
		return time.Time{}
	}
	return t.Truncate(time.Second)
}

func (v *Services) write(w *writer) {
	local := "services"
	if v.Credentials {
		local = "credentials"
	}
	w.start(nsServices, local)
	w.attribute("type", v.Type)
	for _, s := range v.List {
		s.write(w)
	}
	w.end()
}

func (s Service) write(w *writer) {
	w.start(nsServices, "service")
	w.attribute("action", s.Action)
	if !s.Expires.IsZero() {
		w.attribute("expires", s.Expires.Format(instantForm))
	}
	w.attribute("host", s.Host)
	w.attribute("name", s.Name)
	w.attribute("password", s.Password)
	w.number("port", uint64(s.Port))
	if s.Restricted {
		w.attribute("restricted", "true")
	}
	w.attribute("transport", s.Transport)
	w.attribute("type", s.Type)
	w.attribute("username", s.Username)
	w.end()
}
