package ios

import (
	"time"

	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "ios.uuid2path",
		Title:  "Programs and libraries that were loaded, by their build's UUID",
		Kinds:  inLogs,
		Paths:  []string{"**/tailspindb/UUIDToBinaryLocations", "**/tailspindb/UUIDToBinaryLocations.plist"},
		Refs:   []string{"https://github.com/EC-DIGIT-CSIRC/sysdiagnose"},
		Fields: [][2]string{{"path", "of the program or library"}, {"uuid", "of its build"}},
		Parse:  uuidToPath,
	})
}

func uuidToPath(s *artifact.Source, to *artifact.Sink) error {
	d, err := dictionary(s)
	if err != nil {
		return err
	}
	for _, uuid := range sortedKeys(d) {
		path, _ := d[uuid].(string)
		if path == "" {
			to.Damage(uuid, errNoPath)
			continue
		}
		r := to.Record(artifact.Ran, time.Time{})
		r.Set("path", path)
		r.Set("uuid", uuid)
		observeProgram(r, path)
		to.Emit()
	}
	return nil
}
