package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/internal/loopback"
	"github.com/ringfence/ringfence/verify"
)

// witnessing runs a witness of a partner, and sets it down for an office.
func (o *office) witnessing(data string) (stop func()) {
	o.Helper()
	var list struct{ Key string }
	if err := json.Unmarshal([]byte(o.ok("list", "--json")), &list); err != nil {
		o.Fatal(err)
	}
	listen := loopback.Free(o.T)
	ctx, end := context.WithCancel(context.Background())
	said, done := &lockedBuffer{}, make(chan int, 1)
	go func() {
		done <- run(&env{ctx: ctx, stdout: said, stderr: said, now: time.Now}, []string{"witness", "--data", data, "--listen", listen, "--log", list.Key})
	}()
	stop = func() {
		end()
		if code := <-done; code != exitDone {
			o.Errorf("witness ended with %d: %s", code, said.String())
		}
	}
	for range 600 {
		if r, err := http.Get("http://" + listen + "/"); err == nil {
			r.Body.Close()
			line, _, _ := strings.Cut(said.String(), "\n")
			if err := os.WriteFile(filepath.Join(o.data, "cases", "witnesses.json"), []byte("["+line+"]"), 0o600); err != nil {
				o.Fatal(err)
			}
			return stop
		}
		time.Sleep(50 * time.Millisecond)
	}
	o.Fatalf("the witness does not answer: %s", said.String())
	return nil
}

// A witness cosigns what an office does; when the office goes back to an older state
// and makes another history of it, the witness refuses, and the office is told.
func TestWitness(t *testing.T) {
	o := newOffice(t)
	id := o.ok("new", "Calls of May")
	partner := filepath.Join(t.TempDir(), "witness")
	stop := o.witnessing(partner)
	o.ok("add", id, o.file("a.txt", "inconvenient"), "--source", "s", "--basis", "b")
	if out := o.ok("anchor"); !strings.Contains(out, "1 cosigned") {
		t.Error(out)
	}
	before := filepath.Join(t.TempDir(), "before")
	if err := os.CopyFS(before, os.DirFS(o.data)); err != nil {
		t.Fatal(err)
	}
	zip := filepath.Join(t.TempDir(), "case.zip")
	o.ok("export", id, "--edition", "court", "--out", zip)
	var r verify.Report
	if err := json.Unmarshal([]byte(o.ok("verify", zip, "--json")), &r); err != nil || !r.Whole || len(r.Witnesses) != 1 {
		t.Errorf("%v: %+v", err, r.Witnesses)
	}
	stop()
	stop = o.witnessing(partner) // it goes on where it was
	defer stop()
	witnesses, err := os.ReadFile(filepath.Join(o.data, "cases", "witnesses.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(o.data); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(o.data, os.DirFS(before)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(o.data, "cases", "witnesses.json"), witnesses, 0o600); err != nil {
		t.Fatal(err)
	}
	o.ok("add", id, o.file("b.txt", "convenient"), "--source", "s", "--basis", "b")
	o.ok("add", id, o.file("c.txt", "and more"), "--source", "s", "--basis", "b")
	if _, said, code := o.run("anchor"); code != exitFailed || !strings.Contains(said, "another history") {
		t.Errorf("a history that was rewritten is not found: exit %d: %s", code, said)
	}
}
