package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringfence/ringfence/hunt"
	"github.com/ringfence/ringfence/hunt/record"
)

// callsOf writes the calls of three thousand people, hour by hour, and with
// attack those of a campaign of twelve accounts against 120 of them.
func callsOf(t *testing.T, attack bool) (dir string) {
	t.Helper()
	dir = t.TempDir()
	rng := rand.New(rand.NewPCG(3, 3))
	began := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for hour := range 6 {
		at := func() int64 {
			return began.Add(time.Duration(hour)*time.Hour + time.Duration(rng.Int64N(int64(time.Hour-time.Minute)))).UnixNano()
		}
		var all []record.Record
		for range 3000 {
			who := rng.IntN(3000)
			r := record.Record{
				Time: at(), Caller: fmt.Sprint("p", who), Callee: fmt.Sprint("p", rng.IntN(3000)), CallerPrint: fmt.Sprint("print", who%20), CallerNetwork: fmt.Sprint("AS", 64500+who%40),
				Outcome: record.Answered, RingMS: 4000, TalkMS: 60_000, Contact: record.Accepted, CallerAge: int32(who % 900),
			}
			if rng.IntN(10) == 0 {
				r.Outcome, r.TalkMS = record.Missed, 0
			}
			if rng.IntN(20) == 0 {
				r.Contact = record.Stranger
			}
			all = append(all, r)
		}
		for n := 0; attack && n < 20; n++ {
			one := record.Record{
				Time: at(), Caller: fmt.Sprint("x", n%12), Callee: fmt.Sprint("p", 20*hour+n), CallerPrint: "fork", CallerNetwork: "AS65500",
				Outcome: record.Missed, RingMS: 2500, Contact: record.Stranger, CallerAge: 3,
			}
			again := one
			again.Time += int64(20 * time.Second)
			all = append(all, one, again)
		}
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("calls-%02d.jsonl", hour)))
		if err != nil {
			t.Fatal(err)
		}
		w, err := record.NewWriter(f, record.JSONLines)
		if err != nil {
			t.Fatal(err)
		}
		for i := range all {
			all[i].Call = fmt.Sprint(hour, "-", i)
		}
		for _, err := range []error{w.Write(all), w.Close(), f.Close()} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

func huntedOf(t *testing.T, out string) (r hunt.Result) {
	t.Helper()
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	r.Seconds = 0
	return r
}

func TestHuntFindsAndKeeps(t *testing.T) {
	calls, data := callsOf(t, true), "--data="+t.TempDir()
	page := filepath.Join(t.TempDir(), "page.html")
	code, out, err := ask("hunt", calls, data, "--json", "--report", page)
	r := huntedOf(t, out)
	if code != exitFound || len(r.Campaigns) != 1 || len(r.Campaigns[0].Targets) < 119 || len(r.Campaigns[0].Accounts) != 12 || r.Campaigns[0].Strength != hunt.Strong {
		t.Fatalf("exit %d, %s%.600s", code, err, out)
	}
	id := r.Campaigns[0].ID
	if !strings.HasPrefix(id, "C-20") {
		t.Errorf("the campaign has the id %q", id)
	}
	if drawn, err := os.ReadFile(page); err != nil || !strings.Contains(string(drawn), id) {
		t.Errorf("the page does not show %s: %v", id, err)
	}
	code, out, err = ask("hunt", calls, data)
	if code != exitFound || !strings.Contains(out, id) {
		t.Errorf("the same campaign has another id: exit %d\n%s%s", code, out, err)
	}
	if code, out, _ := ask("hunt", "list", data); code != exitDone || strings.Count(out, "C-20") != 1 {
		t.Errorf("list: exit %d\n%s", code, out)
	}
	if code, out, _ := ask("hunt", callsOf(t, false), data, "--json"); code != exitDone || len(huntedOf(t, out).Campaigns) != 0 {
		t.Errorf("without a campaign: exit %d %s", code, out)
	}
}

// Three processes that share a hunt out find what one finds.
func TestHuntOnSeveralMachines(t *testing.T) {
	calls, exchange, binary := callsOf(t, true), t.TempDir(), built(t)
	var outs [4]string
	var wait sync.WaitGroup
	for i, of := range [4][]string{{}, {"--share", "1/3"}, {"--share", "2/3"}, {"--share", "3/3"}} {
		wait.Go(func() {
			outs[i] = hunted(t, exec.Command(binary, append([]string{"hunt", calls, "--no-keep", "--json", "--exchange", exchange}, of...)...))
		})
	}
	wait.Wait()
	alone, all := huntedOf(t, outs[0]), [3]hunt.Result{huntedOf(t, outs[1]), huntedOf(t, outs[2]), huntedOf(t, outs[3])}
	if len(alone.Campaigns) != 1 || !reflect.DeepEqual(all[0], alone) {
		t.Errorf("three machines found %+v\nand one %+v", all[0], alone)
	}
	if n := all[1].Records + all[2].Records; n < alone.Records/2 || n >= alone.Records || len(all[1].Campaigns)+len(all[2].Campaigns) > 0 {
		t.Errorf("the two others read %d of %d records, and told %d campaigns", n, alone.Records, len(all[1].Campaigns)+len(all[2].Campaigns))
	}
}

// hunted runs a hunt, maybe beside others.
func hunted(t *testing.T, c *exec.Cmd) string {
	out, err := c.Output()
	if code := c.ProcessState.ExitCode(); code != exitDone && code != exitFound {
		t.Errorf("%v: %v", c.Args, err)
	}
	return string(out)
}

// Without files a hunt is one in the records that the service keeps.
func TestHuntInOwnRecords(t *testing.T) {
	data, calls := "--data="+t.TempDir(), callsOf(t, true)
	files, err := filepath.Glob(filepath.Join(calls, "*"))
	if err != nil {
		t.Fatal(err)
	}
	if code, _, err := ask(append([]string{"calls", "import", data}, files...)...); code != exitDone {
		t.Fatal(err)
	}
	code, out, errs := ask("hunt", data, "--json")
	if code != exitFound || len(huntedOf(t, out).Campaigns) != 1 {
		t.Errorf("exit %d %.300s%s", code, out, errs)
	}
}

func TestHuntRefuses(t *testing.T) {
	calls, data := callsOf(t, true), "--data="+t.TempDir()
	text := filepath.Join(t.TempDir(), "x.txt")
	if err := os.WriteFile(text, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		code int
		err  string
	}{
		{"hunt", exitUsage, "give the folder that they are in"},
		{"hunt /nowhere/at/all", exitFailed, "give files or folders"},
		{"hunt " + text, exitFailed, "x.txt"},
		{"hunt " + calls + " --memory lots", exitUsage, "1600MB"},
		{"hunt " + calls + " --report " + text, exitUsage, "--force"},
		{"hunt " + calls + " --share 2/3", exitFailed, "--exchange"},
		{"hunt " + calls + " --share 4/3 --exchange " + t.TempDir(), exitFailed, "share 4 of 3"},
	} {
		if code, _, err := ask(append(strings.Fields(c.args), data)...); code != c.code || !strings.Contains(err, c.err) {
			t.Errorf("%s: exit %d, %s", c.args, code, err)
		}
	}
}
