package edition

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/fact"
	"github.com/ringfence/ringfence/verify"
)

// desk is a case with exhibits of every tier.
type desk struct {
	*testing.T
	room *casefile.Room
	c    *casefile.Case
	lead *casefile.Hand

	cases string // the folder of the room
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{T: t, cases: filepath.Join(t.TempDir(), "cases")}
	var err error
	d.room, err = casefile.Open(d.cases, "ringfence test", time.Now)
	d.must(err)
	t.Cleanup(func() { _ = d.room.Close() })
	secret, public, err := casefile.NewKey("lena.marchetti")
	d.must(err)
	_, err = d.room.Enroll(context.Background(), public, casefile.Lead)
	d.must(err)
	d.lead, err = casefile.ReadHand([]byte(secret))
	d.must(err)
	d.c, err = d.room.New(context.Background(), "The Bellweather calls", d.lead)
	d.must(err)
	t.Cleanup(func() { _ = d.c.Close() })
	for _, x := range []casefile.Exhibit{
		{Name: "advisory.txt", Source: "our website", Basis: "publication 4411", Tier: casefile.Public},
		{Name: "calls of a phone.bin", Source: "phone of T-0041", Basis: "consent:C-1", Reason: "it rang twice", Tier: casefile.Court},
		{Name: "phone-two.bin", Source: "phone of T-0042", Basis: "consent:C-2", Tier: casefile.Court},
		{Name: "method.txt", Source: "our laboratory", Basis: "own work", Reason: "how we detect it", Tier: casefile.Sealed},
	} {
		_, err := d.c.Add(context.Background(), d.lead, x, strings.NewReader(strings.Repeat("CONTENT OF "+x.Name+" <&> ", 50)))
		d.must(err)
	}
	one, err := casefile.NewRecord(fact.Person{Class: "civil society", KnownBy: "told us at the clinic"}, "E-0002")
	d.must(err)
	two := one
	one.ID, two.ID = "T-0041", "T-0042"
	_, err = d.c.Put(context.Background(), d.lead, one, two)
	d.must(err)
	return d
}

