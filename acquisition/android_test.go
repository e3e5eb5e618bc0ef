package acquisition

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
)

const properties = "[ro.product.model]: [Example 9]\n[ro.build.version.release]: [14]\n[ro.build.version.security_patch]: [2024-01-05]\n[persist.sys.timezone]: [Europe/Belgrade]\n"

const dumpText = "== dumpstate: 2026-01-01 13:00:00\n------ SYSTEM PROPERTIES (getprop) ------\n" + properties +
	"------ 0.1s was the duration of 'SYSTEM PROPERTIES' ------\nDUMP OF SERVICE package:\nPackages:\n--------- 0.1s was the duration of dumpsys package, ending at: 2026-01-01 13:00:00\n"

const logText = `{"dns_event":{"event_id":1,"event_time":1760000000000,"hostname":"c2.example"}}` + "\n"

// texts is a folder or an archive: contents by name.
type texts map[string]string

func (fs texts) zip(t testing.TB) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(fs)) {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(f, fs[name])
	}
	w.Close()
	return b.Bytes()
}

func (fs texts) tar(t testing.TB) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(fs)) {
		if err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(fs[name])), Mode: 0o600, Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, fs[name])
	}
	w.Close()
	return b.Bytes()
}

func (fs texts) folder(t testing.TB) string {
	dir := t.TempDir()
	for name, text := range fs {
		put(t, filepath.Join(dir, name), []byte(text))
	}
	return dir
}

func put(t testing.TB, path string, b []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func openAll(t testing.TB, path string, o Options) []*Acquisition {
	t.Helper()
	all, err := Open(context.Background(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, a := range all {
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return all
}

// contents reads every file of an acquisition.
func contents(t testing.TB, a *Acquisition) texts {
	t.Helper()
	got := texts{}
	err := a.Each(func(f File) bool {
		c, err := a.Open(f)
		if err != nil {
			return true
		}
		defer c.Close()
		b, err := io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
		if err != nil {
			t.Errorf("%s: %v", f.Path, err)
		}
		got[f.Path] = string(b)
		return true
	})
	if err != nil {
		t.Error(err)
	}
	return got
}

var reportFiles = texts{"main_entry.txt": "dumpstate-1.txt\n", "dumpstate-1.txt": dumpText, "FS/data/tombstones/tombstone_00": "crash"}

func TestBugreport(t *testing.T) {
	dir := t.TempDir()
	for name, path := range map[string]string{
		"zip": put(t, filepath.Join(dir, "bugreport.zip"), reportFiles.zip(t)), "folder": reportFiles.folder(t),
		"a dumpstate alone": put(t, filepath.Join(dir, "dumpstate.txt"), []byte(dumpText)),
	} {
		t.Run(name, func(t *testing.T) {
			all := openAll(t, path, Options{})
			if len(all) != 1 || all[0].Kind != AndroidBugreport {
				t.Fatalf("%d acquisitions", len(all))
			}
			a := all[0]
			if d := a.Device; d.Model != "Example 9" || d.System != "Android 14" || d.Patch != "2024-01-05" || d.Located == nil || d.Taken == nil || d.Taken.Hour() != 12 {
				t.Errorf("device %+v", d)
			}
			got := contents(t, a)
			if !strings.HasPrefix(got["/dumpsys/package"], "Packages:\n") || !strings.Contains(got[propertiesPath], "Example 9") {
				t.Errorf("sections %q", got)
			}
			if name != "a dumpstate alone" && got["/FS/data/tombstones/tombstone_00"] != "crash" {
				t.Errorf("files %q", got)
			}
			if p := a.Problems(); len(p) > 0 {
				t.Error(p)
			}
		})
	}
}

// sampleQF is an androidqf acquisition with one of everything.
func sampleQF(t *testing.T) texts {
	backup := writeAB(t, 5, "123456", true, texts{"apps/com.android.providers.telephony/d_f/000000_sms_backup": "texts", "../../etc/passwd": "no"}.tar(t))
	return texts{
		"acquisition.json": "{}", "packages.json": "[]", "getprop.txt": properties, "dumpsys.txt": "DUMP OF SERVICE adb:\nkeys\n",
		"bugreport.zip": string(reportFiles.zip(t)), "backup.ab": string(backup), "intrusion_logs/il_0.txt": logText, "logs/data/tombstones/x": "y",
	}
}

func seal(t *testing.T, id *age.X25519Identity, b []byte) []byte {
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, id.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	w.Write(b)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return sealed.Bytes()
}

func TestAndroidQF(t *testing.T) {
	aqf := sampleQF(t)
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	sealed := put(t, filepath.Join(dir, "aqf.zip.age"), seal(t, id, aqf.zip(t)))
	plain := put(t, filepath.Join(dir, "aqf.zip"), aqf.zip(t))
	o := Options{Password: given("123456"), Identities: [][]byte{[]byte(id.String() + "\n")}}
	for name, path := range map[string]string{"folder": aqf.folder(t), "zip": plain, "age": sealed} {
		t.Run(name, func(t *testing.T) { isSampleQF(t, openAll(t, path, o)) })
	}
	if _, err := Open(context.Background(), sealed, Options{}); !errors.Is(err, ErrIdentity) {
		t.Errorf("without an identity: %v", err)
	}
	all := openAll(t, plain, Options{})
	if !slices.ContainsFunc(all[0].Problems(), func(p Problem) bool { return errors.Is(p.Why, ErrLocked) }) {
		t.Errorf("the backup without a password is no problem: %v", all[0].Problems())
	}
}

func isSampleQF(t *testing.T, all []*Acquisition) {
	byKind := map[Kind]texts{}
	for _, a := range all {
		byKind[a.Kind] = contents(t, a)
		if a.Kind != AndroidQF && a.Within == nil {
			t.Errorf("%s stands in nothing", a.Path)
		}
		for _, p := range a.Problems() {
			if !errors.Is(p.Why, ErrEscape) {
				t.Errorf("%s: %v", p.Path, p.Why)
			}
		}
	}
	for kind, want := range map[Kind]texts{
		AndroidQF:            {"/aqf/packages.json": "[]", propertiesPath: properties, "/dumpsys/adb": "keys\n", "/aqf/logs/data/tombstones/x": "y"},
		AndroidBugreport:     {"/FS/data/tombstones/tombstone_00": "crash"},
		AndroidBackup:        {"/apps/com.android.providers.telephony/d_f/000000_sms_backup": "texts"},
		AndroidIntrusionLogs: {"/intrusion_logs/il_0.txt": logText},
	} {
		for path, text := range want {
			if byKind[kind][path] != text {
				t.Errorf("%s has %s %q, not %q", kind, path, byKind[kind][path], text)
			}
		}
	}
	if len(byKind[AndroidBackup]) != 1 {
		t.Errorf("the backup holds %q", byKind[AndroidBackup])
	}
}

func TestIntrusionLogs(t *testing.T) {
	inner := texts{"b.txt": logText}.zip(t)
	all := openAll(t, texts{"a.txt": logText, "more.zip": string(inner)}.folder(t), Options{})
	var found []string
	for _, a := range all {
		if a.Kind != AndroidIntrusionLogs {
			t.Errorf("%s is %s", a.Path, a.Kind)
		}
		for path, text := range contents(t, a) {
			if text == logText {
				found = append(found, path)
			}
		}
	}
	slices.Sort(found)
	if !slices.Equal(found, []string{"/intrusion_logs/a.txt", "/intrusion_logs/b.txt"}) {
		t.Errorf("logs %q", found)
	}
}
