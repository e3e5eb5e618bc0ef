package main

import (
	"archive/zip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/ringfence/ringfence/casefile/fact"
)

// The phone of the story: a made-up bugreport of Android, with an app among the
// installed ones whose name stands in a made-up list of indicators. There is no such
// app and no such software.
const (
	demoSpyware    = "com.paleheron.example"
	demoIndicators = "app-id," + demoSpyware + "\n"
)

func demoBugreport(at time.Time) map[string]string {
	when := at.UTC().Format(time.DateTime)
	return map[string]string{
		"main_entry.txt": "dumpstate.txt",
		"dumpstate.txt": "== dumpstate: " + when + "\n------ SYSTEM PROPERTIES (getprop) ------\n[ro.product.model]: [Example 9]\n[ro.build.version.release]: [14]\n[ro.build.version.security_patch]: [" +
			at.AddDate(0, -4, 0).Format(time.DateOnly) + "]\n[persist.sys.timezone]: [Africa/Casablanca]\n------ 0.1s was the duration of 'SYSTEM PROPERTIES' ------\n" +
			"DUMP OF SERVICE package:\nPackages:\n  Package [org.example.notes] (a1):\n    userId=10001\n    installerPackageName=com.android.vending\n" +
			"  Package [" + demoSpyware + "] (b7):\n    userId=10077\n    installerPackageName=null\n" +
			"--------- 0.1s was the duration of dumpsys package, ending at: " + when + "\n",
	}
}

// phone examines the phone of one of the people, who agreed to it.
func (d *demo) phone() error {
	d.clock.pass(3 * 24 * time.Hour)
	phone, list, report := filepath.Join(d.Data, "phone-T-0001.zip"), filepath.Join(d.Data, "paleheron.csv"), filepath.Join(d.Data, "report-T-0001")
	f, err := os.Create(phone)
	if err != nil {
		return err
	}
	z := zip.NewWriter(f)
	for name, text := range demoBugreport(d.clock.now()) {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(text))
		}
		if err != nil {
			return errors.Join(err, f.Close())
		}
	}
	if err := errors.Join(z.Close(), f.Close(), os.WriteFile(list, []byte(demoIndicators), 0o600)); err != nil {
		return err
	}
	if _, err := d.ringfence("", "indicators", "add", list); err != nil {
		return err
	}
	if _, err := d.command("", exitFound, "check", "--out", report, phone); err != nil {
		return err
	}
	var added struct{ Exhibits []struct{ ID string } }
	if err := d.asJSON("lena", &added, "case", "add", d.caseID, phone, "--source", "phone of T-0001", "--basis", "consent:C-1", "--tier", "sealed"); err != nil {
		return err
	}
	if err := d.asJSON("lena", &added, "case", "import", d.caseID, "--check", report, "--about", "T-0001", "--basis", "consent:C-1"); err != nil {
		return err
	}
	if len(added.Exhibits) > 0 {
		d.exhibits["report"] = added.Exhibits[0].ID
	}
	device, err := newestOf[fact.Device](d, fact.KindDevice)
	if err != nil {
		return err
	}
	d.report.Phone = device.Verdict
	d.say("%s, %s: %s", device.Model, device.OS, device.Verdict)
	if device.Verdict == "" {
		return fmt.Errorf("the examination says nothing")
	}
	return nil
}
