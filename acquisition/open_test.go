package acquisition

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const versionPlist = `<?xml version="1.0" encoding="UTF-8"?><plist version="1.0"><dict><key>ProductName</key><string>iPhone OS</string><key>ProductVersion</key><string>17.5.1</string><key>ProductBuildVersion</key><string>21F90</string></dict></plist>`

// phone is a small file system, below a prefix.
func phone(prefix string) []stuff {
	files := []stuff{
		{"mobile/Library/SMS/sms.db", []byte("messages")},
		{"mobile/Containers/Data/Application/1111/a", []byte("a")},
		{"db/diagnostics/shutdown.log", []byte("log")},
		{"root/x", []byte("x")},
	}
	for i := range files {
		files[i].name = prefix + files[i].name
	}
	return files
}

func TestFileSystems(t *testing.T) {
	for _, layout := range []string{"private/var/", "var/", "", "filesystem1/private/var/", "EXTRACTION_FFS 01/Dump/private/var/", "Data/", "filesystem2/"} {
		files := phone(layout)
		if root := strings.TrimSuffix(layout, "private/var/"); root != layout {
			files = append(files, stuff{root + systemVersion, []byte(versionPlist)})
		}
		if layout == "filesystem2/" {
			files = append(files, stuff{"filesystem1/private/var/mobile/mount", nil}, stuff{"filesystem1/" + systemVersion, []byte(versionPlist)}, stuff{"extra/keychain", nil})
		}
		paths := []string{writeTree(t, t.TempDir(), files)}
		for name, b := range map[string][]byte{"x.zip": zipOf(t, files), "x.tar": tarOf(t, files), "x.tar.gz": gzipOf(t, tarOf(t, files))} {
			paths = append(paths, filepath.Join(writeTree(t, t.TempDir(), []stuff{{name, b}}), name))
		}
		for _, path := range paths {
			t.Run(layout+" "+filepath.Base(path), func(t *testing.T) {
				a := openOne(t, path, Options{Want: func(p string) bool { return strings.HasSuffix(p, "sms.db") }})
				defer a.Close()
				all := filesOf(t, a)
				if a.Kind != IOSFileSystem {
					t.Fatalf("%+v", a)
				}
				for _, want := range []string{"/private/var/mobile/Library/SMS/sms.db", "/private/var/db/diagnostics/shutdown.log", "/private/var/root/x"} {
					if _, ok := all[want]; !ok {
						t.Fatalf("no %s", want)
					}
				}
				if got := readAll(t, a, all["/private/var/mobile/Library/SMS/sms.db"]); string(got) != "messages" {
					t.Errorf("%q", got)
				}
				if (strings.Contains(layout, "private") || layout == "filesystem2/") && (a.Device.System != "iOS 17.5.1" || a.Device.Build != "21F90") {
					t.Errorf("%+v", a.Device)
				}
			})
		}
	}
}

