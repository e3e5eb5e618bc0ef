package ios

import (
	"slices"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/artifact"
)

// A real phone's databases stand where artifacts look for them.
func TestDatabasesOfRealPhone(t *testing.T) {
	names := []string{"sms.db", "ChatStorage.sqlite", "ContactsV2.sqlite", "LID.sqlite", "CallHistory.storedata", "AddressBook.sqlitedb", "Calendar.sqlitedb",
		"History.db", "BrowserState.db", "SafariTabs.db", "Bookmarks.db", "Favicons.db", "interactionC.db", "knowledgeC.db", "TCC.db", "DataUsage.sqlite", "netusage.sqlite",
		"observations.db", "Cache.db", "Shortcuts.sqlite", "Accounts3.sqlite", "voicemail.db", "Data-local.sqlite", "CurrentPowerlog.PLSQL", "browser.db", "places.db"}
	paths := artifact.NewPaths(artifact.All())
	found := 0
	eachPath(t, func(path string) {
		path = strings.Replace(path, "/filesystem2/", "/private/var/", 1) // the list has the data volume apart
		if !slices.Contains(names, path[strings.LastIndexByte(path, '/')+1:]) {
			return
		}
		found++
		if len(paths.Match(path)) == 0 {
			t.Error("nothing reads ", path)
		}
	})
	if found < len(names) {
		t.Errorf("only %d databases in the list", found)
	}
}
