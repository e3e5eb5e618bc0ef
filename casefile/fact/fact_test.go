package fact

import (
	"encoding/json"
	"testing"
)

func FuzzRead(f *testing.F) {
	for _, s := range []struct{ kind, body string }{
		{"person", `{"class":"civil society","known_by":"said so"}`}, {"hours", `{"day":"2019-05-10","who":"engineer","task":"patch","minutes":90}`},
		{"server", `{"name":"relay-1","role":"relay","city":"Prineville","country":"US","from":"2019-04-01T00:00:00Z","basis":"rack list","events":3}`},
		{"campaign", `{"from":"2019-04-01T00:00:00Z","until":"2019-05-10T00:00:00Z","summary":"s","strength":"strong","calls":1,"held_back":0,"targets":1}`},
	} {
		f.Add(s.kind, []byte(s.body))
	}
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		one, err := Read(Kind(kind), body)
		if err != nil {
			return
		}
		b, err := json.Marshal(one)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Read(Kind(kind), b); err != nil {
			t.Errorf("%s is read, and not as it is written: %v", body, err)
		}
	})
}

func TestCheck(t *testing.T) {
	for body, kind := range map[string]Kind{
		`{"day":"2019-5-10","who":"a","task":"b","minutes":1}`:                                                    KindHours,
		`{"day":"2019-05-10","who":"a","task":"b","minutes":1441}`:                                                KindHours,
		`{"day":"2019-05-10","who":"a","task":"b","minutes":1,"rate":100}`:                                        KindHours,
		`{"at":"2019-05-10T00:00:00Z","notice":"2019-05-11T00:00:00Z","what":"a"}`:                                KindConduct,
		`{"section":"gossip","text":"a"}`:                                                                         KindParagraph,
		`{"person":"T-0001","verdict":"clean"}`:                                                                   KindDevice,
		`{"from":"2019-05-10T00:00:00Z","until":"2019-05-09T00:00:00Z","what":"a"}`:                               KindIncident,
		`{"name":"a","role":"b","city":"c","country":"usa","from":"2019-05-10T00:00:00Z","basis":"d","events":0}`: KindServer,
		`{"class":"other","phone_number":"+1 555 0100"}`:                                                          KindPerson,
		`{"from":"2019-05-10T00:00:00Z","summary":"s","strength":"certain","calls":1,"held_back":0,"targets":1}`:  KindCampaign,
		`{"type":"spaceship","value":"a"}`:                                                                        KindInfrastructure,
		`{}`:                                                                                                      "rumour",
	} {
		if _, err := Read(kind, []byte(body)); err == nil {
			t.Errorf("%s passes as %s", body, kind)
		}
	}
	for kind, make := range makers {
		if got := make().Kind(); got != kind || Prefixes[kind] == "" {
			t.Errorf("%s makes %s, prefix %q", kind, got, Prefixes[kind])
		}
	}
}
