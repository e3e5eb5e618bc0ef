package ios

import (
	"github.com/ringfence/ringfence/acquisition/plist"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.backup_info",
		Title: "What the backup says of itself and of the phone",
		Kinds: inBackup,
		Paths: []string{"/backup/Info.plist", "/backup/Manifest.plist", "/backup/Status.plist"},
		Refs:  []string{"https://theapplewiki.com/wiki/ITunes_Backup", "https://docs.mvt.re/en/latest/ios/records/"},
		Fields: [][2]string{
			{"about", "which of the backup's three lists it is: Info, Manifest, Status"}, {"name", "the phone's name"}, {"model", "as iPhone14,5"}, {"system", "version of iOS"},
			{"build", "build of iOS"}, {"serial", "serial number"}, {"udid", "the phone's identifier"}, {"phone_number", "its number"}, {"imei", "its radio's identifier"},
			{"encrypted", "the backup is encrypted"}, {"passcode", "the phone had a passcode"}, {"state", "of the backup"}, {"full", "not only what had changed"},
			{"version", "of the backup's format"}, {"made_by", "program that made the backup"}, {"apps", "how many apps it lists"},
		},
		Parse: backupInfo,
	})
}

// backupInfoKeys are the keys of all three lists; no key means two things.
var backupInfoKeys = [][2]string{
	{"Device Name", "name"}, {"DeviceName", "name"}, {"Product Type", "model"}, {"ProductType", "model"}, {"Product Version", "system"},
	{"ProductVersion", "system"}, {"Build Version", "build"}, {"BuildVersion", "build"}, {"Serial Number", "serial"}, {"SerialNumber", "serial"},
	{"Unique Identifier", "udid"}, {"UniqueDeviceID", "udid"}, {"Phone Number", "phone_number"}, {"IMEI", "imei"}, {"IsEncrypted", "encrypted"},
	{"WasPasscodeSet", "passcode"}, {"SnapshotState", "state"}, {"IsFullBackup", "full"}, {"Version", "version"}, {"iTunes Version", "made_by"}, {"macOS Version", "made_by"},
}

func backupInfo(s *artifact.Source, to *artifact.Sink) error {
	d, err := dictionary(s)
	if err != nil {
		return err
	}
	at := timeOf(d["Last Backup Date"])
	if at.IsZero() {
		at = timeOf(d["Date"])
	}
	r := to.Record(artifact.Configured, at)
	switch {
	case d["SnapshotState"] != nil || d["BackupState"] != nil:
		r.Set("about", "Status")
	case d["Lockdown"] != nil || d["ManifestKey"] != nil || d["BackupKeyBag"] != nil:
		r.Set("about", "Manifest")
	default:
		r.Set("about", "Info")
	}
	for _, from := range []plist.Dict{d, within(d, "Lockdown")} {
		for _, key := range backupInfoKeys {
			if v := from[key[0]]; v != nil && r.Get(key[1]) == nil {
				r.Set(key[1], shownValue(v))
			}
		}
	}
	if apps, _ := d["Installed Applications"].([]any); apps != nil {
		r.Set("apps", len(apps))
	} else if apps := within(d, "Applications"); apps != nil {
		r.Set("apps", len(apps))
	}
	to.Emit()
	return nil
}