func (d *desk) must(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

func (d *desk) export(name string) string {
	d.Helper()
	e, err := Parse(name)
	d.must(err)
	path := filepath.Join(d.TempDir(), "case.zip")
	_, err = Export(context.Background(), d.c, d.lead, path, Options{Edition: e, Now: time.Now()})
	d.must(err)
	return path
}

// verify returns the faults.
func (d *desk) verify(path string) (faults []string) {
	d.Helper()
	r, err := verify.File(path, verify.Options{})
	if err != nil {
		return []string{err.Error()}
	}
	for _, c := range r.Checks {
		faults = append(faults, c.Faults...)
	}
	if r.Whole != (len(faults) == 0) {
		d.Errorf("whole is %v with the faults %q", r.Whole, faults)
	}
	return faults
}

func (d *desk) unzip(path string) string {
	d.Helper()
	z, err := zip.OpenReader(path)
	d.must(err)
	defer z.Close()
	to := d.TempDir()
	d.must(os.CopyFS(to, z))
	folders, err := os.ReadDir(to)
	d.must(err)
	return filepath.Join(to, folders[0].Name())
}

func TestEditions(t *testing.T) {
	d := newDesk(t)
	d.export("person:T-0041") // that it was made says that there is one; the public edition does not
	for name, want := range map[string]struct{ has, hasNot []string }{
		"sealed": {[]string{"advisory.txt", "calls_of_a_phone.bin", "phone-two.bin", "method.txt", "lena.marchetti", "how we detect it"}, nil},
		"court":  {[]string{"advisory.txt", "calls_of_a_phone.bin", "phone-two.bin", "lena.marchetti", "it rang twice"}, []string{"method.txt", "our laboratory", "how we detect it"}},
		"public": {[]string{"advisory.txt"}, []string{"of a phone.bin", "a_phone", "phone-two", "method.txt", "lena", "it rang twice", "T-0041", "T-0042", "consent:", "Bellweather", "told us at the clinic"}},
		"person:T-0041": {[]string{"advisory.txt", "calls_of_a_phone.bin", "it rang twice", "T-0041", "told us at the clinic"},
			[]string{"phone-two", "method.txt", "lena", "T-0042", "consent:C-2", "how we detect it"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := &desk{T: t, room: d.room, c: d.c, lead: d.lead}
			path := d.export(name)
			if faults := d.verify(path); len(faults) > 0 {
				t.Fatalf("%q", faults)
			}
			if faults := d.verify(d.unzip(path)); len(faults) > 0 {
				t.Fatalf("the folder: %q", faults)
			}
			b, err := os.ReadFile(path)
			d.must(err)
			for _, s := range want.has {
				if !bytes.Contains(b, []byte(s)) {
					t.Errorf("%q is not in it", s)
				}
			}
			for _, s := range want.hasNot {
				if bytes.Contains(b, []byte(s)) {
					t.Errorf("%q is in it", s)
				}
			}
		})
	}
}

// What an edition withholds is not in it, byte for byte; what it commits to is.
func TestWithheld(t *testing.T) {
	d := newDesk(t)
	all := map[int64]verify.Entry{}
	path := d.export("public")
	d.must(d.c.Each(context.Background(), func(e verify.Entry) error { all[e.N] = e; return nil }))
	b, err := os.ReadFile(path)
	d.must(err)
	shown := 0
	lines, err := os.ReadFile(filepath.Join(d.unzip(path), "data/ledger/entries.jsonl"))
	d.must(err)
	for line := range strings.Lines(string(lines)) {
		e, err := verify.ReadEntry([]byte(line))
		d.must(err)
		for name, o := range all[e.N].Open {
			if _, ok := e.Open[name]; ok {
				shown++
				continue
			}
			value := bytes.Trim(o.Value, `"`)
			if len(value) > 6 && bytes.Contains(b, value) {
				t.Errorf("entry %d: the withheld %s is in it: %s", e.N, name, value)
			}
			salt, _ := json.Marshal(o.Salt)
			if bytes.Contains(b, bytes.Trim(salt, `"`)) {
				t.Errorf("entry %d: the salt of the withheld %s is in it", e.N, name)
			}
			if !bytes.Equal(all[e.N].Leaf, e.Leaf) {
				t.Errorf("entry %d: its commitments are others", e.N)
			}
		}
	}
	if shown == 0 {
		t.Error("nothing is shown")
	}
}

// One changed byte, wherever it is, is found.
func TestChangedByte(t *testing.T) {
	d := newDesk(t)
	path := d.export("court")
	whole, err := os.ReadFile(path)
	d.must(err)
	bad := filepath.Join(t.TempDir(), "bad.zip")
	step := len(whole)/400 + 1
	for i := 0; i < len(whole); i += step {
		b := bytes.Clone(whole)
		b[i] ^= 1
		d.must(os.WriteFile(bad, b, 0o600))
		if len(d.verify(bad)) == 0 {
			t.Errorf("byte %d of %d was changed, and not found", i, len(whole))
		}
	}
	d.must(os.WriteFile(bad, append(bytes.Clone(whole), 0), 0o600))
	if len(d.verify(bad)) == 0 {
		t.Error("a byte was added, and not found")
	}
}

// In the folder, each file that is changed, left out or added is named.
func TestChangedFile(t *testing.T) {
	d := newDesk(t)
	folder := d.unzip(d.export("court"))
	var files []string
	d.must(filepath.WalkDir(folder, func(p string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			files = append(files, p)
		}
		return err
	}))
	for _, p := range files {
		b, err := os.ReadFile(p)
		d.must(err)
		if len(b) == 0 {
			continue
		}
		d.must(os.Chmod(p, 0o600))
		name, err := filepath.Rel(folder, p)
		d.must(err)
		changed := bytes.Clone(b)
		changed[len(b)/2] ^= 1
		for _, with := range [][]byte{changed, nil} {
			if with == nil {
				d.must(os.Remove(p))
			} else {
				d.must(os.WriteFile(p, with, 0o600))
			}
			if faults := d.verify(folder); !strings.Contains(strings.Join(faults, "\n"), filepath.ToSlash(name)) {
				t.Errorf("%s was changed or is gone, and what is said is %q", name, faults)
			}
		}
		d.must(os.WriteFile(p, b, 0o600))
	}
	d.must(os.WriteFile(filepath.Join(folder, "data", "more.txt"), []byte("x"), 0o600))
	if faults := d.verify(folder); !strings.Contains(strings.Join(faults, "\n"), "data/more.txt") {
		t.Errorf("a file was added: %q", faults)
	}
}

// Who changes a file and all manifests after it cannot change what was signed.
func TestForgedManifests(t *testing.T) {
	d := newDesk(t)
	folder := d.unzip(d.export("court"))
	x := filepath.Join(folder, "data/exhibits/E-0002/calls_of_a_phone.bin")
	d.must(os.Chmod(x, 0o600))
	d.must(os.WriteFile(x, []byte("planted"), 0o600))
	remake := exec.Command("sh", "-c", "find data -type f | LC_ALL=C sort | xargs sha256sum > manifest-sha256.txt && sha256sum bag-info.txt bagit.txt manifest-sha256.txt > tagmanifest-sha256.txt")
	remake.Dir = folder
	if out, err := remake.CombinedOutput(); err != nil {
		t.Skipf("SKIP: no sha256sum here: %s", out)
	}
	faults := strings.Join(d.verify(folder), "\n")
	for _, s := range []string{"E-0002", "not those that were exported"} {
		if !strings.Contains(faults, s) {
			t.Errorf("%q is not said in %q", s, faults)
		}
	}
	if strings.Contains(faults, "manifest") {
		t.Errorf("the manifests were not made anew: %q", faults)
	}
}

