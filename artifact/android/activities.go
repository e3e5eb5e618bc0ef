package android

import "github.com/ringfence/ringfence/artifact"

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "android.activities",
		Title: "Activities of all apps, and the intents they answer to",
		Kinds: dumps,
		Paths: dumpsys("package"),
		Refs:  []string{"https://developer.android.com/guide/components/intents-filters", "https://source.android.com/docs/core/tests/debug/understanding-logging"},
		Fields: [][2]string{
			{"intent", "what it answers to: an action, a scheme or a type"},
			{"component", "the activity"},
			{"package", "its app"},
			{"kind", "part of the table: Non-Data Actions, Schemes, Full MIME Types"},
		},
		Parse: resolvers("Activity Resolver Table:", func(*artifact.Record, string) {}),
	})
}
