package main

import "runtime/debug"

// build says which program this is: its version, and the commit it was built
// from where that is known.
func build() (made struct{ Version, Commit string }) {
	made.Version = version
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return made
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			made.Commit = s.Value
		}
	}
	return made
}
