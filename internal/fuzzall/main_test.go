package main

import "testing"

func TestRanOutOfTime(t *testing.T) {
	for out, want := range map[string]bool{
		"--- FAIL: FuzzX (4.01s)\n    context deadline exceeded\nFAIL\n":                                    true,
		"--- FAIL: FuzzX\n  boom\n  Failing input written to testdata/fuzz/x\n context deadline exceeded\n": false,
		"fuzzing process hung or terminated unexpectedly: context deadline exceeded\n":                      false,
		"panic: boom\n": false,
	} {
		if got := ranOutOfTime([]byte(out)); got != want {
			t.Errorf("%q: %v", out, got)
		}
	}
}
