package indicator

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// parsed gives the indicators of a list as "type value malware", sorted, and
// what was refused.
func parsed(t *testing.T, name, text string) (got []string, refused []Refusal) {
	t.Helper()
	l, err := Parse(name, []byte(text))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for _, ind := range l.Indicators {
		got = append(got, fmt.Sprintf("%s %s %s", ind.Type, ind.Value, ind.Malware))
		if ind.Source != name {
			t.Errorf("source %q", ind.Source)
		}
	}
	slices.Sort(got)
	return got, l.Refused
}

func wantList(t *testing.T, got []string, want ...string) {
	t.Helper()
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got\n %s\nwant\n %s", strings.Join(got, "\n "), strings.Join(want, "\n "))
	}
}

const testBundle = `{"objects":[
 {"type":"relationship","id":"r1","relationship_type":"indicates","source_ref":"i1","target_ref":"m1"},
 {"type":"relationship","id":"r2","relationship_type":"indicates","source_ref":"i2","target_ref":"c1"},
 {"type":"indicator","id":"i1","pattern_type":"stix","pattern":"[domain-name:value='c2.example']","valid_from":"2026-01-02T03:04:05.678Z","valid_until":"2027-01-01T00:00:00Z"},
 {"type":"indicator","id":"i2","pattern":"[process:name='a' OR process:name='b=c']"},
 {"type":"indicator","id":"i3","pattern":"[domain-name:value='x.example' AND process:name='y']"},
 {"type":"indicator","id":"i4","pattern":"[this is no pattern"},
 {"type":"indicator","id":"i5","pattern":"[process:name='gone']","revoked":true},
 {"type":"indicator","id":"i6","pattern_type":"yara","pattern":"rule x {}"},
 {"type":"indicator","id":"i7","pattern":7},
 {"type":"indicator","id":"i8","pattern":"[process:name='odd']","valid_from":"yesterday"},
 {"type":"malware","id":"m1","name":"Mal"},{"type":"campaign","id":"c1","name":"Camp"},
 {"type":"report","id":"p1","name":"Rep","object_refs":["i1","i3"]}
],"type":"bundle","id":"b"}`

func TestSTIX(t *testing.T) {
	got, refused := parsed(t, "x.stix2", testBundle)
	wantList(t, got, "domain-name c2.example Mal", "process a Camp", "process b=c Camp",
		"domain-name [domain-name:value='x.example' AND process:name='y'] Rep", "process odd x")
	var ids []string
	for _, r := range refused {
		if r.Why == "" || r.File != "x.stix2" {
			t.Errorf("%+v", r)
		}
		ids = append(ids, r.ID)
	}
	slices.Sort(ids)
	wantList(t, ids, "i4", "i5", "i6", "i7", "i8")
	l, _ := Parse("x.stix2", []byte(testBundle))
	if ind := l.Indicators[0]; ind.ID != "i1" || ind.ValidFrom.Format("20060102.150405.000") != "20260102.030405.678" || ind.ValidUntil.Year() != 2027 || ind.Pattern == "" {
		t.Errorf("%+v", ind)
	}
}

func TestDamagedBundleKeepsWhatStandsBefore(t *testing.T) {
	got, refused := parsed(t, "x.stix2", testBundle[:strings.Index(testBundle, `{"type":"indicator","id":"i3"`)+20])
	if len(got) != 3 || len(refused) != 1 || !strings.Contains(refused[0].Why, "damaged at byte") {
		t.Errorf("%v %+v", got, refused)
	}
}

func TestMISP(t *testing.T) {
	h := strings.Repeat("ab", 32)
	event := `{"response":[{"Event":{"info":"Ev","Attribute":[
	 {"type":"domain","value":"c2.example","uuid":"u1","to_ids":true},{"type":"domain|ip","value":"d.example|198.51.100.7"},
	 {"type":"ip-dst|port","value":"198.51.100.8|443"},{"type":"filename|sha256","value":"x.apk|` + h + `"},
	 {"type":"link","value":"https://news.example/"},{"type":"url","value":"https://e.example/x","to_ids":false},{"type":"md5","value":"x","deleted":true},{"type":7}],
	 "Object":[{"name":"o","Attribute":[{"type":"mobile-application-id","value":"com.evil.app"},{"type":"email-src","value":"a@b.example"}]}]}}]}`
	got, refused := parsed(t, "x.json", event)
	wantList(t, got, "domain-name c2.example Ev", "domain-name d.example Ev", "ipv4-addr 198.51.100.7 Ev", "ipv4-addr 198.51.100.8 Ev",
		"file-sha256 "+h+" Ev", "app-id com.evil.app Ev", "email-addr a@b.example Ev")
	if len(refused) != 4 {
		t.Errorf("%+v", refused)
	}
	got, _ = parsed(t, "y.json", `[{"type":"hostname","value":"h.example"}]`)
	wantList(t, got, "domain-name h.example y")
}

