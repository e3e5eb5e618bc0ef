// Package ios reads the artifacts of iPhones and iPads: databases, property
// lists, logs and lists of files of backups, file systems and sysdiagnoses.
// Each stands in a file of its own, registers itself, and has an example in
// testdata.
package ios

import "github.com/ringfence/ringfence/acquisition"

// Where artifacts are found.
var (
	inBackup      = []acquisition.Kind{acquisition.IOSBackup}
	inFileSystem  = []acquisition.Kind{acquisition.IOSFileSystem}
	inSysdiagnose = []acquisition.Kind{acquisition.IOSSysdiagnose}
	inPhone       = []acquisition.Kind{acquisition.IOSBackup, acquisition.IOSFileSystem}
	inLogs        = []acquisition.Kind{acquisition.IOSSysdiagnose, acquisition.IOSFileSystem}
	anywhere      = []acquisition.Kind{acquisition.IOSBackup, acquisition.IOSFileSystem, acquisition.IOSSysdiagnose}
)
