package main

import (
	"fmt"
	"time"

	"github.com/ringfence/ringfence/guard/own"
)

// ownRules opens the operator's rules for a proxy, and has a changed file in force
// within a second or two. One that is not right changes nothing, and standard error
// says what is wrong. No path: no rules.
func ownRules(e *env, path string) (*own.File, error) {
	if path == "" {
		return nil, nil
	}
	f, err := own.Open(path)
	if err != nil {
		return nil, &failure{code: "rules", what: "--own " + path, why: err, hint: "see docs/own-rules.md; ringfence rules --own tries the examples", exit: exitUsage}
	}
	go func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-e.ctx.Done():
				return
			case <-tick.C:
			}
			switch changed, err := f.Renew(); {
			case err != nil:
				fmt.Fprintf(e.stderr, "the rules stay as they were: %v\n", err)
			case changed:
				fmt.Fprintf(e.stderr, "the rules of %s have changed: %d are in force\n", path, len(f.Set().Rules()))
			}
		}
	}()
	return f, nil
}