func TestStalkerware(t *testing.T) {
	got, refused := parsed(t, "ioc.yaml", "- name: Spy\n  type: stalkerware\n  packages:\n  - com.spy\n  - [x]\n  certificates:\n  - "+strings.Repeat("AB", 20)+"\n  - zz\n  websites:\n  - spy.example\n  c2:\n    ips:\n    - 198.51.100.7\n    domains:\n    - c2.example\n- name: [bad]\n- name: Next\n  packages: [com.next]\n")
	wantList(t, got, "app-id com.spy Spy", "app-cert-sha1 "+strings.Repeat("AB", 20)+" Spy", "domain-name spy.example Spy", "ipv4-addr 198.51.100.7 Spy", "domain-name c2.example Spy", "app-id com.next Next")
	if len(refused) != 3 {
		t.Errorf("%+v", refused)
	}
}

func TestPlainLists(t *testing.T) {
	h := strings.Repeat("ab", 32)
	got, refused := parsed(t, "x.txt", "# comment\nc2.example # why\n198.51.100.0/24\n2001:db8::1\nhttps://e.example/x\nfgr.example/x\na@b.example\n/private/var/x\ncom.evil.example\n"+h+
		"\nevil[.]example\nbh\nx.dylib\nsys.x=1\nprocess,launchx\nipv4-addr,198.51.100.9\nsha1,"+strings.Repeat("cd", 20)+"\nnothing of the kind\nroot:x:0:0::/root:/bin/sh\n")
	wantList(t, got, "domain-name c2.example x", "ipv4-addr 198.51.100.0/24 x", "ipv6-addr 2001:db8::1 x", "url https://e.example/x x", "domain-name fgr.example/x x", "email-addr a@b.example x",
		"file-path /private/var/x x", "app-id com.evil.example x", "file-sha256 "+h+" x", "domain-name evil.example x", "process bh x", "file-name x.dylib x", "android-property sys.x=1 x",
		"process launchx x", "ipv4-addr 198.51.100.9 x", "file-sha1 "+strings.Repeat("cd", 20)+" x")
	if len(refused) != 2 || refused[0].ID != "line 18" {
		t.Errorf("%+v", refused)
	}
	got, _ = parsed(t, "t.csv", "uuid,type,value\n1,domain,c2.example\n2,app-id,\"com,x\"\n3\n")
	wantList(t, got, "domain-name c2.example t", "app-id com,x t")
}

func TestFilesThatHoldNothing(t *testing.T) {
	for name, text := range map[string]string{"a.stix2": "", "b.json": "{}", "c.json": "[]", "d.txt": "# nothing\n", "e.bin": "a\x00b", "f.yaml": "a: b", "g.json": `{"type":"bundle","objects":7}`,
		"h.json": strings.Repeat("[", 100_000), "i.yaml": "- &a [*a]", "j.json": `{"type":"bundle","objects":[{"type":"indicator","pattern":"x"}]}`} {
		if l, err := Parse(name, []byte(text)); err == nil {
			t.Errorf("%s: %+v", name, l)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("x.stix2", testBundle)
	f.Add("x.json", `{"Event":{"info":"x","Attribute":[{"type":"domain|ip","value":"a.example|1.2.3.4"}]}}`)
	f.Add("x.yaml", "- name: x\n  packages: [a.b.c]\n  c2: {ips: [1.2.3.4]}\n")
	f.Add("x.txt", "type,value\ndomain,x.example\n")
	f.Add("x", "c2[.]example\n/a/b\nhttps://x.example/\n")
	f.Fuzz(func(t *testing.T, name, text string) {
		l, err := Parse(name, []byte(text))
		if err != nil {
			return
		}
		s, _ := Compile(l.Indicators)
		body := appendCompiled(nil, s, nil, "m")
		again, _, err := parseCompiled(body, "m")
		if err != nil || again.Len() != s.Len() {
			t.Fatalf("compiled: %v, %d and %d", err, s.Len(), again.Len())
		}
		for _, ind := range l.Indicators {
			o := []Observable{{ind.Type, ind.Value}}
			if a, b := s.Match(nil, o), again.Match(nil, o); !slices.Equal(a, b) {
				t.Fatalf("%v: %v, and compiled %v", ind, a, b)
			}
		}
	})
}
