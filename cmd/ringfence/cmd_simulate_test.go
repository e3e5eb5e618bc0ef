package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSimulateCommand(t *testing.T) {
	out := filepath.Join(t.TempDir(), "calls")
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"--users 2000 --days 1 --campaign burst --campaign twin --format csv", exitDone, "S3: twin"},
		{"--users 2000 --days 1", exitUsage, "not empty"},
		{"--users 2000 --days 1 --campaign nonsense", exitUsage, "missed-call-2019, slow"},
		{"--users 2 --days 1", exitFailed, "can be simulated"},
		{"--from yesterday", exitUsage, "2026-03-02"},
	} {
		where := out
		if c.code != exitDone && c.says != "not empty" {
			where = filepath.Join(t.TempDir(), "x")
		}
		code, said, err := ask(append([]string{"simulate", "--out", where}, strings.Fields(c.args)...)...)
		if code != c.code || !strings.Contains(said+err, c.says) {
			t.Errorf("%s: exit %d: %s%s", c.args, code, said, err)
		}
		if _, err := os.Stat(where); c.code != exitDone && where != out && err == nil {
			t.Errorf("%s: made a folder", c.args)
		}
	}
	if files, _ := filepath.Glob(filepath.Join(out, "calls-*.csv")); len(files) != 24 {
		t.Errorf("%d files of a day", len(files))
	}
}
