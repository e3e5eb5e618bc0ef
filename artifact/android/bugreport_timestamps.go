package android

import "github.com/ringfence/ringfence/artifact"

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "android.bugreport_timestamps",
		Title:  "Files of the phone that the bugreport holds, with the times of their last change",
		Kinds:  bugreport,
		Refs:   []string{"https://source.android.com/docs/core/tests/debug/read-bug-reports", "https://android.googlesource.com/platform/frameworks/native/+/refs/heads/main/cmds/dumpstate/bugreport-format.md"},
		Fields: listingFields,
		File:   under("/FS"),
	})
}
