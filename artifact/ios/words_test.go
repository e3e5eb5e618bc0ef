package ios

import (
	"testing"

	"github.com/ringfence/ringfence/acquisition/plist"
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func TestHostsInNames(t *testing.T) {
	for names, want := range map[string]string{
		"Library/WebKit/https_a.example.org_0":      "a.example.org",
		"http_b.example_8443.localstorage":          "b.example",
		"x/http_203.0.113.9_0":                      "203.0.113.9",
		"cache_12_c.example_1.db":                   "c.example",
		"https_xn--e1afmkfd.xn--p1ai_0":             "xn--e1afmkfd.xn--p1ai",
		"https_d.example_0/deeper/file":             "d.example",
		"Media/IMG_0001.HEIC":                       "",
		"plain.example/no underscore":               "",
		"a_b/c_1.2.plist":                           "",
		"x_-a.example":                              "",
		"https__0":                                  "",
		"a_1.2.3.4.5":                               "",
		"a_" + string(make([]byte, 300)) + ".org_0": "",
	} {
		var r artifact.Record
		hostsInNames(&r, names)
		got := ""
		for _, o := range r.Observables {
			got += o.Value
		}
		if got != want {
			t.Errorf("%q: %q, want %q", names, got, want)
		}
	}
}

func TestOrigin(t *testing.T) {
	for name, want := range map[string][4]string{
		"https_example.org_0":               {"https", "example.org", "", "true"},
		"http_example.org_81.localstorage":  {"http", "example.org", "81", "true"},
		"https_under_score.example_0":       {"https", "under_score.example", "", "true"},
		"file__0":                           {"", "", "", ""},
		"https_":                            {"", "", "", ""},
		"ftp_example.org_0":                 {"", "", "", ""},
		"https_example.org_443.localstorag": {"https", "example.org", "443", "true"},
	} {
		scheme, host, port, ok := origin(name)
		got := [4]string{scheme, host, port}
		if ok {
			got[3] = "true"
		}
		if got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestSplitCommand(t *testing.T) {
	for command, want := range map[string][2]string{
		"/sbin/launchd":                           {"/sbin/launchd", ""},
		"/usr/libexec/exampled -a /x.app/y":       {"/usr/libexec/exampled", "-a /x.app/y"},
		"/usr/libexec/exampled -a b":              {"/usr/libexec/exampled", "-a b"},
		"/private/A B.app/A B.framework/helper x": {"/private/A B.app/A B.framework/helper", "x"},
		"(zombie)":         {"zombie", ""},
		"relative one two": {"relative", "one two"},
	} {
		program, arguments := splitCommand(command)
		if [2]string{program, arguments} != want {
			t.Errorf("%q: %q %q, want %q", command, program, arguments, want)
		}
	}
}

func TestFieldName(t *testing.T) {
	for key, want := range map[string]string{
		"OSVersion": "os_version", "UniqueChipID": "unique_chip_id", "HWModel": "hw_model", "already": "already",
		" With Space": "with_space", "a-B": "a_b", "": "",
	} {
		if got := fieldName(key); got != want {
			t.Errorf("%q: %q, want %q", key, got, want)
		}
	}
}

func TestWithoutUUID(t *testing.T) {
	const uuid = "0A0A0A0A-1111-2222-3333-444444444444"
	for path, want := range map[string][2]string{
		"/usr/sbin/exampled/" + uuid:            {"/usr/sbin/exampled", uuid},
		"/usr/sbin/exampled":                    {"/usr/sbin/exampled", ""},
		"/" + uuid:                              {"/" + uuid, ""},
		"/private/" + uuid + "/X.app/X":         {"/private/" + uuid + "/X.app/X", ""},
		"/usr/sbin/exampled/" + uuid[:35]:       {"/usr/sbin/exampled/" + uuid[:35], ""},
		"/usr/sbin/exampled/" + uuid[:35] + "G": {"/usr/sbin/exampled/" + uuid[:35] + "G", ""},
	} {
		program, got := withoutUUID(path)
		if [2]string{program, got} != want {
			t.Errorf("%q: %q %q, want %q", path, program, got, want)
		}
	}
}

func TestObserveWords(t *testing.T) {
	var r artifact.Record
	observeWords(&r, `Installing <Bundle ID=com.example.one; V=1.2.3> at "/private/var/x/y": /a .dots.bad. a..b.c (Customer:org.example.two.three).`)
	want := []indicator.Observable{{Type: indicator.App, Value: "com.example.one"}, {Type: indicator.FilePath, Value: "/private/var/x/y"}, {Type: indicator.App, Value: "org.example.two.three"}}
	if len(r.Observables) != len(want) {
		t.Fatalf("%+v", r.Observables)
	}
	for i, o := range r.Observables {
		if o != want[i] {
			t.Errorf("%+v, want %+v", o, want[i])
		}
	}
	if r.Text("bundle") != "com.example.one" || r.Text("path") != "/private/var/x/y" {
		t.Errorf("%+v", r.Fields)
	}
}

func TestShownValueIsCut(t *testing.T) {
	var list []any
	for range 10_000 {
		list = append(list, plist.Dict{"key": "value"})
	}
	if got := shownValue(list).(string); len(got) > maxShown+10 {
		t.Errorf("%d bytes", len(got))
	}
}
