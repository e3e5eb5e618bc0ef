package record

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

// mapped reads lines by a mapping.
func mapped(t *testing.T, m *Mapping, o Options, lines string) (all []Record, rejects []Reject) {
	t.Helper()
	for r, err := range m.Reader(strings.NewReader(lines), o) {
		var reject *Reject
		switch {
		case errors.As(err, &reject):
			rejects = append(rejects, *reject)
		case err != nil:
			t.Fatal(err)
		default:
			all = append(all, r)
		}
	}
	return all, rejects
}

func at(hour, minute, second int) int64 {
	return time.Date(2026, 3, 1, hour, minute, second, 0, time.UTC).UnixNano()
}

func TestAsterisk(t *testing.T) {
	m, err := LoadMapping("asterisk")
	if err != nil {
		t.Fatal(err)
	}
	lines := `"","+14155550100","+14155550123","from-internal","""Ann, at home"" <+14155550100>","PJSIP/100-00000001","PJSIP/123-00000002","Dial","PJSIP/123,30","2026-03-01 10:00:00","2026-03-01 10:00:07","2026-03-01 10:01:07",67,60,"ANSWERED","DOCUMENTATION","1772359200.1",""
"","+14155550100","+14155550123","from-internal","""Ann"" <+14155550100>","PJSIP/100-00000003","","Dial","PJSIP/123,30","2026-03-01 11:00:00","","2026-03-01 11:00:02",2,0,"NO ANSWER","DOCUMENTATION","1772362800.3",""
"","+14155550100","s","from-internal","x","PJSIP/100-00000005","","Dial","","2026-03-01 12:00:00","","2026-03-01 12:00:02",2,0,"WHAT","DOCUMENTATION","1772366400.5",""
"","","+14155550123","from-internal","x","PJSIP/100-00000005","","Dial","","2026-03-01 12:00:00","","2026-03-01 12:00:02",2,0,"BUSY","DOCUMENTATION","1772366400.5",""
"","a","b","from-internal","x","y","","Dial","","2026-03-01 12:00:00","","2026-03-01 12:00:02",2,3,"BUSY","DOCUMENTATION","1772366400.5",""
"","a","b"
`
	got, rejects := mapped(t, m, Options{}, lines)
	same(t, got, []Record{
		{Time: at(10, 0, 0), Call: "1772359200.1", Caller: "+14155550100", Callee: "+14155550123", Outcome: Answered, RingMS: 7000, TalkMS: 60000, CallerAge: NoAge},
		{Time: at(11, 0, 0), Call: "1772362800.3", Caller: "+14155550100", Callee: "+14155550123", Outcome: Missed, RingMS: 2000, CallerAge: NoAge},
	})
	want := []Reject{{3, "unknown outcome"}, {4, "no caller"}, {5, "bad ring_ms"}, {6, "wrong number of fields"}}
	if !reflect.DeepEqual(rejects, want) {
		t.Errorf("%v, not %v", rejects, want)
	}
}

func TestKamailio(t *testing.T) {
	m, err := LoadMapping("kamailio")
	if err != nil {
		t.Fatal(err)
	}
	lines := `id,method,from_tag,to_tag,callid,sip_code,sip_reason,time,src_user,src_domain,dst_ouser,dst_user,dst_domain
1,INVITE,a1,b1,c1@192.0.2.1,200,OK,2026-03-01 10:00:00,ann,example.org,bob,bob,example.net
2,BYE,a1,b1,c1@192.0.2.1,200,OK,2026-03-01 10:01:00,ann,example.org,bob,bob,example.net
3,INVITE,a2,,c2@192.0.2.1,487,Request Terminated,2026-03-01 10:02:00,ann,example.org,bob,bob,example.net
4,INVITE,a3,,c3@192.0.2.1,503,Service Unavailable,2026-03-01 10:03:00,ann,example.org,bob,bob,example.net
5,INVITE,a4,,c4@192.0.2.1,480,,0000-00-00 00:00:00,ann,example.org,bob,bob,example.net
6,INVITE,a4,,c4@192.0.2.1,480,,2026-03-09 00:00:00,ann,example.org,bob,bob,example.net
`
	got, rejects := mapped(t, m, Options{Now: start}, lines)
	same(t, got, []Record{
		{Time: at(10, 0, 0), Call: "c1@192.0.2.1", Caller: "ann@example.org", Callee: "bob@example.net", Outcome: Answered, CallerAge: NoAge},
		{Time: at(10, 2, 0), Call: "c2@192.0.2.1", Caller: "ann@example.org", Callee: "bob@example.net", Outcome: Cancelled, CallerAge: NoAge},
		{Time: at(10, 3, 0), Call: "c3@192.0.2.1", Caller: "ann@example.org", Callee: "bob@example.net", Outcome: Failed, CallerAge: NoAge},
	})
	want := []Reject{{3, "left out by the mapping"}, {6, "bad time"}, {7, "future time"}}
	if !reflect.DeepEqual(rejects, want) {
		t.Errorf("%v, not %v", rejects, want)
	}
}

func TestMappingOfLines(t *testing.T) {
	m, err := ParseMapping([]byte(`
format: jsonl
columns:
  time: {from: at, layout: unix}
  caller: {from: a}
  callee: {from: b}
  outcome: {from: code, values: {"16": answered}, else: failed}
  contact: {from: known, values: {"1": "true", "0": "false"}}
  ring_ms: {from: ring, unit: us}
`))
	if err != nil {
		t.Fatal(err)
	}
	got, rejects := mapped(t, m, Options{}, `{"at":1772359200.25,"a":"x","b":"y","code":16,"known":1,"ring":2500000}
{"at":"1772359200","a":"x","b":"y","code":17,"known":null,"ring":0,"more":[1,2]}
{"at":1772359200,"a":"x","b":"y","code":17,"ring":0}
{"at":1772359200,"a":"x","a":"x"}
{"at":-1,"a":"x","b":"y","code":17,"known":0,"ring":0}`)
	same(t, got, []Record{
		{Time: at(10, 0, 0) + 25e7, Caller: "x", Callee: "y", Outcome: Answered, RingMS: 2500, Contact: Accepted, CallerAge: NoAge},
		{Time: at(10, 0, 0), Caller: "x", Callee: "y", Outcome: Failed, CallerAge: NoAge},
	})
	want := []Reject{{3, "a column of the mapping is missing"}, {4, "duplicate key"}, {5, "bad time"}}
	if !reflect.DeepEqual(rejects, want) {
		t.Errorf("%v, not %v", rejects, want)
	}
}

func TestMappingRefused(t *testing.T) {
	good := "format: csv\nheader: true\ncolumns:\n  time: {from: t}\n  caller: {from: a}\n  callee: {from: b}\n  outcome: {from: o}\n"
	if _, err := ParseMapping([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{
		"", "format: xml", strings.Replace(good, "header: true", "", 1), strings.Replace(good, "time", "tine", 1), strings.Replace(good, "  caller: {from: a}\n", "", 1),
		good + "  ring_ms: {from: r, unit: h}\n", good + "  talk_ms: {}\n", good + "  call_id: {from: a, unit: s}\n", good + "colour: red\n",
		strings.Replace(good, "{from: t}", "{from: t, zone: Atlantis}", 1), strings.Replace(good, "{from: o}", "{from: o, else: lost}", 1),
		strings.Replace(good, "header", "separator: ab\nheader", 1), good + strings.Repeat("#", maxMapping),
	} {
		if _, err := ParseMapping([]byte(bad)); err == nil {
			t.Errorf("taken: %.200s", bad)
		}
	}
}