func TestSysdiagnose(t *testing.T) {
	root := "sysdiagnose_2026.01.02_10-20-30+0130_iPhone-OS_iPhone_21F90"
	files := []stuff{
		{root + "/ps.txt", []byte("USER PID")},
		{root + "/system_logs.logarchive/Extra/shutdown.log", []byte("SIGTERM")},
		{root + "/crashes_and_spins/x.ips", []byte("{}")},
		{root + "/" + sysdiagnoseVersion, []byte(versionPlist)},
		{root + "/" + sysdiagnoseRemote, []byte("Local device\n\tProperties: {\n\t\tProductType => iPhone14,5\n\t\tSerialNumber => C0FFEE\n")},
	}
	outer := phone("private/var/")
	outer = append(outer, stuff{"private/var/" + diagnosticLogs + "/" + root + ".tar.gz", gzipOf(t, tarOf(t, files))})
	for _, path := range []string{
		filepath.Join(writeTree(t, t.TempDir(), []stuff{{"renamed.tar.gz", gzipOf(t, tarOf(t, files))}}), "renamed.tar.gz"),
		writeTree(t, t.TempDir(), files),
		filepath.Join(writeTree(t, t.TempDir(), files), root),
		writeTree(t, t.TempDir(), outer),
		filepath.Join(writeTree(t, t.TempDir(), []stuff{{"outer.tgz", gzipOf(t, tarOf(t, outer))}}), "outer.tgz"),
	} {
		all, err := Open(context.Background(), path, Options{})
		must(t, err)
		a := all[len(all)-1]
		if d := a.Device; a.Kind != IOSSysdiagnose || d.Taken == nil || d.Taken.Format("15:04") != "08:50" || d.Located == nil || d.Model != "iPhone14,5" || d.System != "iOS 17.5.1" || d.Serial != "C0FFEE" || (a.Within != nil) != (len(all) == 2) {
			t.Errorf("%s: %+v", path, a)
		}
		files := filesOf(t, a)
		if got := readAll(t, a, files["/system_logs.logarchive/Extra/shutdown.log"]); string(got) != "SIGTERM" {
			t.Errorf("%q", got)
		}
		if got := a.Inputs(); !slices.ContainsFunc(got, func(in Input) bool { return in.SHA256 != "" }) {
			t.Errorf("%s: inputs %v", path, got)
		}
		for _, a := range all {
			must(t, a.Close())
		}
	}
}

func TestUnknown(t *testing.T) {
	garbage := []stuff{{"readme.txt", []byte("nothing")}, {"photo.jpg", []byte{0xff, 0xd8}}, {"deep/er/file", nil}}
	bad := zipOf(t, garbage)
	for _, path := range []string{
		t.TempDir(),
		writeTree(t, t.TempDir(), garbage),
		filepath.Join(writeTree(t, t.TempDir(), []stuff{{"x.zip", bad}}), "x.zip"),
		filepath.Join(writeTree(t, t.TempDir(), []stuff{{"x.bin", []byte("what is this")}}), "x.bin"),
		filepath.Join(writeTree(t, t.TempDir(), []stuff{{"empty", nil}}), "empty"),
	} {
		all, err := Open(context.Background(), path, Options{})
		if !errors.Is(err, ErrUnknown) || !strings.Contains(fmt.Sprint(err), "Manifest.db") {
			t.Errorf("%s: %v, %v", path, all, err)
		}
	}
	cut := filepath.Join(writeTree(t, t.TempDir(), []stuff{{"x.zip", bad[:20]}}), "x.zip")
	if _, err := Open(context.Background(), cut, Options{}); !errors.Is(err, errZip) {
		t.Errorf("a zip file of which nothing is left: %v", err)
	}
	if _, err := Open(context.Background(), filepath.Join(t.TempDir(), "nothing"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a path that is not there: %v", err)
	}
	dir := writeTree(t, t.TempDir(), []stuff{{"Info.plist", []byte("x")}, {"Status.plist", []byte("x")}, {"Manifest.plist", []byte("x")}})
	if _, err := Open(context.Background(), dir, Options{}); err == nil || !strings.Contains(err.Error(), "without its Manifest.db") {
		t.Errorf("a backup without a manifest: %v", err)
	}
}

// What is kept aside is gone when the acquisition is closed.
func TestNothingStaysAside(t *testing.T) {
	aside := t.TempDir()
	t.Setenv("TMPDIR", aside)
	t.Setenv("TMP", aside)
	files := append(phone("private/var/"), stuff{"private/var/mobile/Library/Safari/History.db", make([]byte, 20<<20)})
	path := filepath.Join(writeTree(t, t.TempDir(), []stuff{{"x.tgz", gzipOf(t, tarOf(t, files))}}), "x.tgz")
	a := openOne(t, path, Options{})
	if got := readAll(t, a, filesOf(t, a)["/private/var/mobile/Library/Safari/History.db"]); len(got) != 20<<20 {
		t.Errorf("%d bytes", len(got))
	}
	must(t, a.Close())
	if left, err := os.ReadDir(aside); err != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}
}
