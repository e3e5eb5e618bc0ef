package ios

import (
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.app_installation",
		Title: "Apps that the store installed and updated",
		Kinds: inLogs,
		Paths: []string{
			"**/logs/appinstallation/AppUpdates.sqlitedb", "**/logs/appinstallation/AppUpdates.sqlite.db", "**/logs/appinstallation/appstored.sqlitedb",
			"/private/var/mobile/Library/com.apple.appstored/appstored.sqlitedb",
		},
		Refs: []string{"https://github.com/EC-DIGIT-CSIRC/sysdiagnose", "https://github.com/abrignoni/iLEAPP"},
		Fields: [][2]string{
			{"bundle", "the app"}, {"name", "its name"}, {"version", "its version"}, {"state", "of the update, as the store counts"}, {"installed", "when it was installed"}, {"purchased", "when it was bought or loaded"},
		},
		Parse: storeInstallations,
	})
}

// installationTables are the store's tables of apps; which ones there are
// differs between versions of iOS.
var installationTables = []string{"app_updates", "app_install", "purchase_history_apps", "current_apps", "app_uninstall"}

func storeInstallations(s *artifact.Source, to *artifact.Sink) error {
	db, err := s.SQLite()
	if err != nil {
		return err
	}
	for _, name := range installationTables {
		table := db.Table(name)
		if table == nil {
			continue
		}
		bundle, title := "bundle_id", "item_name"
		if !table.Has(title) {
			title = "title"
		}
		for row := range table.Rows(bundle, title, "bundle_version", "state", "install_date", "timestamp", "date_purchased") {
			at := timeOf(firstValue(row.Value(4), row.Value(5), row.Value(6)))
			r := to.Row(name, row, artifact.Installed, at)
			r.Set("bundle", row.Text(0))
			r.Set("name", row.Text(1))
			r.Set("version", row.Text(2))
			if !row.Null(3) {
				r.Set("state", row.Int(3))
			}
			r.Set("installed", timeOf(row.Value(4)))
			r.Set("purchased", timeOf(row.Value(6)))
			observeApp(r, row.Text(0), "")
			to.Emit()
		}
	}
	return nil
}

func firstValue(all ...any) any {
	for _, v := range all {
		if v != nil {
			return v
		}
	}
	return nil
}