func TestEncrypted(t *testing.T) {
	d := newDesk(t)
	id, err := age.GenerateX25519Identity()
	d.must(err)
	e, err := Parse("court")
	d.must(err)
	path := filepath.Join(t.TempDir(), "case.zip.age")
	_, err = Export(context.Background(), d.c, d.lead, path, Options{Edition: e, Now: time.Now(), To: []age.Recipient{id.Recipient()}})
	d.must(err)
	f, err := os.Open(path)
	d.must(err)
	defer f.Close()
	r, err := age.Decrypt(f, id)
	d.must(err)
	b, err := io.ReadAll(r)
	d.must(err)
	open := filepath.Join(t.TempDir(), "case.zip")
	d.must(os.WriteFile(open, b, 0o600))
	if faults := d.verify(open); len(faults) > 0 {
		t.Errorf("%q", faults)
	}
}

// The commands of the README are those of other people's programs, and agree.
func TestReadme(t *testing.T) {
	d := newDesk(t)
	folder := d.unzip(d.export("court"))
	text, err := os.ReadFile(filepath.Join(folder, "data/README.md"))
	d.must(err)
	var commands []string
	var block strings.Builder
	for line := range strings.Lines(string(text) + "end\n") {
		if code, ok := strings.CutPrefix(line, "    "); ok {
			block.WriteString(code)
		} else if strings.TrimSpace(line) != "" && block.Len() > 0 {
			commands = append(commands, block.String())
			block.Reset()
		}
	}
	r, err := verify.File(folder, verify.Options{})
	d.must(err)
	ran := 0
	for _, command := range commands {
		if strings.HasPrefix(command, "SHA-256(") || strings.HasPrefix(command, "age ") {
			continue
		}
		c := exec.Command("sh", "-e", "-c", command)
		c.Dir = folder
		out, err := c.CombinedOutput()
		if strings.HasPrefix(command, "for t in") {
			continue // no authority is configured here
		}
		if err != nil {
			t.Errorf("%s\n%v\n%s", command, err, out)
		}
		if strings.HasPrefix(command, "python3") {
			d.rootOnCover(folder, command)
		}
		if strings.HasPrefix(command, "python3") && !strings.Contains(string(out), r.Root) {
			t.Errorf("Python has another root: %s, want %s", out, r.Root)
		}
		ran++
	}
	if ran < 5 {
		t.Errorf("only %d of %d commands ran", ran, len(commands))
	}
}

// rootOnCover stops the lines of Python at the entries that the first page names, and
// compares the hash there.
func (d *desk) rootOnCover(folder, command string) {
	d.Helper()
	html, err := os.ReadFile(filepath.Join(folder, "data/case-file.html"))
	d.must(err)
	entries, err := os.ReadFile(filepath.Join(folder, "data/ledger/entries.jsonl"))
	d.must(err)
	n := strconv.Itoa(bytes.Count(entries, []byte("\n")) - 1)
	c := exec.Command("sh", "-e", "-c", strings.Replace(command, "python3 -", "python3 - "+n, 1))
	c.Dir = folder
	out, err := c.Output()
	d.must(err)
	if _, root, _ := strings.Cut(strings.TrimSpace(string(out)), " "); root == "" || !bytes.Contains(html, []byte(strings.ReplaceAll(root, "+", "&#43;"))) {
		d.Errorf("the hash after %s entries is %q, and not on the first page", n, root)
	}
}

func TestSelfTests(t *testing.T) {
	all := selfTests(time.Now())
	for _, one := range all {
		if one.Result != "as expected" {
			t.Errorf("%s: %s", one.What, one.Result)
		}
	}
	if len(all) != 4 {
		t.Errorf("%d self-tests", len(all))
	}
}

// Who takes a signature out of the case file, and makes all manifests anew, is found
// out: an entry that shows who acted is signed.
func TestSignatureTakenOut(t *testing.T) {
	d := newDesk(t)
	folder := d.unzip(d.export("court"))
	path := filepath.Join(folder, "data/ledger/entries.jsonl")
	b, err := os.ReadFile(path)
	d.must(err)
	var out bytes.Buffer
	n := 0
	for line := range strings.Lines(string(b)) {
		e, err := verify.ReadEntry([]byte(line))
		d.must(err)
		if n++; n == 2 {
			e.Note = ""
		}
		text, err := e.Line()
		d.must(err)
		out.Write(text)
	}
	d.must(os.Chmod(path, 0o600))
	d.must(os.WriteFile(path, out.Bytes(), 0o600))
	if faults := strings.Join(d.verify(folder), "\n"); !strings.Contains(faults, "entry 1 shows who acted, and is not signed") {
		t.Errorf("%q", faults)
	}
}
