package archive

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/hunt/record"
	"github.com/ringfence/ringfence/internal/loopback"
)

// storage starts an object storage that speaks S3 and checks signatures, and
// returns the address of a bucket in it. It is a program of its own:
//
//	CGO_ENABLED=0 go install github.com/versity/versitygw/cmd/versitygw@latest
func storage(t *testing.T) string {
	t.Helper()
	gateway, err := exec.LookPath("versitygw")
	if err != nil {
		t.Skip("needs versitygw in PATH: go install github.com/versity/versitygw/cmd/versitygw@latest")
	}
	root, listen := t.TempDir(), loopback.Free(t)
	must(t, os.Mkdir(filepath.Join(root, "records"), 0o700))
	cmd := exec.Command(gateway, "--port", listen, "--access", "ringfence", "--secret", "only for this test", "--quiet", "posix", "--sidecar", t.TempDir(), root)
	cmd.Stderr = os.Stderr
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for range 500 {
		r, err := http.Get("http://" + listen)
		if err == nil {
			r.Body.Close()
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "ringfence")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "only for this test")
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(root, "none"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(root, "none"))
	return fmt.Sprintf("s3://records?region=us-east-1&endpoint=http://%s&use_path_style=true&prefix=calls/", listen)
}

func TestBucket(t *testing.T) {
	where := storage(t)
	a, err := Open(t.Context(), where)
	must(t, err)
	dir := t.TempDir()
	s := openStore(t, dir)
	defer s.Close()
	e := exporter(t, s, dir)
	e.To = a
	for i := range 30 {
		add(t, s, attempt(first.Add(time.Duration(i*10)*time.Minute)))
	}
	export(t, e, first.Add(3*time.Hour), 18)
	if seen := all(t, s, a, dir); len(seen) != 30 {
		t.Errorf("%d records in both, not 30", len(seen))
	}
	add(t, s, attempt(first))
	export(t, e, first.Add(5*time.Hour), 13)
	if got := listed(t, a); len(got) != 6 || got[1] != "2026/11/23/05-n1-4.parquet" {
		t.Errorf("files %v", got)
	}

	// What the storage changed is not taken for what was written.
	add(t, s, attempt(first.Add(time.Hour)))
	a.step = func(step string) {
		if step == "written" {
			must(t, a.place.write(context.Background(), "2026/11/23/06-n1-7.parquet", []byte("other bytes")))
		}
	}
	if _, err := e.Export(t.Context(), first.Add(5*time.Hour)); err == nil {
		t.Error("other bytes are taken for what was written", listed(t, a))
	}
	a.step = func(string) {}
	export(t, e, first.Add(5*time.Hour), 1)

	v, err := a.View(t.Context(), nil, "", nil, time.Time{}, first.Add(24*time.Hour))
	must(t, err)
	paths, err := v.Files(t.Context())
	must(t, err)
	files, err := record.Open(paths, record.Options{})
	must(t, err)
	if files.Records() != 32 {
		t.Errorf("%d records are fetched, not 32", files.Records())
	}
	must(t, v.Close())
	if _, err := os.Stat(paths[0]); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what was fetched is left: %v", err)
	}

	gone, err := a.Expire(t.Context(), first.Add(24*time.Hour), false)
	if left := listed(t, a); err != nil || gone.Files != 7 || len(left) != 0 {
		t.Errorf("%+v, %v, left %v", gone, err, left)
	}
	must(t, a.place.remove(t.Context(), "2026/11/23/05-n1-4.parquet")) // again

	t.Setenv("AWS_SECRET_ACCESS_KEY", "another")
	a, err = Open(t.Context(), where)
	must(t, err)
	if _, err := a.List(t.Context()); err == nil {
		t.Error("listed with a wrong key")
	}
}

func TestPlaces(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "a")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "b")
	for where, want := range map[string]string{
		"ftp://host/calls":       "not a place",
		"s3://":                  "no address of a bucket",
		"s3://key:secret@bucket": "no address of a bucket",
		"s3://b?region=r&endpoint=http://192.0.2.1":                "not encrypted",
		"s3://b?region=r&endpoint=192.0.2.1":                       "not encrypted",
		"s3://b?region=r&what=1":                                   "what",
		"s3://b?region=r&endpoint=https://192.0.2.1&prefix=calls/": "",
		"s3://b?region=r":                                          "",
	} {
		_, err := Open(t.Context(), where)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", where, err)
		}
	}
}
