package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// ask runs a command and gives what it wrote.
func ask(args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	e := &env{ctx: context.Background(), stdout: &out, stderr: &err, now: time.Now}
	return run(e, args), out.String(), err.String()
}

func TestIndicatorsCommands(t *testing.T) {
	dir := t.TempDir()
	data := "--data=" + filepath.Join(dir, "data")
	list := filepath.Join(dir, "x.txt")
	if err := os.WriteFile(list, []byte("c2.example\nbit.ly\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(dir, "empty.txt")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/indicators.yaml":
			fmt.Fprint(w, "indicators:\n- {type: github, name: One, github: {owner: o, repo: r, branch: b, path: y.txt}}\n- {type: github, name: Gone, github: {owner: o, repo: r, branch: b, path: z.txt}}\n")
		case "/o/r/b/y.txt":
			fmt.Fprint(w, "evil.example\n")
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	for _, c := range []struct {
		args string
		code int
		out  string
		err  string
	}{
		{"list", exitDone, "", "ringfence indicators update"},
		{"add " + list, exitDone, "x.txt: 1 indicators (2 new, 0 gone)\nrefused: line 2 bit.ly: too general", ""},
		{"add " + empty, exitFailed, "", "empty.txt is empty; give STIX"},
		{"add " + dir, exitFailed, "", "no file"},
		{"add", exitUsage, "", ""},
		{"show x.txt", exitDone, "domain-name  c2.example  x", ""},
		{"show y.txt", exitUsage, "", "no such collection; see: ringfence indicators list"},
		{"update --index " + server.URL + "/indicators.yaml", exitFailed, "y.txt  new     +1 -0", "1 of 2 lists could not be had"},
		{"update --index http://feed.example/x", exitFailed, "", "is not https; what was there is kept"},
		{"list", exitDone, "x.txt  1", ""},
		{"remove x.txt", exitDone, "x.txt is removed", ""},
		{"remove x.txt", exitUsage, "", "no such collection"},
	} {
		code, out, err := ask(append(append([]string{"indicators"}, strings.Fields(c.args)...), data)...)
		if code != c.code || !strings.Contains(out, c.out) || !strings.Contains(err, c.err) {
			t.Errorf("%s: exit %d\n%s%s", c.args, code, out, err)
		}
		if code, out, _ := ask(append(append([]string{"indicators"}, strings.Fields(c.args)...), data, "--json")...); code == exitDone && !json.Valid([]byte(out)) {
			t.Errorf("%s --json: %s", c.args, out)
		}
	}
}
