package ios

import (
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/ringfence/ringfence/acquisition/plist"
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.applications",
		Title: "Installed apps, and where they came from",
		Kinds: inPhone,
		Paths: []string{
			"/backup/Info.plist", "/backup/Manifest.plist",
			"/private/var/containers/Bundle/Application/*/iTunesMetadata.plist",
			"/private/var/containers/Bundle/Application/*/BundleMetadata.plist",
			"/private/var/containers/Bundle/Application/*/*.app/Info.plist",
		},
		Refs: []string{"https://docs.mvt.re/en/latest/ios/records/", "https://developer.apple.com/documentation/bundleresources/information-property-list"},
		Fields: [][2]string{
			{"bundle", "the app's identifier"}, {"name", "the app's name"}, {"version", "the app's version"}, {"developer", "as the store names it"},
			{"list", "which list it stands in: backup (the backup's), backup manifest, store (what the store said), bundle (the app itself), installer"},
			{"source_app", "program that asked for its installation"}, {"distributor", "marketplace that it came from, when not Apple's"}, {"purchased", "when it was first bought or loaded"},
			{"account", "Apple account that loaded it"}, {"path", "where it stands"}, {"executable", "name of its program"}, {"install_type", "number that iOS gives to the way of installation"},
			{"install_build", "build of iOS that installed it"}, {"beta", "loaded for testing"}, {"signer", "what its store entry says of its signature"},
		},
		Parse: applications,
	})
}

func applications(s *artifact.Source, to *artifact.Sink) error {
	d, err := dictionary(s)
	if err != nil {
		return err
	}
	switch base := path.Base(s.Path); {
	case s.Path == "/backup/Info.plist":
		backupApps(d, to)
	case s.Path == "/backup/Manifest.plist":
		for _, bundle := range sortedKeys(within(d, "Applications")) {
			bundleApp(within(within(d, "Applications"), bundle), bundle, "backup manifest", to)
		}
	case base == "iTunesMetadata.plist":
		storeApp(d, "", "store", to)
	case base == "BundleMetadata.plist":
		installedApp(s, d, to)
	default:
		bundleApp(d, "", "bundle", to)
	}
	return nil
}

// backupApps gives the apps of a backup: those with what the store said of
// them, and those that are only named.
func backupApps(d plist.Dict, to *artifact.Sink) {
	apps := within(d, "Applications")
	for _, bundle := range sortedKeys(apps) {
		raw, _ := within(apps, bundle)["iTunesMetadata"].([]byte)
		v, err := plist.Parse(raw)
		meta, _ := v.(plist.Dict)
		if len(raw) > 0 && meta == nil {
			to.Damage("Applications: "+bundle, fmt.Errorf("iTunesMetadata: %w", errOr(err, errNoDictionary)))
		}
		storeApp(meta, bundle, "backup", to)
	}
	named, _ := d["Installed Applications"].([]any)
	for _, v := range named {
		if bundle := textOf(v); bundle != "" && apps[bundle] == nil {
			storeApp(nil, bundle, "backup", to)
		}
	}
}

func errOr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// storeApp gives an app as the store described it when it was loaded.
func storeApp(d plist.Dict, bundle, list string, to *artifact.Sink) {
	info := within(d, "com.apple.iTunesStore.downloadInfo")
	at := timeOf(info["purchaseDate"])
	if at.IsZero() {
		at = timeOf(d["purchaseDate"])
	}
	r := to.Record(artifact.Installed, at)
	if stored := textOf(d["softwareVersionBundleId"]); stored != "" && bundle == "" {
		bundle = stored
	} else if stored != "" && stored != bundle {
		r.Observe(indicator.App, stored)
	}
	r.Set("bundle", bundle)
	r.Set("list", list)
	r.Set("name", textOf(d["itemName"]))
	r.Set("version", textOf(d["bundleShortVersionString"]))
	r.Set("developer", textOf(d["artistName"]))
	r.Set("source_app", textOf(d["sourceApp"]))
	r.Set("distributor", distributor(d))
	r.Set("purchased", at)
	r.Set("account", textOf(within(info, "accountInfo")["AppleID"]))
	if v, ok := d["betaExternalVersionIdentifier"]; ok {
		r.Set("beta", numberOf(v) != 0)
	}
	observeApp(r, bundle, "")
	if account := r.Text("account"); strings.Contains(account, "@") {
		r.Observe(indicator.Email, account)
	}
	to.Emit()
}

func distributor(d plist.Dict) string {
	info := within(d, "distributorInfo")
	for _, v := range []any{info["domain"], info["distributorID"], d["distributorID"]} {
		if s := textOf(v); s != "" {
			return s
		}
	}
	return ""
}

// bundleApp gives an app as its own bundle describes it.
func bundleApp(d plist.Dict, bundle, list string, to *artifact.Sink) {
	r := to.Record(artifact.Installed, time.Time{})
	if own := textOf(d["CFBundleIdentifier"]); own != "" {
		bundle = own
	}
	r.Set("bundle", bundle)
	r.Set("list", list)
	r.Set("name", textOf(d["CFBundleDisplayName"]))
	r.Set("version", firstText(d, "CFBundleShortVersionString", "CFBundleVersion"))
	folder := textOf(d["Path"])
	if strings.HasPrefix(folder, "/var/") {
		folder = "/private" + folder
	}
	r.Set("path", folder)
	r.Set("executable", textOf(d["CFBundleExecutable"]))
	r.Set("signer", textOf(d["SignerIdentity"]))
	observeApp(r, bundle, r.Text("executable"))
	r.Observe(indicator.FilePath, folder)
	to.Emit()
}

// installedApp gives what the installer wrote down beside an app.
func installedApp(s *artifact.Source, d plist.Dict, to *artifact.Sink) {
	at := timeOf(firstOf(d, "installDate", "InstallDate", "_installDate"))
	r := to.Record(artifact.Installed, at)
	r.Set("list", "installer")
	r.Set("path", path.Dir(s.Path))
	r.Set("install_type", numberOf(firstOf(d, "installType", "InstallType", "_installType")))
	r.Set("install_build", firstText(d, "installBuildVersion", "InstallBuildVersion"))
	r.Set("distributor", firstText(d, "distributorID", "DistributorID"))
	to.Emit()
}

// observeApp observes an app: its identifier, which is also how its process
// may be called, and its program.
func observeApp(r *artifact.Record, bundle, program string) {
	r.Observe(indicator.App, bundle)
	r.Observe(indicator.Process, bundle)
	r.Observe(indicator.Process, program)
}

func firstOf(d plist.Dict, keys ...string) any {
	for _, k := range keys {
		if v := d[k]; v != nil {
			return v
		}
	}
	return nil
}

func firstText(d plist.Dict, keys ...string) string { return textOf(firstOf(d, keys...)) }
