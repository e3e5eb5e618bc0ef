package acquisition

import (
	"bufio"
	"bytes"
	"path"
	"regexp"
	"strings"
	"time"
)

// A sysdiagnose is what iOS collects of itself when both volume keys and the
// side key are pressed: logs, process lists, crash reports. Its archive holds
// one folder, named by time, device family and build.
//
// Source: Apple, "Profiles and Logs"; names as of iOS 13 to 26.

func init() {
	register(recogniser{
		kind: IOSSysdiagnose, marks: "system_logs.logarchive or crashes_and_spins (a sysdiagnose)", order: 20,
		recognise: recogniseSysdiagnose,
		keeps: func(stored string, want func(string) bool) bool {
			root, below, ok := strings.Cut(stored, "/")
			if !ok || !strings.HasPrefix(root, "sysdiagnose_") {
				return false // as a file system's guesses have it
			}
			return below == sysdiagnoseVersion || below == sysdiagnoseRemote || want("/"+below)
		},
	})
}

const (
	sysdiagnoseVersion = "logs/SystemVersion/SystemVersion.plist"
	sysdiagnoseRemote  = "remotectl_dumpstate.txt"
	maxRemote          = 4 << 20
)

// sysdiagnoseMarks are names of which a sysdiagnose has several.
var sysdiagnoseMarks = []string{
	"system_logs.logarchive", "crashes_and_spins", "sysdiagnose.log", "ps.txt", "ps_thread.txt", "psthread.txt", "taskinfo.txt",
	"spindump-nosymbols.txt", "remotectl_dumpstate.txt", "swcutil_show.txt", "tailspin-info.txt", "security-sysdiagnose.txt", "mount.txt", "disks.txt", "WiFi",
}

func recogniseSysdiagnose(g *candidate) ([]*Acquisition, error) {
	n := 0
	for _, name := range sysdiagnoseMarks {
		if _, err := g.entry(name); err == nil {
			n++
		}
	}
	named := strings.HasPrefix(path.Base(strings.TrimSuffix(g.stored, "/")), "sysdiagnose_")
	// What androidqf collects has a ps.txt, too.
	_, qf := g.entry("getprop.txt")
	if n < 2 && !(n == 1 && named) || qf == nil {
		return nil, nil
	}
	a := g.acquisition(IOSSysdiagnose, mapped{g, func(stored string) string { return "/" + stored }})
	a.Device = g.sysdiagnoseDevice()
	return []*Acquisition{a}, nil
}

// sysdiagnoseName is how a sysdiagnose is called:
// "sysdiagnose_2026.01.02_10-20-30+0100_iPhone-OS_iPhone_22A100".
var sysdiagnoseName = regexp.MustCompile(`sysdiagnose_(\d{4}\.\d\d\.\d\d_\d\d-\d\d-\d\d[+-]\d{4})_([A-Za-z]+-?[A-Za-z]*)_([A-Za-z0-9,]+)_(\w+)`)

func (g *candidate) sysdiagnoseDevice() (d Device) {
	if m := sysdiagnoseName.FindStringSubmatch(g.path); m != nil {
		if at, err := time.Parse("2006.01.02_15-04-05-0700", m[1]); err == nil {
			utc := at.UTC()
			d.Taken, d.Zone = &utc, at.Format("-07:00")
			_, seconds := at.Zone()
			d.Located = time.FixedZone(d.Zone, seconds)
		}
		d.Model, d.Build = m[3], m[4]
	}
	d.system(g.dict(sysdiagnoseVersion))
	if raw, err := readSmall(g.storage, sysdiagnoseRemote, maxRemote); err == nil {
		d.remote(raw)
	}
	return d
}

// remote reads the properties of the phone itself in the output of
// "remotectl dumpstate": the first of each name.
func (d *Device) remote(raw []byte) {
	lines := bufio.NewScanner(bytes.NewReader(raw))
	lines.Buffer(nil, maxRemote)
	seen := map[string]bool{}
	for lines.Scan() {
		key, value, ok := strings.Cut(lines.Text(), " => ")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if !ok || seen[key] || len(value) > 200 {
			continue
		}
		seen[key] = true
		switch key {
		case "ProductType":
			d.Model = value
		case "SerialNumber":
			d.Serial = value
		case "OSVersion":
			if d.System == "" {
				d.System = "iOS " + value
			}
		case "BuildVersion":
			if d.Build == "" {
				d.Build = value
			}
		}
	}
}
