package heuristic

import (
	"slices"
	"time"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

// chains are attacks as the sequences of records that they left. One more is
// one more entry.
var chains = []chain{
	{
		steps: []step{
			{says: "a message from an account that had not written before", artifacts: []string{"ios.sms"}, act: artifact.Received, field: "contact", newly: true},
			{says: "a crash of a program that reads messages", artifacts: []string{"ios.crash_reports"}, also: crashReport, field: "process", in: messageProcesses, within: 10 * time.Minute},
			{says: "the first traffic of a program that belongs to no app", artifacts: usageArtifacts, field: "process", newly: true, without: "bundle", time: "first", within: time.Hour},
		},
		means: "Attacks through iMessage without a click went like this: a message from a stranger, crashes of the program that reads it, and then a new program that used the network. Each step alone is ordinary. The three within an hour may still meet by chance.",
	},
	{
		steps: []step{
			{says: "the opening of a page", artifacts: []string{"ios.safari_history"}, act: artifact.Visited, field: "url", prefix: "http://"},
			{says: "a crash of the program that shows pages", artifacts: []string{"ios.crash_reports"}, also: crashReport, field: "process", in: []string{"com.apple.WebKit.WebContent", "com.apple.WebKit.GPU"}, within: 2 * time.Minute},
			{says: "the first traffic of a program that belongs to no app", artifacts: usageArtifacts, field: "process", newly: true, without: "bundle", time: "first", within: time.Hour},
		},
		means: "Attacks through the browser went like this: an unencrypted page, a crash of the program that shows it, and then a new program that used the network. Each step alone is ordinary. The three within an hour may still meet by chance.",
	},
	{
		steps: []step{
			{says: "a command from a computer", artifacts: []string{"android.intrusion_security"}, field: "event", in: []string{"adb_shell_cmd", "adb_shell_command", "adb_shell_interactive"}},
			{says: "the installation of an app", artifacts: []string{"android.intrusion_security"}, field: "event", in: []string{"package_installed"}, within: 10 * time.Minute},
			{says: "the end of the log", artifacts: []string{"android.intrusion_security"}, field: "event", in: []string{"logging_stopped", "wipe_failure"}, within: time.Hour},
		},
		means: "Somebody connected the phone to a computer, installed an app and switched the intrusion log off. A developer might do this. It is also how spyware is put on a phone that is out of its owner's hands for some minutes.",
	},
}

// crashReport is the report of a crash; hangs, use of memory and the lists of
// what ran beside it are kept in the same place.
var crashReport = map[string][]string{"event": {"report", ""}, "bug_type": {"109", "309", ""}}

func init() {
	var watched []string
	for _, c := range chains {
		for _, s := range c.steps {
			watched = append(watched, s.artifacts...)
		}
	}
	slices.Sort(watched)
	Register(Heuristic{
		Name:      "h.imessage_chain",
		Title:     "Records that follow each other as they do in published attacks",
		Artifacts: slices.Compact(watched),
		Refs: []string{
			"https://citizenlab.ca/2021/09/forcedentry-nso-group-imessage-zero-click-exploit-captured-in-the-wild/",
			"https://www.amnesty.org/en/latest/research/2021/07/forensic-methodology-report-how-to-catch-nso-groups-pegasus/",
		},
		New: func(acquisition.Device) Watcher {
			var ws []*chainWatch
			for i := range chains {
				ws = append(ws, newChainWatch(&chains[i]))
			}
			return Rule{
				OnRecord: func(r *artifact.Record, _ Report) {
					for _, w := range ws {
						w.watch(r)
					}
				},
				OnEnd: func(report Report) {
					for _, w := range ws {
						w.end(report)
					}
				},
			}
		},
	})
}
